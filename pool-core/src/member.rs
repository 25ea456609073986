//! A pool as a session sees it: the shared words, and the session's private part.
//!
//! The operations here are those of the user's guards, without types: slots instead of objects, bits instead of
//! handles. None of them waits, allocates or makes a system call, and each leaves at every instruction a state from
//! which [`crate::reap`] takes back all that the session had.
//!
//! Several references of one session to one object share the session's bit. Their count is private to the session and
//! not atomic, since a session stays on one thread. At 2^32 - 1 it sticks: the bit then stays until the session leaves,
//! which is what leaking four billion guards asks for.
//!
//! In a forked child the private part is wiped: every operation finds no session, and guards copied from the parent do
//! nothing.

use core::{cell::Cell, num::NonZeroU64};

use crate::{
    cache::{Cache, Kept},
    handle::Parts,
    holder::Bit,
    objects::{Denied, Objects},
    pool::Pool,
    reap::{self, Tally},
    slot::{Held, Refused, Unheld},
    table::{GivenUp, Refusal, Table, Taken},
};

/// A session's part in a pool.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    pool: Pool<'a>,
    cache: &'a Cache,
    /// How many references this session has to each slot.
    counts: &'a [Cell<u32>],
    /// How many slots are in the cache, for others to read.
    kept: &'a Kept,
}

impl<'a> Member<'a> {
    /// Puts a session's private part beside the words of a pool.
    ///
    /// # Panics
    ///
    /// Where `counts` does not have one count per slot.
    #[must_use]
    pub fn new(pool: Pool<'a>, cache: &'a Cache, counts: &'a [Cell<u32>], kept: &'a Kept) -> Self {
        assert!(counts.len() == pool.shape().slots() as usize, "a count for each slot");
        Self { pool, cache, counts, kept }
    }

    /// Makes the private part that of session `me`.
    pub fn join(&self, me: Bit) {
        self.cache.join(me, self.pool.shape());
    }

