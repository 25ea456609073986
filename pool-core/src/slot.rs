//! A slot's record and every transition of it. Each is **one atomic change of one word**.
//!
//! ```text
//!                    claim                     publish                        hold
//!   FREE ───────────────────────▶ OWNED(s) ─────────────────▶ DATA / HELD ◀─────────▶ HELD + s
//!     ▲   release (plain store)      ▲       (plain store)        │        unhold
//!     └──────────────────────────────┴────────────────────────────┘
//!                                       take, own (one compare-exchange)
//! ```
//!
//! Who may write a word:
//!
//! * FREE: in a region the lessee of the group ([`crate::lease`]) by plain stores; in a local pool anybody by
//!   compare-exchange.
//! * OWNED(s): session s alone, by plain stores; after the death of s its one reaper.
//! * DATA, HELD: anybody, by compare-exchange, along the arrows.
//!
//! **A kill** falls before or after a change, never into one. What it leaves is the word before or the word after, and
//! both say who owns the object. The *generation word* moves at publication only and is written only by the owner,
//! before the state: a kill between the two skips a number, and no handle of it was ever given out.
//!
//! **Orderings.** A word that gives an object away (`release`, `publish_*`, `unhold`) is written with Release, and one
//! that receives it (`is_free`, `take`, `hold`, ..) reads with Acquire: whatever the former owner did to the object
//! happened before. All changes of a DATA or HELD word are read-modify-writes, so they continue the release sequence
//! of the publication, and the Acquire of any later holder still pairs with the publisher. Where a transition compares
//! the generation word with a handle, it has read the state with Acquire before: it never sees a generation older than
//! the publication that it found, which would make a valid handle look stale.

use crate::{
    holder::{Bit, Holder},
    sync::{
        AtomicU64,
        Ordering::{AcqRel, Acquire, Relaxed, Release},
        fence,
    },
    word::{MAX_DATA, State, low},
};

/// The two words of a slot. All-zero is a free slot that was never published.
#[repr(C, align(16))]
#[derive(Debug)]
pub struct Record {
    state: AtomicU64,
    /// The last generation that was published. Written by the owner only.
    generation: AtomicU64,
}

/// Why a handle was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The slot is free, exclusively owned, or published under another generation.
    Stale,
    /// The object is live, but others refer to it.
    InUse {
        /// The sessions that hold it (0 where only data refers to it).
        holders: u64,
        /// How many data references it has.
        data: u64,
    },
    /// The object has as many references as can be counted.
    TooManyReferences,
}

/// What became of an object when a holder let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Unheld {
    /// Others still refer to it.
    Shared,
    /// The caller was the last: it owns the object now and has to give it back.
    Owned {
        /// Whether the object is to be overwritten before it becomes free.
        tainted: bool,
    },
    /// The caller did not hold it: the memory was scribbled on.
    NotHeld,
}

/// What an attempt to hold an object came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Held {
    /// The caller holds it.
    Yes,
    /// The handle was refused.
    No(Refused),
    /// The handle was stale, and while that was found out everybody else let go of what is in the slot now: the caller
    /// owns it and has to give it back.
    StaleAndOwned {
        /// Whether the object is to be overwritten before it becomes free.
        tainted: bool,
    },
}

/// What a reaper did to a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Reaped {
    /// The dead session had nothing to do with it.
    Untouched,
    /// The dead session owned it, or was its last reference: it is free (or retired) now.
    Freed,
    /// The dead session held it; others still refer to it.
    Released,
}

impl Record {
    /// Makes a free slot that was never published.
    #[cfg(not(loom))]
    #[must_use]
    pub const fn new() -> Self {
        Self { state: AtomicU64::new(0), generation: AtomicU64::new(0) }
    }

    /// Makes a free slot that was never published.
    #[cfg(loom)]
    #[must_use]
    pub fn new() -> Self {
        Self { state: AtomicU64::new(0), generation: AtomicU64::new(0) }
    }

    /// Reads the state, for looking only: to act on it use a transition.
    #[inline]
    #[must_use]
    pub fn state(&self) -> State {
        // ORDERING: Acquire: pairs with the Release of every transition, so that a reader who finds a published
        // generation may look at the object's bytes.
        State::unpack(self.state.load(Acquire))
    }

