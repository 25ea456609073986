//! A session's private part of a pool: a stack of slots that it owns, and counts.
//!
//! The words of a slot in the cache say OWNED by the session, just as those of its boxes do: to a reaper the two are
//! one. So `alloc` and dropping a box are a pop and a push in private memory, without any atomic read-modify-write.
//!
//! All of it lies in memory that the kernel wipes in a forked child. The layout makes wiped memory safe without a check
//! on the fast path: the stack keeps the number of slots on it *and* the room left, and both are 0 after the wipe, so
//! push and pop both take their slow path, where [`Cache::me`] finds no session.

use core::cell::Cell;

use crate::{geometry::Shape, holder::Bit};

/// The most slots that a cache keeps.
pub const MAX_CAP: u32 = 128;

/// How often a search starts at the session's home again instead of where the last one ended. Without it the frees of
/// other sessions would drive the search through the whole pool, and touch all of its memory.
const ROUND: u32 = 16;

/// A session's private part of one pool. All-zero is that of nobody.
#[repr(C, align(64))]
#[derive(Debug)]
pub struct Cache {
    /// Slots on the stack.
    kept: Cell<u32>,
    /// Free places on the stack.
    room: Cell<u32>,
    /// The session's bit; 0 is no session.
    mask: Cell<u64>,
    /// Slots that the session owns, on the stack or as boxes.
    owned: Cell<u32>,
    /// Slots that the session is among the holders of.
    held: Cell<u32>,
    /// Where the next search for free slots starts.
    cursor: Cell<u32>,
    home: Cell<u32>,
    searches: Cell<u32>,
    stack: [Cell<u32>; MAX_CAP as usize],
}