    /// The shared words.
    #[inline]
    #[must_use]
    pub fn pool(&self) -> &Pool<'a> {
        &self.pool
    }

    #[cold]
    #[inline(never)]
    fn refill(&self) -> Result<u32, Denied> {
        let me = self.cache.me().ok_or(Denied::Forked)?;
        // Half of the cache, so that as many frees fit before the next slow step as allocations do; and one slot at
        // least, where the pool is too small for caches.
        let vacancies = self.cache.vacancies(self.cache.cap().div_ceil(2));
        if vacancies.is_empty() {
            let one = [Cell::new(0)];
            self.claim(me, 1, &one)?;
            return Ok(one[0].get());
        }
        let count = self.claim(me, 1, vacancies)?;
        self.cache.grow(count);
        let slot = self.cache.pop().ok_or(Denied::Full);
        self.show();
        slot
    }

    /// Claims slots for this session into `found`: at least `enough`, or none.
    fn claim(&self, me: Bit, enough: usize, found: &[Cell<u32>]) -> Result<u32, Denied> {
        let (count, next) = self.pool.claim(me, self.cache.search(), enough, found);
        self.cache.searched(next, count >= enough);
        if count < enough {
            self.pool.give_back(&found[..count]);
            return Err(Denied::Full);
        }
        self.cache.add_owned(count as u32);
        Ok(count as u32)
    }

    #[cold]
    #[inline(never)]
    fn claim_rest(&self, slots: &mut [u32], done: usize) -> Result<(), Denied> {
        let me = self.cache.me().ok_or(Denied::Forked)?;
        let rest = Cell::from_mut(&mut slots[done..]).as_slice_of_cells();
        if let Err(denied) = self.claim(me, rest.len(), rest) {
            for &slot in &slots[..done] {
                self.free_slot(slot);
            }
            return Err(denied);
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn flush(&self, slot: u32) {
        if self.cache.me().is_none() {
            // A forked child: the slot is the parent's.
            return;
        }
        self.cache.shed(self.cache.cap().div_ceil(2), |slots| self.give_back(slots));
        if !self.cache.push(slot) {
            // The pool is too small for a stack.
            self.give_back(&[Cell::new(slot)]);
        }
        self.show();
    }

    fn give_back(&self, slots: &[Cell<u32>]) {
        let Some(slot) = slots.first() else { return };
        self.cache.sub_owned(slots.len() as u32);
        self.cache.freed(slot.get(), self.pool.shape());
        self.pool.give_back(slots);
    }

    /// Takes back a slot that the caller owns and that may have published its last generation: such a slot is retired
    /// and never enters a cache.
    fn free_published(&self, slot: u32) {
        if self.pool.table().is_last(self.pool.record(slot).generation()) {
            self.give_back(&[Cell::new(slot)]);
        } else {
            self.free_slot(slot);
        }
    }

    /// Returns the session's bit among holders; 0 in a forked child.
    #[must_use]
    pub fn mask(&self) -> u64 {
        self.cache.me().map_or(0, Bit::mask)
    }

    /// Returns how many searches for free slots in a row, up to the last one, found too little.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.cache.failures()
    }

    /// Gives all slots of the cache back.
    pub fn give_back_cache(&self) {
        if self.cache.me().is_none() {
            // A forked child: what is shown is the parent's.
            return;
        }
        self.cache.shed_all(|slots| self.give_back(slots));
        self.show();
    }

    /// Shows the audit how many slots are in the cache.
    #[inline]
    fn show(&self) {
        self.kept.show(self.cache.kept());
    }

    fn me(&self) -> Result<Bit, Refusal> {
        self.cache.me().ok_or(Refusal::Forked)
    }

    #[cold]
    fn take_last(&self, slot: u32, generation: u64, me: Bit, copy: impl FnOnce(u32, u32)) -> Result<Taken, Refusal> {
        // A handle that is refused is refused as such, even where nothing is free.
        self.pool.record(slot).can_take(generation)?;
        let to = self.alloc()?;
        match self.pool.record(slot).take(generation, me) {
            Ok(tainted) => {
                self.cache.add_owned(1);
                copy(slot, to);
                self.give_back(&[Cell::new(slot)]);
                Ok(Taken { slot: to, tainted })
            }
            Err(refused) => {
                self.free_slot(to);
                Err(refused.into())
            }
        }
    }

    /// Counts one reference less; returns whether it was the last.
    #[inline]
    fn uncount(&self, slot: u32) -> bool {
        let count = self.count(slot);
        match count.get() {
            0 | u32::MAX => false,
            n => {
                count.set(n - 1);
                n == 1
            }
        }
    }

    #[inline]
    fn count(&self, slot: u32) -> &'a Cell<u32> {
        &self.counts[slot as usize & (self.counts.len() - 1)]
    }

    /// Iterates over the handles of the objects that data refers to.
    pub fn data_handles(&self) -> impl Iterator<Item = NonZeroU64> + use<'a> {
        let table = self.pool.table();
        self.pool.used_slots().filter_map(move |slot| table.handle_of_data(slot))
    }

    /// Whether words of the pool still name this session, its cache apart: guards were leaked.
    #[must_use]
    pub fn has_guards(&self) -> bool {
        self.cache.has_guards()
    }

    /// Gives back all that this session has in the pool. Nothing in a forked child.
    pub fn leave(&self) -> Tally {
        let Some(me) = self.cache.me() else { return Tally::default() };
        self.give_back_cache();
        let tally = if self.has_guards() { reap::reap(&self.pool, me) } else { Tally::default() };
        self.cache.leave();
        tally
    }
}

