//! A session's private part of a pool: a stack of slots that it owns, and counts.
//!
//! The words of a slot in the cache say OWNED by the session, just as those of its boxes do: to a reaper the two are
//! one. So `alloc` and dropping a box are a pop and a push in private memory, without any atomic read-modify-write.
//!
//! On top of the stack is one place of its own, the *hot* slot. What a pair of alloc and free costs is how long each waits
//! for what the other wrote. Through a stack that is twice the way through memory (both read and write its height);
//! through the hot slot once, since neither *computes* what it writes from what it reads: 1.7 times as fast.
//!
//! All of it lies in memory that the kernel wipes in a forked child. The layout makes wiped memory safe without a check
//! on the fast path: the stack keeps the number of slots on it *and* the room left, and both are 0 after the wipe; the
//! hot place is neither full nor empty then. So push and pop both take their slow path, where [`Cache::me`] finds no
//! session.

use core::cell::Cell;

use crate::{
    geometry::Shape,
    holder::Bit,
    sync::{AtomicU32, Ordering::Relaxed},
};

/// The most slots that a cache keeps.
pub const MAX_CAP: u32 = 512;

/// How often a search starts at the session's home again instead of where the last one ended. Without it the frees of
/// other sessions would drive the search through the whole pool, and touch all of its memory.
const ROUND: u32 = 16;

/// The hot place is free.
const EMPTY: u64 = 1;
/// What is added to a slot in the hot place.
const SLOT: u64 = 2;

/// What a push adds to `fill`: a slot more, a free place less.
const ONE_MORE: u64 = 1u64.wrapping_sub(1 << 32);

/// A session's private part of one pool. All-zero is that of nobody.
#[repr(C, align(64))]
#[derive(Debug)]
pub struct Cache {
    /// The slot that was put back last, plus [`SLOT`]; [`EMPTY`]; or 0: the cache has no place at all.
    hot: Cell<u64>,
    /// Slots on the stack in the low half, free places on it in the high half.
    fill: Cell<u64>,
    /// The session's bit; 0 is no session.
    mask: Cell<u64>,
    /// Slots that the session owns, in the cache or as boxes.
    owned: Cell<u32>,
    /// Slots that the session is among the holders of.
    held: Cell<u32>,
    /// Where the next search for free slots starts.
    cursor: Cell<u32>,
    home: Cell<u32>,
    searches: Cell<u32>,
    /// How many searches in a row found too little.
    failures: Cell<u32>,
    stack: [Cell<u32>; MAX_CAP as usize],
}

impl Cache {
    /// Makes the cache of nobody.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            hot: Cell::new(0),
            fill: Cell::new(0),
            mask: Cell::new(0),
            owned: Cell::new(0),
            held: Cell::new(0),
            cursor: Cell::new(0),
            home: Cell::new(0),
            searches: Cell::new(0),
            failures: Cell::new(0),
            stack: [const { Cell::new(0) }; MAX_CAP as usize],
        }
    }

    /// Makes the cache that of session `me`.
    pub fn join(&self, me: Bit, shape: Shape) {
        let cap = shape.cache_cap(me.session());
        self.hot.set(if cap == 0 { 0 } else { EMPTY });
        self.set_fill(0, cap.saturating_sub(1));
        self.home.set(shape.home(me.session()));
        self.cursor.set(self.home.get());
        self.mask.set(me.mask());
    }

    /// Makes the cache that of nobody. Slots on the stack stay owned by the session: give them back before.
    pub fn leave(&self) {
        self.hot.set(0);
        self.set_fill(0, 0);
        self.mask.set(0);
    }

    /// Returns the session's bit, or `None` in a forked child, or where nobody has joined.
    #[inline]
    #[must_use]
    pub fn me(&self) -> Option<Bit> {
        Bit::from_mask(self.mask.get())
    }

    /// The number of slots in the cache.
    #[inline]
    #[must_use]
    pub fn kept(&self) -> u32 {
        self.stacked() + u32::from(self.hot.get() > EMPTY)
    }

    /// [`Cache::kept`] just after a slot was popped: the hot place is free then.
    #[inline]
    #[must_use]
    pub fn kept_after_pop(&self) -> u32 {
        self.stacked()
    }

    /// [`Cache::kept`] just after a slot was pushed: the hot place is taken then.
    #[inline]
    #[must_use]
    pub fn kept_after_push(&self) -> u32 {
        self.stacked() + 1
    }

    #[inline]
    fn stacked(&self) -> u32 {
        self.fill.get() as u32
    }

    #[inline]
    fn room(&self) -> u32 {
        (self.fill.get() >> 32) as u32
    }

    #[inline]
    fn set_fill(&self, stacked: u32, room: u32) {
        self.fill.set(u64::from(room) << 32 | u64::from(stacked));
    }

    /// The number of slots that the cache can keep.
    #[inline]
    #[must_use]
    pub fn cap(&self) -> u32 {
        self.stacked() + self.room() + u32::from(self.hot.get() != 0)
    }

    /// Takes the slot that was put back last.
    #[inline]
    pub fn pop(&self) -> Option<u32> {
        let hot = self.hot.get();
        if hot > EMPTY {
            self.hot.set(EMPTY);
            return Some((hot - SLOT) as u32);
        }
        let fill = self.fill.get();
        if fill as u32 == 0 {
            return None;
        }
        let fill = fill.wrapping_sub(ONE_MORE);
        self.fill.set(fill);
        Some(self.place(fill as u32).get())
    }

    /// Puts a slot back; returns whether there was room.
    #[inline]
    pub fn push(&self, slot: u32) -> bool {
        if self.hot.get() == EMPTY {
            self.hot.set(u64::from(slot) + SLOT);
            return true;
        }
        let fill = self.fill.get();
        if fill >> 32 == 0 {
            return false;
        }
        self.place(fill as u32).set(slot);
        self.fill.set(fill.wrapping_add(ONE_MORE));
        true
    }

    /// The free places of the stack, `count` at most; [`Cache::grow`] says how many were filled.
    #[inline]
    #[must_use]
    pub fn vacancies(&self, count: u32) -> &[Cell<u32>] {
        let stacked = self.stacked().min(MAX_CAP);
        let end = stacked + count.min(self.room()).min(MAX_CAP - stacked);
        &self.stack[stacked as usize..end as usize]
    }

    /// Puts the slots in the first `count` free places on the stack.
    #[inline]
    pub fn grow(&self, count: u32) {
        self.set_fill(self.stacked() + count, self.room() - count);
    }

    /// Removes the `count` slots that were put on the stack last, handing them to `gone`.
    pub fn shed(&self, count: u32, gone: impl FnOnce(&[Cell<u32>])) {
        let stacked = self.stacked().min(MAX_CAP);
        let left = stacked - count.min(stacked);
        gone(&self.stack[left as usize..stacked as usize]);
        self.set_fill(left, self.room() + stacked - left);
    }

    /// Empties the cache, handing all slots to `gone`.
    pub fn shed_all(&self, gone: impl Fn(&[Cell<u32>])) {
        self.shed(u32::MAX, &gone);
        let hot = self.hot.get();
        if hot > EMPTY {
            self.hot.set(EMPTY);
            gone(&[Cell::new((hot - SLOT) as u32)]);
        }
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

    /// Says where the next search may start, and whether this one found enough.
    pub fn searched(&self, next: u32, enough: bool) {
        self.cursor.set(next);
        self.failures.set(if enough { 0 } else { self.failures.get().saturating_add(1) });
    }

    /// Returns how many searches in a row, up to the last one, found too little.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures.get()
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
        self.owned.get() != self.kept() || self.held.get() != 0
    }
}

