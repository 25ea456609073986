//! Who may turn the free slots of a group into owned ones.
//!
//! Claiming slot by slot costs a compare-exchange each. Instead a session takes the *lease* of a group with one
//! compare-exchange, turns as many FREE slots as it wants into OWNED with plain stores, and lets the lease go. Only the
//! lessee may leave FREE; anyone may free into a leased group at any time. Nobody waits for a lease: whoever finds one
//! taken tries another group.
//!
//! A lease word is 0, or the number of the lessee plus 1. The *used* bit of a group is set before its first lease and
//! never cleared: a reaper visits used groups only, because reading an untouched page of shared memory allocates it.
//!
//! **A kill** leaves a lease with the number of the dead in it, and slots that are FREE or OWNED by the dead. The
//! reaper clears both, in any order: until the lease is clear nobody else claims in the group, and afterwards the
//! slots that are still OWNED by the dead are nobody's to claim.

use crate::{
    holder::Bit,
    sync::{
        AtomicU32, AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
    },
};

/// Returns the number of words of used bits of `groups` groups.
#[must_use]
pub const fn used_words(groups: u32) -> usize {
    groups.div_ceil(u64::BITS) as usize
}

/// The lease words of a pool and the bits of the groups that were ever used.
#[derive(Clone, Copy, Debug)]
pub struct Leases<'a> {
    words: &'a [AtomicU32],
    used: &'a [AtomicU64],
}

/// The right to claim free slots of one group, until dropped.
#[derive(Debug)]
#[must_use]
pub struct Lease<'a> {
    word: &'a AtomicU32,
}

impl<'a> Leases<'a> {
    /// Puts leases over `words.len()` groups.
    ///
    /// # Panics
    ///
    /// Where `used` is not [`used_words`] long.
    #[inline]
    #[must_use]
    pub fn new(words: &'a [AtomicU32], used: &'a [AtomicU64]) -> Self {
        assert!(used.len() == used_words(words.len() as u32), "a used bit for each of {} groups", words.len());
        Self { words, used }
    }

    /// Takes the lease of a group, or returns `None` where somebody has it.
    #[inline]
    pub fn acquire(&self, group: u32, me: Bit) -> Option<Lease<'a>> {
        let word = &self.words[group as usize];
        // ORDERING: Relaxed: a first look, to spare a busy line.
        if word.load(Relaxed) != 0 {
            return None;
        }
        let used = &self.used[group as usize / 64];
        let bit = 1 << (group % 64);
        if used.load(Relaxed) & bit == 0 {
            // ORDERING: Release: the bit is in place before the lease and before any slot is OWNED, so a reaper that
            // acts on our death finds whatever we leave here.
            used.fetch_or(bit, Release);
        }
        // ORDERING: Acquire: pairs with the Release in `Lease::drop`: we see the OWNED words of the lessee before us.
        word.compare_exchange(0, me.session() + 1, Acquire, Relaxed).ok().map(|_| Lease { word })
    }

    /// Ends the lease of the dead session `dead`, if it has this one. Returns whether it had.
    pub fn reap(&self, group: u32, dead: Bit) -> bool {
        // ORDERING: Release: as in `Lease::drop`, in the name of the dead.
        self.words[group as usize].compare_exchange(dead.session() + 1, 0, Release, Relaxed).is_ok()
    }

    /// Returns the session that has the lease of a group.
    #[must_use]
    pub fn lessee(&self, group: u32) -> Option<u32> {
        self.words[group as usize].load(Relaxed).checked_sub(1)
    }

    /// Iterates over the groups that were ever used.
    pub fn used(&self) -> impl Iterator<Item = u32> + use<'a> {
        let groups = self.words.len() as u32;
        self.used.iter().enumerate().flat_map(move |(index, word)| {
            // ORDERING: Acquire: pairs with the Release in `acquire`.
            let mut bits = word.load(Acquire);
            core::iter::from_fn(move || {
                let bit = bits.trailing_zeros();
                bits &= bits.checked_sub(1)?;
                Some(index as u32 * 64 + bit)
            })
            .take_while(move |group| *group < groups)
        })
    }
}

impl Drop for Lease<'_> {
    #[inline]
    fn drop(&mut self) {
        // ORDERING: Release: our OWNED words are visible to the next lessee. A plain store does: nobody else writes the
        // word of a lease that is taken (a reaper only ours, after our death).
        self.word.store(0, Release);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn one_lessee_at_a_time() {
        let words: Vec<_> = (0..3).map(|_| AtomicU32::new(0)).collect();
        let used = [AtomicU64::new(0)];
        let leases = Leases::new(&words, &used);
        let (a, b) = (Bit::of(0).unwrap(), Bit::of(39).unwrap());
        let lease = leases.acquire(2, a).unwrap();
        assert!(leases.acquire(2, b).is_none());
        assert_eq!(leases.lessee(2), Some(0));
        assert!(!leases.reap(2, b), "not the lease of b");
        drop(lease);
        core::mem::forget(leases.acquire(2, b).unwrap());
        assert!(leases.reap(2, b));
        assert_eq!(leases.lessee(2), None);
        assert_eq!(leases.used().collect::<Vec<_>>(), [2]);
    }
}
