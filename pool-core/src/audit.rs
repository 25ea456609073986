//! Counting and checking a pool.
//!
//! The census is exact when the region is at rest. While others work it is a walk over moving words: counts may be off
//! by what changed meanwhile, and a fault that is gone at the next look was none.

use crate::{
    hints::Hints,
    pool::Pool,
    word::{SESSIONS, State},
};

/// What the slots of a pool are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Census {
    /// Slots that anybody may claim, those of groups that were never used included.
    pub free: u64,
    /// Slots that have used up their generations.
    pub retired: u64,
    /// Slots that one session owns: its boxes and its cache.
    pub owned: u64,
    /// Objects that sessions hold.
    pub shared: u64,
    /// Objects that no session holds and data refers to.
    pub data: u64,
    /// Slots whose words make no sense.
    pub broken: u64,
    /// What each session owns.
    pub owned_by: [u32; SESSIONS as usize],
    /// What each session holds.
    pub held_by: [u32; SESSIONS as usize],
}

/// An invariant that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A state word that this protocol never writes.
    BrokenWord {
        /// The slot.
        slot: u32,
    },
    /// A slot is owned by more than one session.
    TwoOwners {
        /// The slot.
        slot: u32,
        /// The sessions, a bit each.
        owners: u64,
    },
    /// A slot names a session that is not there.
    UnknownHolder {
        /// The slot.
        slot: u32,
        /// The sessions that are not there, a bit each.
        sessions: u64,
    },
    /// The generation in the state word is not the last published one.
    Generation {
        /// The slot.
        slot: u32,
        /// The last published generation.
        expected: u64,
        /// What the state word says (of a held object the low 13 bits).
        found: u64,
    },
    /// A generation that the pool's handles have no room for.
    GenerationTooLarge {
        /// The slot.
        slot: u32,
        /// The largest that there can be.
        last: u64,
        /// What the generation word says.
        found: u64,
    },
    /// A slot is retired, or free, against its generation.
    Retirement {
        /// The slot.
        slot: u32,
        /// Its last published generation.
        generation: u64,
    },
    /// A group has a free slot, and the hints say that it has none.
    Hidden {
        /// The group.
        group: u32,
    },
    /// A group is leased to a session that is not there.
    UnknownLessee {
        /// The group.
        group: u32,
        /// The session's number.
        session: u32,
    },
}

/// Counts the slots of a pool and reports every fault to `fault`. `live` has a bit for each session that is there.
pub fn census(pool: &Pool<'_>, live: u64, mut fault: impl FnMut(Fault)) -> Census {
    let mut census = Census {
        free: u64::from(pool.shape().slots()),
        retired: 0,
        owned: 0,
        shared: 0,
        data: 0,
        broken: 0,
        owned_by: [0; SESSIONS as usize],
        held_by: [0; SESSIONS as usize],
    };
    for group in pool.leases().used() {
        let mut any_free = false;
        for slot in pool.shape().slots_of(group) {
            let is_free = count(pool, slot, live, &mut census, &mut fault);
            any_free |= is_free;
            census.free -= u64::from(!is_free);
        }
        if let Some(session) = pool.leases().lessee(group)
            && (session >= SESSIONS || live & (1 << session) == 0)
        {
            fault(Fault::UnknownLessee { group, session });
        }
        if any_free && is_hidden(pool.hints(), group) {
            fault(Fault::Hidden { group });
        }
    }
    census
}

fn is_hidden(hints: Hints<'_>, group: u32) -> bool {
    !hints.is_open(group)
}

/// Counts one slot; returns whether it is free.
fn count(pool: &Pool<'_>, slot: u32, live: u64, census: &mut Census, fault: &mut impl FnMut(Fault)) -> bool {
    let record = pool.record(slot);
    let (state, generation, last) = (record.state(), record.generation(), pool.last_generation());
    if generation > last {
        fault(Fault::GenerationTooLarge { slot, last, found: generation });
    }
    let mut known = |holders: u64, by: &mut [u32; SESSIONS as usize]| {
        for (session, count) in by.iter_mut().enumerate() {
            *count += (holders >> session & 1) as u32;
        }
        if holders & !live != 0 {
            fault(Fault::UnknownHolder { slot, sessions: holders & !live });
        }
    };
    match state {
        State::Free => {
            if generation == last {
                fault(Fault::Retirement { slot, generation });
            }
        }
        State::Retired => {
            census.retired += 1;
            if generation != last {
                fault(Fault::Retirement { slot, generation });
            }
        }
        State::Owned { holders, .. } => {
            census.owned += 1;
            known(holders, &mut census.owned_by);
            if !holders.is_power_of_two() {
                fault(Fault::TwoOwners { slot, owners: holders });
            }
        }
        State::Data { generation: found, .. } => {
            census.data += 1;
            if found != generation {
                fault(Fault::Generation { slot, expected: generation, found });
            }
        }
        State::Held { low, holders, .. } => {
            census.shared += 1;
            known(holders, &mut census.held_by);
            if low != crate::word::low(generation) {
                fault(Fault::Generation { slot, expected: generation, found: low });
            }
        }
        State::Broken => {
            census.broken += 1;
            fault(Fault::BrokenWord { slot });
        }
    }
    state == State::Free
}
