//! What is done for the dead: the session's bit leaves every word and lease, and the hints are mended.
//!
//! One pass over the groups that were ever used, about 3 ns a slot. It changes nothing but words that name the dead
//! session (each by the compare-exchange of [`Record::reap`](crate::slot::Record::reap)) and hints, which it only
//! clears; so it can be interrupted, repeated, and run while others allocate. There is exactly one reaper of a session
//! at a time ([`crate::registry`]); the session's record is freed after the pass, never before.

use crate::{hints, holder::Bit, pool::Pool, slot::Reaped};

/// What a dead (or leaving) session had in one pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Objects that it owned, or was the last to refer to: free now.
    pub freed: u64,
    /// Objects that it held and others still refer to.
    pub released: u64,
    /// Leases that it had.
    pub leases: u64,
}

impl core::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.freed += other.freed;
        self.released += other.released;
        self.leases += other.leases;
    }
}

/// Takes everything from a session that can do nothing any more, or that asks for it itself.
pub fn reap(pool: &Pool<'_>, dead: Bit) -> Tally {
    let mut tally = Tally::default();
    let last = pool.last_generation();
    for group in pool.leases().used() {
        tally.leases += u64::from(pool.leases().reap(group, dead));
        for slot in pool.shape().slots_of(group) {
            match pool.record(slot).reap(dead, last) {
                Reaped::Untouched => {}
                Reaped::Freed => tally.freed += 1,
                Reaped::Released => tally.released += 1,
            }
        }
    }
    // The dead session may have freed a slot, or closed a group, and not have come to look at the other half.
    hints::settle();
    for group in pool.leases().used() {
        if !pool.hints().is_open(group) {
            pool.hints().repair(group, || pool.any_free(group));
        }
    }
    tally
}