    /// Reads the last published generation.
    #[inline]
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Relaxed)
    }

    /// Whether the object is to be overwritten before it becomes free.
    #[must_use]
    pub fn is_tainted(&self) -> bool {
        match self.state() {
            State::Owned { tainted, .. } | State::Data { tainted, .. } | State::Held { tainted, .. } => tainted,
            State::Free | State::Retired | State::Broken => false,
        }
    }

    /// Whether the slot is free. Where it is, its bytes belong to whoever may claim it.
    #[inline]
    #[must_use]
    pub fn is_free(&self) -> bool {
        // ORDERING: Acquire: pairs with the Release in `release` (and in a reaper's `reap`): the former owner's last
        // accesses to the object happen before ours. Frees bypass the lease, so the lease's Acquire is not enough.
        self.state.load(Acquire) == State::Free.pack()
    }

    /// FREE -> OWNED(owner) by a plain store. The caller passes [`settle_ownership`] before it writes the object: once
    /// for all that it claims.
    ///
    /// The caller found the slot free *and* holds the lease of its group: only the lessee may leave FREE, so nobody
    /// else writes the word in between.
    #[inline]
    pub fn claim_leased(&self, owner: Bit) {
        let owned = State::Owned { holders: owner.alone(), tainted: false };
        // ORDERING: Relaxed: nobody may act on an OWNED word but the owner; the next lessee sees it by the release of
        // the lease, and a reaper by the death of the owner (the kernel's hand-over of the life byte).
        self.state.store(owned.pack(), Relaxed);
    }

    /// FREE -> OWNED by compare-exchange, for pools without leases. Returns whether the slot is the caller's now.
    #[inline]
    pub fn try_claim<H: Holder>(&self, owner: H) -> bool {
        let owned = State::Owned { holders: owner.alone(), tainted: false };
        // ORDERING: Acquire on success: as in `is_free`. On failure nothing is read.
        let claimed = self.state.load(Relaxed) == State::Free.pack()
            && self.state.compare_exchange(State::Free.pack(), owned.pack(), Acquire, Relaxed).is_ok();
        if claimed {
            settle_ownership();
        }
        claimed
    }

    /// OWNED(caller) -> FREE, or retired where the slot has published its `last` generation. Returns whether it is
    /// free. The caller owns the slot, so a plain store does.
    #[inline]
    pub fn release(&self, last: u64) -> bool {
        let free = self.generation.load(Relaxed) < last;
        let next = if free { State::Free } else { State::Retired };
        // ORDERING: Release: our accesses to the object happen before those of the next owner (Acquire in `is_free`
        // and `try_claim`).
        self.state.store(next.pack(), Release);
        free
    }

    /// OWNED(caller) -> DATA(1) with the next generation, which it returns. The caller's ownership moves into the
    /// handle. A box never has the last generation (see `take`), so there is always a next one.
    #[inline]
    pub fn publish_data(&self, tainted: bool) -> u64 {
        let generation = self.next_generation();
        let state = State::Data { data: 1, generation, tainted };
        // ORDERING: Release: the object's contents and the generation word happen before whatever `take` or `hold`
        // (Acquire) do with it.
        self.state.store(state.pack(), Release);
        generation
    }

    /// OWNED(owner) -> HELD({owner}) with the next generation, which it returns.
    #[inline]
    pub fn publish_held<H: Holder>(&self, owner: H, tainted: bool) -> u64 {
        let generation = self.next_generation();
        let state = State::Held { data: 0, low: low(generation), holders: owner.alone(), tainted };
        // ORDERING: Release: as in `publish_data`.
        self.state.store(state.pack(), Release);
        generation
    }

    #[inline]
    fn next_generation(&self) -> u64 {
        let generation = self.generation.load(Relaxed).wrapping_add(1);
        // ORDERING: Relaxed: made visible by the Release of the state that follows.
        self.generation.store(generation, Relaxed);
        generation
    }

    /// DATA(1) with this generation -> OWNED(owner). Returns whether the object is tainted.
    ///
    /// One compare-exchange on the whole generation; it is never undone.
    ///
    /// # Errors
    ///
    /// [`Refused::Stale`] (decided from the load alone), or [`Refused::InUse`] where others refer to the object.
    #[inline]
    pub fn take<H: Holder>(&self, generation: u64, owner: H) -> Result<bool, Refused> {
        let mut word = self.state.load(Acquire);
        loop {
            let tainted = self.takeable(word, generation)?;
            let owned = State::Owned { holders: owner.alone(), tainted };
            // ORDERING: AcqRel: Acquire pairs with the Release of the publisher, or of whoever held the object since;
            // Release keeps the word's release sequence for a reaper that finds it OWNED.
            match self.state.compare_exchange(word, owned.pack(), AcqRel, Acquire) {
                Ok(_) => {
                    settle_ownership();
                    return Ok(tainted);
                }
                Err(found) => word = found,
            }
        }
    }

    /// Whether [`Record::take`] would succeed just now: decided from a load alone, nothing changes.
    ///
    /// # Errors
    ///
    /// As for `take`.
    pub fn can_take(&self, generation: u64) -> Result<(), Refused> {
        self.takeable(self.state.load(Acquire), generation).map(|_| ())
    }

    /// Returns whether the object is tainted, where `word` lets it be taken.
    #[inline]
    fn takeable(&self, word: u64, generation: u64) -> Result<bool, Refused> {
        match State::unpack(word) {
            State::Data { data: 1, generation: found, tainted } if found == generation => Ok(tainted),
            State::Data { data, generation: found, .. } if found == generation => {
                Err(Refused::InUse { holders: 0, data })
            }
            State::Held { low: found, holders, data, .. }
                if found == low(generation) && self.generation.load(Relaxed) == generation =>
            {
                Err(Refused::InUse { holders, data })
            }
            _ => Err(Refused::Stale),
        }
    }

    /// DATA or HELD with this generation -> HELD + holder.
    ///
    /// A HELD word has room for 13 bits of the generation only, so there the whole of it is compared after the
    /// compare-exchange, when the slot cannot change any more; undoing it is an ordinary [`Record::unhold`].
    #[inline]
    pub fn hold<H: Holder>(&self, generation: u64, holder: H) -> Held {
        let mut word = self.state.load(Acquire);
        loop {
            let (next, certain) = match State::unpack(word) {
                State::Data { data, generation: found, tainted } if found == generation => {
                    (State::Held { data, low: low(generation), holders: holder.alone(), tainted }, true)
                }
                State::Held { data, low: found, holders, tainted }
                    if found == low(generation) && self.generation.load(Relaxed) == generation =>
                {
                    match holder.join(holders) {
                        Some(holders) => (State::Held { data, low: found, holders, tainted }, false),
                        None => return Held::No(Refused::TooManyReferences),
                    }
                }
                _ => return Held::No(Refused::Stale),
            };
            // ORDERING: AcqRel: Acquire pairs with the publisher's Release, through the release sequence of the word;
            // Release continues that sequence.
            match self.state.compare_exchange(word, next.pack(), AcqRel, Acquire) {
                Ok(_) if certain || self.generation.load(Relaxed) == generation => return Held::Yes,
                Ok(_) => {
                    return match self.unhold(holder) {
                        Unheld::Owned { tainted } => Held::StaleAndOwned { tainted },
                        Unheld::Shared | Unheld::NotHeld => Held::No(Refused::Stale),
                    };
                }
                Err(found) => word = found,
            }
        }
    }

    /// HELD - holder. Where nobody is left: DATA where data refers to the object, else OWNED(holder).
    #[inline]
    pub fn unhold<H: Holder>(&self, holder: H) -> Unheld {
        let mut word = self.state.load(Relaxed);
        loop {
            let State::Held { data, low, holders, tainted } = State::unpack(word) else { return Unheld::NotHeld };
            let Some(rest) = holder.leave(holders) else { return Unheld::NotHeld };
            let next = if rest != 0 {
                State::Held { data, low, holders: rest, tainted }
            } else if data != 0 {
                // We hold the object, so its generation word stands still.
                State::Data { data, generation: self.generation.load(Relaxed), tainted }
            } else {
                State::Owned { holders: holder.alone(), tainted }
            };
            // ORDERING: AcqRel: Release: our reads of the object happen before the writes of whoever owns it next;
            // Acquire: where that is us, the reads of the other holders happen before our writes.
            match self.state.compare_exchange(word, next.pack(), AcqRel, Relaxed) {
                Ok(_) if rest == 0 && data == 0 => {
                    settle_ownership();
                    return Unheld::Owned { tainted };
                }
                Ok(_) => return Unheld::Shared,
                Err(found) => word = found,
            }
        }
    }

    /// HELD (by the caller) -> one more data reference, the caller still among the holders.
    ///
    /// # Errors
    ///
    /// [`Refused::TooManyReferences`] at 255 data references.
    #[inline]
    pub fn add_data(&self) -> Result<(), Refused> {
        self.change_held(|data, holders| Some((data.checked_add(1).filter(|data| *data <= MAX_DATA)?, holders)))
    }

    /// HELD -> one more data reference and the caller gone, in one change: the caller's hold moves into the handle.
    ///
    /// # Errors
    ///
    /// [`Refused::TooManyReferences`] at 255 data references; the caller then still holds the object.
    #[inline]
    pub fn hold_to_data<H: Holder>(&self, holder: H) -> Result<(), Refused> {
        self.change_held(|data, holders| {
            Some((data.checked_add(1).filter(|data| *data <= MAX_DATA)?, holder.leave(holders)?))
        })
    }

    /// HELD (by the caller) -> one data reference less. The caller adopted it.
    ///
    /// # Errors
    ///
    /// [`Refused::Stale`] where data had no reference: somebody else released it.
    #[inline]
    pub fn remove_data(&self) -> Result<(), Refused> {
        self.change_held(|data, holders| Some((data.checked_sub(1)?, holders))).map_err(|_| Refused::Stale)
    }

    /// Changes a HELD word whose generation stands still because the caller holds it.
    #[inline]
    fn change_held(&self, change: impl Fn(u64, u64) -> Option<(u64, u64)>) -> Result<(), Refused> {
        let mut word = self.state.load(Relaxed);
        loop {
            let State::Held { data, low, holders, tainted } = State::unpack(word) else { return Err(Refused::Stale) };
            let Some((data, holders)) = change(data, holders) else { return Err(Refused::TooManyReferences) };
            let next = if holders != 0 {
                State::Held { data, low, holders, tainted }
            } else {
                State::Data { data, generation: self.generation.load(Relaxed), tainted }
            };
            // ORDERING: AcqRel: as in `unhold`, where the caller's hold ends here.
            match self.state.compare_exchange(word, next.pack(), AcqRel, Relaxed) {
                Ok(_) => return Ok(()),
                Err(found) => word = found,
            }
        }
    }

    /// DATA with this generation -> one data reference less, the caller a holder instead: an id becomes a reference.
    ///
    /// Where sessions hold the object already, this refuses with `InUse`: then the caller holds it first and removes
    /// the data reference after, two changes of which each is exact.
    ///
    /// # Errors
    ///
    /// [`Refused::Stale`] or [`Refused::InUse`].
    #[inline]
    pub fn adopt<H: Holder>(&self, generation: u64, holder: H) -> Result<(), Refused> {
        self.change_data(generation, |data, tainted| State::Held {
            data: data - 1,
            low: low(generation),
            holders: holder.alone(),
            tainted,
        })
    }

    /// DATA(n) with this generation -> DATA(n - 1), for n of at least 2: an id is given up while others exist.
    ///
    /// # Errors
    ///
    /// [`Refused::InUse`] where it is the only data reference (then the object has to be taken), or where sessions
    /// hold the object; [`Refused::Stale`].
    #[inline]
    pub fn forget_data(&self, generation: u64) -> Result<(), Refused> {
        self.change_data(generation, |data, tainted| match data {
            1 => State::Broken,
            _ => State::Data { data: data - 1, generation, tainted },
        })
    }

    #[inline]
    fn change_data(&self, generation: u64, change: impl Fn(u64, bool) -> State) -> Result<(), Refused> {
        let mut word = self.state.load(Acquire);
        loop {
            let (data, next) = match State::unpack(word) {
                State::Data { data, generation: found, tainted } if found == generation => {
                    (data, change(data, tainted))
                }
                State::Held { data, low: found, holders, .. }
                    if found == low(generation) && self.generation.load(Relaxed) == generation =>
                {
                    return Err(Refused::InUse { holders, data });
                }
                _ => return Err(Refused::Stale),
            };
            if next == State::Broken {
                return Err(Refused::InUse { holders: 0, data });
            }
            // ORDERING: AcqRel: as in `hold`.
            match self.state.compare_exchange(word, next.pack(), AcqRel, Acquire) {
                Ok(_) => return Ok(()),
                Err(found) => word = found,
            }
        }
    }

    /// HELD({holder}) without data references -> OWNED(holder): the only reference becomes exclusive. Returns whether
    /// the object is tainted.
    ///
    /// # Errors
    ///
    /// [`Refused::InUse`] where others refer to the object; [`Refused::Stale`] where the caller does not hold it.
    #[inline]
    pub fn own<H: Holder>(&self, holder: H) -> Result<bool, Refused> {
        let word = self.state.load(Relaxed);
        match State::unpack(word) {
            State::Held { data: 0, holders, tainted, .. } if holders == holder.alone() => {
                let owned = State::Owned { holders, tainted };
                // ORDERING: AcqRel: as in `take`. A failure means that somebody came in between.
                match self.state.compare_exchange(word, owned.pack(), AcqRel, Relaxed) {
                    Ok(_) => {
                        settle_ownership();
                        Ok(tainted)
                    }
                    Err(_) => Err(Refused::InUse { holders, data: 0 }),
                }
            }
            State::Held { data, holders, .. } => Err(Refused::InUse { holders, data }),
            _ => Err(Refused::Stale),
        }
    }

    /// Removes the dead session `dead` from the word, whatever it had in it.
    ///
    /// Only the one reaper of `dead` calls this. Idempotent; it may be interrupted and repeated.
    pub fn reap(&self, dead: Bit, last: u64) -> Reaped {
        let mut word = self.state.load(Relaxed);
        loop {
            let (next, reaped) = match State::unpack(word) {
                // By compare-exchange, though the word is the reaper's alone: so even a second reaper would do no harm.
                State::Owned { holders, .. } if holders == dead.mask() => (self.vacant(last), Reaped::Freed),
                State::Held { data, low, holders, tainted } => match dead.leave(holders) {
                    None => return Reaped::Untouched,
                    Some(0) if data == 0 => (self.vacant(last), Reaped::Freed),
                    // The dead session holds the object, so its generation word stands still.
                    Some(0) => {
                        (State::Data { data, generation: self.generation.load(Relaxed), tainted }, Reaped::Released)
                    }
                    Some(holders) => (State::Held { data, low, holders, tainted }, Reaped::Released),
                },
                _ => return Reaped::Untouched,
            };
            // ORDERING: AcqRel: Release pairs with the Acquire of the next owner; Acquire orders us after the other
            // holders. The dead session's own accesses happened before: the kernel handed us its life byte.
            match self.state.compare_exchange(word, next.pack(), AcqRel, Relaxed) {
                Ok(_) => return reaped,
                Err(found) => word = found,
            }
        }
    }

    fn vacant(&self, last: u64) -> State {
        if self.generation.load(Relaxed) < last { State::Free } else { State::Retired }
    }

    /// Sets the words by hand, for tests of what the protocol itself takes years to reach.
    #[doc(hidden)]
    pub fn set(&self, state: State, generation: u64) {
        self.generation.store(generation, Relaxed);
        self.state.store(state.pack(), Release);
    }
}

/// Orders a word that was made OWNED just now before what its owner writes to the object: somebody who copies the
/// object without holding it, and finds new bytes in it, then finds the new word too, and drops the copy.
#[inline]
pub fn settle_ownership() {
    // ORDERING: Release fence: pairs with the Acquire fence between the copy and the second look of such a reader.
    fence(Release);
}

impl Default for Record {
    fn default() -> Self {
        Self::new()
    }
}