/// How many slots a session has in its cache of one pool, for others to read: to the words of the slots, those in a
/// cache and those in boxes are one. Only the session writes it, or its reaper. All-zero is 0.
#[repr(transparent)]
#[derive(Debug, Default)]
pub struct Kept(AtomicU32);

impl Kept {
    /// Shows a number to others.
    #[inline]
    pub fn show(&self, kept: u32) {
        // ORDERING: Relaxed: exact at rest, which is all that an audit promises.
        self.0.store(kept, Relaxed);
    }

    /// Reads what was shown last.
    #[must_use]
    pub fn shown(&self) -> u32 {
        self.0.load(Relaxed)
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
    fn slots_come_back_last_in_first_out() {
        let cache = Cache::new();
        cache.join(Bit::of(39).unwrap(), Shape::new(20));
        assert_eq!(cache.cap(), MAX_CAP);
        for slot in 0..MAX_CAP {
            assert!(cache.push(slot));
        }
        assert!(!cache.push(0));
        assert_eq!((cache.kept(), cache.cap()), (MAX_CAP, MAX_CAP));
        let mut gone = Vec::new();
        cache.shed(500, |slots| gone.extend(slots.iter().map(Cell::get)));
        assert_eq!(gone, (12..512).collect::<Vec<_>>());
        let left: Vec<_> = (0..12).map(|_| cache.pop().unwrap()).collect();
        assert_eq!(left, [0].into_iter().chain((1..12).rev()).collect::<Vec<_>>());
        assert_eq!(cache.pop(), None);
        assert_eq!((cache.kept(), cache.cap()), (0, MAX_CAP));
    }

    #[test]
    fn a_cache_without_places_takes_nothing() {
        let cache = Cache::new();
        cache.join(Bit::of(3).unwrap(), Shape::new(4));
        assert_eq!((cache.push(1), cache.pop(), cache.cap()), (false, None, 0));
    }

    #[test]
    fn nothing_stays_when_all_is_shed() {
        let cache = Cache::new();
        cache.join(Bit::of(0).unwrap(), Shape::new(12));
        for slot in 0..7 {
            assert!(cache.push(slot));
        }
        let gone = Cell::new(0);
        cache.shed_all(|slots| gone.set(gone.get() + slots.len()));
        assert_eq!((gone.get(), cache.kept(), cache.cap()), (7, 0, 268));
    }

    #[test]
    fn searches_return_home() {
        let (cache, shape) = (Cache::new(), Shape::new(12));
        cache.join(Bit::of(1).unwrap(), shape);
        let home = cache.search();
        assert_eq!(home, 2048);
        cache.searched(home + 600, true);
        assert_eq!(cache.search(), home + 600);
        cache.freed(home + 100, shape);
        assert_eq!(cache.search(), home + 100);
        cache.freed(home - 1, shape);
        assert_eq!(cache.search(), home + 100, "just before home is farthest from it");
        assert!((0..ROUND).any(|_| cache.search() == home));
    }
}