impl Cache {
    /// Makes the cache of nobody.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            kept: Cell::new(0),
            room: Cell::new(0),
            mask: Cell::new(0),
            owned: Cell::new(0),
            held: Cell::new(0),
            cursor: Cell::new(0),
            home: Cell::new(0),
            searches: Cell::new(0),
            stack: [const { Cell::new(0) }; MAX_CAP as usize],
        }
    }

    /// Makes the cache that of session `me`.
    pub fn join(&self, me: Bit, shape: Shape) {
        self.room.set(shape.cache_cap());
        self.home.set(shape.home(me.session()));
        self.cursor.set(self.home.get());
        self.mask.set(me.mask());
    }

    /// Makes the cache that of nobody. Slots on the stack stay owned by the session: give them back before.
    pub fn leave(&self) {
        self.kept.set(0);
        self.room.set(0);
        self.mask.set(0);
    }

    /// Returns the session's bit, or `None` in a forked child, or where nobody has joined.
    #[inline]
    #[must_use]
    pub fn me(&self) -> Option<Bit> {
        Bit::from_mask(self.mask.get())
    }

    /// The number of slots on the stack.
    #[inline]
    #[must_use]
    pub fn kept(&self) -> u32 {
        self.kept.get()
    }

    /// The number of slots that the stack can keep.
    #[inline]
    #[must_use]
    pub fn cap(&self) -> u32 {
        self.kept.get() + self.room.get()
    }

    /// Takes the slot that was put on the stack last.
    #[inline]
    pub fn pop(&self) -> Option<u32> {
        let kept = self.kept.get().checked_sub(1)?;
        self.kept.set(kept);
        self.room.set(self.room.get() + 1);
        Some(self.place(kept).get())
    }

    /// Puts a slot on the stack; returns whether there was room.
    #[inline]
    pub fn push(&self, slot: u32) -> bool {
        let Some(room) = self.room.get().checked_sub(1) else { return false };
        let kept = self.kept.get();
        self.place(kept).set(slot);
        self.room.set(room);
        self.kept.set(kept + 1);
        true
    }

    /// The places of the stack that are free, for `count` slots at most; [`Cache::grow`] says how many were filled.
    #[inline]
    #[must_use]
    pub fn vacancies(&self, count: u32) -> &[Cell<u32>] {
        let kept = self.kept.get().min(MAX_CAP);
        let end = kept + count.min(self.room.get()).min(MAX_CAP - kept);
        &self.stack[kept as usize..end as usize]
    }

    /// Puts the slots in the first `count` vacancies on the stack.
    #[inline]
    pub fn grow(&self, count: u32) {
        self.kept.set(self.kept.get() + count);
        self.room.set(self.room.get() - count);
    }

    /// Removes the `count` slots that have been on the stack longest, handing them to `gone` before the rest moves up.
    pub fn shed(&self, count: u32, gone: impl FnOnce(&[Cell<u32>])) {
        let kept = self.kept.get().min(MAX_CAP);
        let count = count.min(kept);
        let stack = &self.stack[..kept as usize];
        gone(&stack[..count as usize]);
        for (to, from) in stack.iter().zip(&stack[count as usize..]) {
            to.set(from.get());
        }
        self.kept.set(kept - count);
        self.room.set(self.room.get() + count);
    }

    #[inline]
    fn place(&self, place: u32) -> &Cell<u32> {
        &self.stack[(place % MAX_CAP) as usize]
    }

    /// Returns where to search for free slots.
    pub fn search(&self) -> u32 {
        let searches = self.searches.get().wrapping_add(1);
        self.searches.set(searches);
        if searches.is_multiple_of(ROUND) { self.home.get() } else { self.cursor.get() }
    }

    /// Says where the next search may start.
    pub fn searched(&self, next: u32) {
        self.cursor.set(next);
    }

    /// Says that `slot` is free again: where it is nearer to the session's home, the next search starts there, so that
    /// a session stays within what it has used.
    pub fn freed(&self, slot: u32, shape: Shape) {
        let from_home = |slot: u32| slot.wrapping_sub(self.home.get()) & (shape.slots() - 1);
        if from_home(slot) < from_home(self.cursor.get()) {
            self.cursor.set(slot);
        }
    }

    /// Counts slots that the session has come to own.
    #[inline]
    pub fn add_owned(&self, count: u32) {
        self.owned.set(self.owned.get() + count);
    }

    /// Counts slots that the session does not own any more.
    #[inline]
    pub fn sub_owned(&self, count: u32) {
        self.owned.set(self.owned.get().wrapping_sub(count));
    }

    /// Counts a slot that the session has become a holder of.
    #[inline]
    pub fn add_held(&self) {
        self.held.set(self.held.get() + 1);
    }

    /// Counts a slot that the session does not hold any more.
    #[inline]
    pub fn sub_held(&self) {
        self.held.set(self.held.get().wrapping_sub(1));
    }

    /// Whether words of the pool still name the session, the slots on the stack apart.
    #[must_use]
    pub fn has_guards(&self) -> bool {
        self.owned.get() != self.kept.get() || self.held.get() != 0
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn wiped_memory_takes_the_slow_path_both_ways() {
        let wiped = Cache::new();
        assert_eq!(wiped.pop(), None);
        assert!(!wiped.push(3));
        assert_eq!(wiped.me(), None);
    }

    #[test]
    fn the_oldest_slots_leave_first() {
        let cache = Cache::new();
        cache.join(Bit::of(3).unwrap(), Shape::new(20));
        assert_eq!(cache.cap(), MAX_CAP);
        for slot in 0..MAX_CAP {
            assert!(cache.push(slot));
        }
        assert!(!cache.push(0));
        let mut gone = Vec::new();
        cache.shed(100, |slots| gone.extend(slots.iter().map(Cell::get)));
        assert_eq!(gone, (0..100).collect::<Vec<_>>());
        assert_eq!((0..28).map(|_| cache.pop().unwrap()).collect::<Vec<_>>(), (100..128).rev().collect::<Vec<_>>());
        assert_eq!(cache.pop(), None);
        assert_eq!(cache.cap(), MAX_CAP);
    }

    #[test]
    fn searches_return_home() {
        let (cache, shape) = (Cache::new(), Shape::new(12));
        cache.join(Bit::of(1).unwrap(), shape);
        let home = cache.search();
        assert_eq!(home, 2048);
        cache.searched(home + 600);
        assert_eq!(cache.search(), home + 600);
        cache.freed(home + 100, shape);
        assert_eq!(cache.search(), home + 100);
        cache.freed(home - 1, shape);
        assert_eq!(cache.search(), home + 100, "just before home is farthest from it");
        assert!((0..ROUND).any(|_| cache.search() == home));
    }
}