impl Objects for Member<'_> {
    #[inline]
    fn table(&self) -> Table<'_> {
        self.pool.table()
    }

    #[inline]
    fn alloc(&self) -> Result<u32, Denied> {
        match self.cache.pop() {
            Some(slot) => {
                self.kept.show(self.cache.kept_after_pop());
                Ok(slot)
            }
            None => self.refill(),
        }
    }

    #[inline]
    fn alloc_many(&self, slots: &mut [u32]) -> Result<(), Denied> {
        let mut done = 0;
        for place in slots.iter_mut() {
            let Some(slot) = self.cache.pop() else { break };
            *place = slot;
            done += 1;
        }
        // Not in a forked child, whose cache is empty: what is shown is the parent's.
        if done != 0 {
            self.show();
        }
        if done == slots.len() { Ok(()) } else { self.claim_rest(slots, done) }
    }

    #[inline]
    fn free_slot(&self, slot: u32) {
        if self.cache.push(slot) {
            self.kept.show(self.cache.kept_after_push());
        } else {
            self.flush(slot);
        }
    }

    #[inline]
    fn publish(&self, slot: u32, tainted: bool) -> NonZeroU64 {
        let record = self.pool.record(slot);
        if self.cache.me().is_none() {
            return self.table().handle(slot, record.generation());
        }
        self.cache.sub_owned(1);
        self.table().handle(slot, record.publish_data(tainted))
    }

    #[inline]
    fn share(&self, slot: u32, tainted: bool) {
        if let Some(me) = self.cache.me() {
            self.count(slot).set(1);
            self.cache.add_held();
            self.cache.sub_owned(1);
            self.pool.record(slot).publish_held(me, tainted);
        }
    }

    #[inline]
    fn take(&self, handle: NonZeroU64, copy: impl FnOnce(u32, u32)) -> Result<Taken, Refusal> {
        let me = self.me()?;
        let Parts { slot, generation } = self.table().parts(handle)?;
        if self.table().is_last(generation) {
            return self.take_last(slot, generation, me, copy);
        }
        let tainted = self.pool.record(slot).take(generation, me)?;
        self.cache.add_owned(1);
        Ok(Taken { slot, tainted })
    }

    #[inline]
    fn get(&self, handle: NonZeroU64) -> Result<u32, Refusal> {
        let me = self.me()?;
        let Parts { slot, generation } = self.table().parts(handle)?;
        let record = self.pool.record(slot);
        if self.count(slot).get() != 0 {
            // We hold it already, so its generation stands still.
            if record.generation() != generation {
                return Err(Refusal::Stale);
            }
            self.clone_ref(slot)?;
            return Ok(slot);
        }
        match record.hold(generation, me) {
            Held::Yes => {
                self.cache.add_held();
                self.count(slot).set(1);
                Ok(slot)
            }
            Held::No(refused) => Err(refused.into()),
            Held::StaleAndOwned { tainted: _ } => {
                self.cache.add_owned(1);
                self.free_published(slot);
                Err(Refusal::Stale)
            }
        }
    }

    #[inline]
    fn clone_ref(&self, slot: u32) -> Result<(), Refusal> {
        let count = self.count(slot);
        if count.get() != 0 {
            count.set(count.get().saturating_add(1));
        }
        Ok(())
    }

    #[inline]
    fn drop_ref(&self, slot: u32) {
        if self.uncount(slot)
            && let Some(me) = self.cache.me()
        {
            self.cache.sub_held();
            if let Unheld::Owned { tainted: _ } = self.pool.record(slot).unhold(me) {
                self.cache.add_owned(1);
                self.free_published(slot);
            }
        }
    }

    #[inline]
    fn references(&self, slot: u32) -> u64 {
        u64::from(self.count(slot).get())
    }

    #[inline]
    fn ref_to_handle(&self, slot: u32) -> Result<NonZeroU64, Refusal> {
        self.me()?;
        self.pool.record(slot).add_data()?;
        Ok(self.table().handle_of_held(slot))
    }

    #[inline]
    fn ref_into_handle(&self, slot: u32) -> Result<NonZeroU64, Refusal> {
        let me = self.me()?;
        let record = self.pool.record(slot);
        // Read while we hold the object: afterwards it may be somebody else's.
        let handle = self.table().handle_of_held(slot);
        if self.references(slot) == 1 {
            record.hold_to_data(me)?;
            self.cache.sub_held();
        } else {
            record.add_data()?;
        }
        self.uncount(slot);
        Ok(handle)
    }

    #[inline]
    fn own(&self, slot: u32) -> Result<Taken, Refusal> {
        let me = self.me()?;
        let record = self.pool.record(slot);
        if self.references(slot) != 1 {
            return Err(Refusal::InUse { holders: 0, data: 0 });
        }
        if self.table().is_last(record.generation()) {
            return Err(Refusal::Full);
        }
        let tainted = record.own(me)?;
        self.count(slot).set(0);
        self.cache.sub_held();
        self.cache.add_owned(1);
        Ok(Taken { slot, tainted })
    }

    fn adopt(&self, handle: NonZeroU64) -> Result<u32, Refusal> {
        let me = self.me()?;
        let Parts { slot, generation } = self.table().parts(handle)?;
        let record = self.pool.record(slot);
        if self.count(slot).get() == 0 {
            match record.adopt(generation, me) {
                Ok(()) => {
                    self.cache.add_held();
                    self.count(slot).set(1);
                    return Ok(slot);
                }
                Err(Refused::InUse { .. }) => {}
                Err(refused) => return Err(refused.into()),
            }
        }
        self.get(handle)?;
        match record.remove_data() {
            Ok(()) => Ok(slot),
            Err(refused) => {
                self.drop_ref(slot);
                Err(refused.into())
            }
        }
    }

    fn free(&self, handle: NonZeroU64) -> Result<(), Refusal> {
        let me = self.me()?;
        match self.table().give_up(handle, me)? {
            GivenUp::OneOfMany => {}
            GivenUp::Last(Taken { slot, tainted: _ }) => {
                self.cache.add_owned(1);
                self.free_published(slot);
            }
            GivenUp::Held => self.drop_ref(self.adopt(handle)?),
        }
        Ok(())
    }
}
