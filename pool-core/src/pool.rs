//! The words of a pool in a region: claiming slots in batches, and giving them back.
//!
//! A claim walks over the groups that the hints call open, takes the lease of each, and turns FREE slots into OWNED
//! ones until it has enough. A group that was seen whole and had nothing left is closed while its lease is still held.
//! Giving back is a plain store per slot, one fence for all of them, and a look at the hints of their groups.
//!
//! **A kill** during a claim leaves a lease and OWNED slots of the dead; during giving back, OWNED slots, or free slots
//! under a set hint. The reaper mends all of it ([`crate::reap`]).
#![cfg_attr(
    not(loom),
    expect(unsafe_code, reason = "this is the one place where raw memory becomes slices of atomics")
)]

use core::cell::Cell;
#[cfg(not(loom))]
use core::{ptr::NonNull, slice};

#[cfg(not(loom))]
use crate::geometry::Geometry;
use crate::{
    geometry::Shape,
    handle::Format,
    hints::{self, Hints},
    holder::Bit,
    lease::{Lease, Leases},
    slot::{Record, settle_ownership},
    table::Table,
};

/// The shared words of a pool in a region.
#[derive(Clone, Copy, Debug)]
pub struct Pool<'a> {
    table: Table<'a>,
    hints: Hints<'a>,
    leases: Leases<'a>,
    shape: Shape,
}

/// How many groups a claim looks into when it already has enough.
pub const PATIENCE: u32 = 4;

impl<'a> Pool<'a> {
    /// Puts a pool over its words.
    ///
    /// # Panics
    ///
    /// Where the lengths do not go together.
    #[must_use]
    pub fn new(records: &'a [Record], hints: Hints<'a>, leases: Leases<'a>, shape: Shape, source: u32) -> Self {
        assert!(records.len() == shape.slots() as usize, "{} records for {shape:?}", records.len());
        Self { table: Table::new(records, Format::new(shape.slots_log2(), source)), hints, leases, shape }
    }

    /// Puts a pool over its bytes in a region.
    ///
    /// # Safety
    ///
    /// * `base` points to `geometry.bytes` bytes, aligned to `geometry.align`, readable and writable for `'a`.
    /// * The bytes before `geometry.slots` are accessed only through the types of this crate (or by other processes
    ///   that do the same; whatever they hold is accepted).
    #[cfg(not(loom))]
    #[must_use]
    pub unsafe fn from_raw(base: NonNull<u8>, geometry: &Geometry, source: u32) -> Self {
        let shape = geometry.shape;
        // SAFETY: the parts lie within the block, apart from each other, and are aligned: `Geometry::new` laid them
        // out. Atomics accept every bit pattern and are shared by reference only.
        let records = unsafe { part::<Record>(base, geometry.records, shape.slots() as usize) };
        // SAFETY: as above.
        let hint_words = unsafe { part(base, geometry.hints, hints::words(shape.groups())) };
        // SAFETY: as above.
        let used = unsafe { part(base, geometry.used, crate::lease::used_words(shape.groups())) };
        // SAFETY: as above.
        let leases = unsafe { part(base, geometry.leases, shape.groups() as usize) };
        Self::new(records, Hints::new(hint_words, shape.groups()), Leases::new(leases, used), shape, source)
    }

    /// Slots by handle.
    #[inline]
    #[must_use]
    pub fn table(&self) -> Table<'a> {
        self.table
    }

    /// The hints.
    #[inline]
    #[must_use]
    pub fn hints(&self) -> Hints<'a> {
        self.hints
    }

    /// The leases.
    #[inline]
    #[must_use]
    pub fn leases(&self) -> Leases<'a> {
        self.leases
    }

    /// How many slots in how many groups.
    #[inline]
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The record of a slot, see [`Table::record`].
    #[inline]
    #[must_use]
    pub fn record(&self, slot: u32) -> &'a Record {
        self.table.record(slot)
    }

    /// The last generation that a slot can publish.
    #[inline]
    #[must_use]
    pub fn last_generation(&self) -> u64 {
        self.table.format().last_generation()
    }

    /// Turns free slots into slots of `me`, from slot `from` on and once around, and writes them to `found`, at most as
    /// many as that has room for. Returns how many they are, and where the next search may start.
    ///
    /// Finds nothing only where no group that was not leased to somebody else had a free slot. It is content with
    /// `enough` once it has looked into [`PATIENCE`] groups.
    pub fn claim(&self, me: Bit, from: u32, enough: usize, found: &[Cell<u32>]) -> (usize, u32) {
        let from = from & (self.shape.slots() - 1);
        let first = self.shape.group_of(from);
        let (mut count, mut looked, mut group, mut wrapped) = (0, 0, first, false);
        let next = loop {
            group = match self.hints.next_open(group) {
                Some(open) if !wrapped || open < first => open,
                None if !wrapped => {
                    (wrapped, group) = (true, 0);
                    continue;
                }
                _ => break from,
            };
            if let Some(lease) = self.leases.acquire(group, me) {
                let start = if group == first { from } else { self.shape.slots_of(group).start };
                let (more, next) = self.claim_in(&lease, group, start, me, &found[count..]);
                count += more;
                looked += 1;
                if count == found.len() || (count >= enough && looked >= PATIENCE) {
                    break next;
                }
            }
            group += 1;
        };
        settle_ownership();
        (count, next)
    }

    /// Claims slots of a group, from slot `start` on and once around the group; closes the group where nothing is left.
    /// Returns how many, and where the next search may start.
    fn claim_in(&self, _lease: &Lease<'_>, group: u32, start: u32, me: Bit, found: &[Cell<u32>]) -> (usize, u32) {
        let slots = self.shape.slots_of(group);
        let mut count = 0;
        for part in [start..slots.end, slots.start..start] {
            for (slot, record) in (part.start..).zip(self.table.records(part)) {
                if record.is_free() {
                    let Some(place) = found.get(count) else { return (count, slot) };
                    record.claim_leased(me);
                    place.set(slot);
                    count += 1;
                }
            }
        }
        self.hints.close(group, || self.any_free(group));
        (count, slots.end)
    }

    /// Whether a group has a free slot.
    #[must_use]
    pub fn any_free(&self, group: u32) -> bool {
        self.table.records(self.shape.slots_of(group)).iter().any(Record::is_free)
    }

    /// Makes slots that the caller owns free.
    #[inline]
    pub fn give_back(&self, slots: &[Cell<u32>]) {
        let last = self.last_generation();
        for slot in slots {
            self.record(slot.get()).release(last);
        }
        hints::settle();
        // Neighbours are often in one group.
        let mut opened = None;
        for slot in slots {
            let group = self.shape.group_of(slot.get());
            if opened != Some(group) {
                self.hints.open(group);
                opened = Some(group);
            }
        }
    }

    /// Iterates over the slots of all groups that were ever used.
    pub fn used_slots(&self) -> impl Iterator<Item = u32> + use<'a> {
        let shape = self.shape;
        self.leases.used().flat_map(move |group| shape.slots_of(group))
    }
}

/// Views `count` values of `P` at `offset` from `base`.
///
/// # Safety
///
/// They lie within one block that is readable and writable for `'a`, aligned, valid for every bit pattern, and only
/// ever accessed by shared reference.
#[cfg(not(loom))]
unsafe fn part<'a, P>(base: NonNull<u8>, offset: usize, count: usize) -> &'a [P] {
    // SAFETY: within the block, by the caller's promise.
    let first = unsafe { base.add(offset) }.cast::<P>();
    // SAFETY: by the caller's promise.
    unsafe { slice::from_raw_parts(first.as_ptr(), count) }
}
