//! A pool without sessions: a `static`, a field, on the stack.
//!
//! Such a pool dies with its process, so nothing has to be recovered from it: its holders are a plain count
//! ([`Count`]), slots are claimed one by one with a compare-exchange, and there are no leases. Any thread may call any
//! operation at any time, a signal handler too.
//!
//! Threads keep apart by *lanes*: each has a place where its next search starts, the slot that was last freed there.
//! A pair of alloc and free on one thread thus finds its slot with the first look. The lane is chosen by the address of
//! the stack, which differs between threads, costs no thread-local lookup, and needs no operating system.

use core::num::NonZeroU64;

use crate::{
    geometry::Shape,
    handle::{Format, MAX_SOURCE, Parts},
    hints::{self, Hints},
    holder::Count,
    objects::{Denied, Objects},
    slot::{Held, Record, Refused, Unheld},
    sync::{
        AtomicU32,
        Ordering::{AcqRel, Acquire, Relaxed},
    },
    table::{GivenUp, Refusal, Table, Taken},
    word::State,
};

/// The number of lanes.
const LANES: u32 = 8;

/// Where the next search of some threads starts, counted from the lane's own first slot.
#[repr(align(64))]
#[derive(Debug)]
struct Lane(AtomicU32);

/// What a local pool has beside its records and hints. All-zero is a fresh one.
#[derive(Debug)]
pub struct Desk {
    lanes: [Lane; LANES as usize],
    /// The ordinal in this pool's handles; 0 until the first one is needed.
    source: AtomicU32,
}

impl Desk {
    /// Makes a fresh desk.
    #[cfg(not(loom))]
    #[must_use]
    pub const fn new() -> Self {
        Self { lanes: [const { Lane(AtomicU32::new(0)) }; LANES as usize], source: AtomicU32::new(0) }
    }

    /// Makes a fresh desk.
    #[cfg(loom)]
    #[must_use]
    pub fn new() -> Self {
        Self { lanes: core::array::from_fn(|_| Lane(AtomicU32::new(0))), source: AtomicU32::new(0) }
    }
}

impl Desk {
    #[inline]
    fn source(&self) -> u32 {
        // ORDERING: Acquire: pairs with the AcqRel in `number`; only the value matters.
        match self.source.load(Acquire) {
            0 => self.number(),
            source => source,
        }
    }

    /// Gives the pool an ordinal, so that a handle of another local pool is refused (for certain among 255 pools).
    #[cold]
    fn number(&self) -> u32 {
        #[cfg(not(loom))]
        static NEXT: AtomicU32 = AtomicU32::new(0);
        #[cfg(not(loom))]
        let mine = NEXT.fetch_add(1, Relaxed) % MAX_SOURCE + 1;
        #[cfg(loom)]
        let mine = MAX_SOURCE;
        // ORDERING: AcqRel: as in `source`.
        match self.source.compare_exchange(0, mine, AcqRel, Acquire) {
            Ok(_) => mine,
            Err(theirs) => theirs,
        }
    }
}

impl Default for Desk {
    fn default() -> Self {
        Self::new()
    }
}

/// The lane of the calling thread.
#[cfg(not(loom))]
#[inline(always)]
fn here() -> u32 {
    let here = 0u8;
    // Stacks of threads are at least 64 KiB apart; calls within one are rarely that deep.
    let stack = (&raw const here).addr() >> 16;
    (stack.wrapping_mul(0x9E37_79B1) >> 16) as u32 % LANES
}

#[cfg(loom)]
fn here() -> u32 {
    crate::sync::model::lane() % LANES
}

/// A pool without sessions.
#[derive(Clone, Copy, Debug)]
pub struct Local<'a> {
    table: Table<'a>,
    hints: Hints<'a>,
    desk: &'a Desk,
    shape: Shape,
}

impl<'a> Local<'a> {
    /// Puts a pool over its words.
    ///
    /// # Panics
    ///
    /// Where the lengths do not go together.
    #[inline]
    #[must_use]
    pub fn new(records: &'a [Record], hints: Hints<'a>, desk: &'a Desk, shape: Shape) -> Self {
        assert!(records.len() == shape.slots() as usize, "{} records for {shape:?}", records.len());
        let format = Format::new(shape.slots_log2(), desk.source());
        Self { table: Table::new(records, format), hints, desk, shape }
    }

    #[inline]
    fn record(&self, slot: u32) -> &'a Record {
        self.table.record(slot)
    }

    #[inline]
    fn lane(&self) -> (&'a AtomicU32, u32) {
        let lane = here();
        (&self.desk.lanes[lane as usize].0, lane * (self.shape.slots() / LANES))
    }

    #[inline(never)]
    fn search(&self, from: u32) -> Option<u32> {
        let first = self.shape.group_of(from);
        let (mut group, mut wrapped) = (first, false);
        loop {
            group = match self.hints.next_open(group) {
                Some(open) if !wrapped || open < first => open,
                None if !wrapped => {
                    (wrapped, group) = (true, 0);
                    continue;
                }
                _ => return None,
            };
            let slots = self.shape.slots_of(group);
            let start = if group == first { from } else { slots.start };
            if let Some(slot) = (start..slots.end).chain(slots.start..start).find(|s| self.record(*s).try_claim(Count))
            {
                return Some(slot);
            }
            self.hints.close(group, || self.shape.slots_of(group).any(|slot| self.record(slot).is_free()));
            group += 1;
        }
    }
}

impl Objects for Local<'_> {
    #[inline]
    fn table(&self) -> Table<'_> {
        self.table
    }

    #[inline]
    fn alloc(&self) -> Result<u32, Denied> {
        let (lane, base) = self.lane();
        let start = lane.load(Relaxed).wrapping_add(base) & (self.shape.slots() - 1);
        if self.record(start).try_claim(Count) {
            return Ok(start);
        }
        let slot = self.search(start).ok_or(Denied::Full)?;
        lane.store(slot.wrapping_sub(base), Relaxed);
        Ok(slot)
    }

    fn alloc_many(&self, slots: &mut [u32]) -> Result<(), Denied> {
        for done in 0..slots.len() {
            match self.alloc() {
                Ok(slot) => slots[done] = slot,
                Err(denied) => {
                    slots[..done].iter().for_each(|slot| self.free_slot(*slot));
                    return Err(denied);
                }
            }
        }
        Ok(())
    }

    #[inline]
    fn free_slot(&self, slot: u32) {
        self.record(slot).release(self.table.format().last_generation());
        hints::settle();
        self.hints.open(self.shape.group_of(slot));
        let (lane, base) = self.lane();
        let next = slot.wrapping_sub(base);
        // A pair on one slot leaves the lane as it is, and its line unwritten.
        if lane.load(Relaxed) != next {
            lane.store(next, Relaxed);
        }
    }

    #[inline]
    fn publish(&self, slot: u32, tainted: bool) -> NonZeroU64 {
        self.table.handle(slot, self.record(slot).publish_data(tainted))
    }

    #[inline]
    fn share(&self, slot: u32, tainted: bool) {
        self.record(slot).publish_held(Count, tainted);
    }

    #[inline]
    fn take(&self, handle: NonZeroU64, copy: impl FnOnce(u32, u32)) -> Result<Taken, Refusal> {
        let Parts { slot, generation } = self.table.parts(handle)?;
        if !self.table.is_last(generation) {
            let tainted = self.record(slot).take(generation, Count)?;
            return Ok(Taken { slot, tainted });
        }
        // A handle that is refused is refused as such, even where nothing is free.
        self.record(slot).can_take(generation)?;
        let to = self.alloc()?;
        match self.record(slot).take(generation, Count) {
            Ok(tainted) => {
                copy(slot, to);
                self.free_slot(slot);
                Ok(Taken { slot: to, tainted })
            }
            Err(refused) => {
                self.free_slot(to);
                Err(refused.into())
            }
        }
    }

    #[inline]
    fn get(&self, handle: NonZeroU64) -> Result<u32, Refusal> {
        let Parts { slot, generation } = self.table.parts(handle)?;
        match self.record(slot).hold(generation, Count) {
            Held::Yes => Ok(slot),
            Held::No(refused) => Err(refused.into()),
            Held::StaleAndOwned { tainted: _ } => {
                self.free_slot(slot);
                Err(Refusal::Stale)
            }
        }
    }

    #[inline]
    fn clone_ref(&self, slot: u32) -> Result<(), Refusal> {
        let record = self.record(slot);
        match record.hold(record.generation(), Count) {
            Held::Yes => Ok(()),
            Held::No(refused) => Err(refused.into()),
            Held::StaleAndOwned { .. } => Err(Refusal::Stale),
        }
    }

    #[inline]
    fn drop_ref(&self, slot: u32) {
        if let Unheld::Owned { tainted: _ } = self.record(slot).unhold(Count) {
            self.free_slot(slot);
        }
    }

    fn references(&self, slot: u32) -> u64 {
        match self.record(slot).state() {
            State::Held { holders, .. } => holders,
            _ => 0,
        }
    }

    fn ref_to_handle(&self, slot: u32) -> Result<NonZeroU64, Refusal> {
        self.record(slot).add_data()?;
        Ok(self.table.handle_of_held(slot))
    }

    fn ref_into_handle(&self, slot: u32) -> Result<NonZeroU64, Refusal> {
        let handle = self.table.handle_of_held(slot);
        self.record(slot).hold_to_data(Count)?;
        Ok(handle)
    }

    fn own(&self, slot: u32) -> Result<Taken, Refusal> {
        let record = self.record(slot);
        if self.table.is_last(record.generation()) {
            return Err(Refusal::Full);
        }
        Ok(Taken { slot, tainted: record.own(Count)? })
    }

    fn adopt(&self, handle: NonZeroU64) -> Result<u32, Refusal> {
        let Parts { slot, generation } = self.table.parts(handle)?;
        match self.record(slot).adopt(generation, Count) {
            Ok(()) => return Ok(slot),
            Err(Refused::InUse { .. }) => {}
            Err(refused) => return Err(refused.into()),
        }
        self.get(handle)?;
        match self.record(slot).remove_data() {
            Ok(()) => Ok(slot),
            Err(refused) => {
                self.drop_ref(slot);
                Err(refused.into())
            }
        }
    }

    fn free(&self, handle: NonZeroU64) -> Result<(), Refusal> {
        match self.table.give_up(handle, Count)? {
            GivenUp::OneOfMany => {}
            GivenUp::Last(Taken { slot, tainted: _ }) => self.free_slot(slot),
            GivenUp::Held => self.drop_ref(self.adopt(handle)?),
        }
        Ok(())
    }
}
