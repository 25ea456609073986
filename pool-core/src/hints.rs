//! Where to look for a free slot: one bit per group that says "nothing free here", and summaries above.
//!
//! Level 0 has a bit per group; each level above has a bit per word of the level below, up to a level of one word. A
//! search climbs over full stretches and descends into the first open one, in O(log groups), so that a pool of a
//! million slots with one hole is searched in a handful of loads. This is the hierarchical bitmap of LLFree's and
//! SLUB's kin, with the opposite duty: **the hints are never believed.** A bit that is wrongly clear costs a look at a
//! full group. A bit that is wrongly set would hide a free slot, and the rest of this module is about that.
//!
//! # The Dekker pairs
//!
//! Hints are touched only when a group becomes full or stops being full. On every level, who sets a bit and who frees
//! below it are a Dekker pair:
//!
//! * **setter**: set the bit, fence, look again below; where something is free below, clear the bit.
//! * **freer**: make it free below, fence, look at the bit; where it is set, clear it.
//!
//! One of the two sees the other, so a set bit over a free slot does not outlast both. A freer looks at *all* levels,
//! even if somebody else has cleared the lowest: a setter who stalls between two levels may still raise the upper one,
//! and clearing level 0 does not excuse the freer from the rest. A setter who finds something below after all is a freer
//! from there on: while its bit was set, another setter may have found the word full and raised the bit above.
//!
//! A kill between a freer's store and its look leaves a set bit with nothing to point at the dead. Therefore the reaper
//! calls [`Hints::repair`] for every group that was ever used; it only clears bits.

use crate::sync::{
    AtomicU64,
    Ordering::{Relaxed, SeqCst},
    fence,
};

/// log2 of the bits of a word that are used: all 64, or 2 in models, so that they have several levels.
const RADIX_LOG2: u32 = if cfg!(loom) { 1 } else { 6 };
const RADIX: u32 = 1 << RADIX_LOG2;

/// Returns the number of words of one level of `bits` bits.
#[must_use]
pub const fn level_words(bits: u32) -> usize {
    bits.div_ceil(RADIX) as usize
}

/// Returns the number of words of all levels over `groups` groups.
#[must_use]
pub const fn words(groups: u32) -> usize {
    let mut bits = groups;
    let mut total = 0;
    loop {
        let level = level_words(bits);
        total += level;
        if level == 1 {
            return total;
        }
        bits = level as u32;
    }
}

/// A word of hints. All-zero says that every group may have something free.
pub type Word = AtomicU64;

/// The hint words of a pool.
#[derive(Clone, Copy, Debug)]
pub struct Hints<'a> {
    words: &'a [Word],
    groups: u32,
}

/// One level on the way up from a group: its first word and its bits.
#[derive(Clone, Copy)]
struct Level {
    first: usize,
    bits: u32,
}

impl Level {
    fn above(self) -> Option<Self> {
        let words = level_words(self.bits);
        (words > 1).then(|| Self { first: self.first + words, bits: words as u32 })
    }

    /// The bits of word `word` that stand for something.
    fn valid(self, word: u32) -> u64 {
        let rest = self.bits - word * RADIX;
        if rest >= RADIX { u64::MAX >> (u64::BITS - RADIX) } else { (1 << rest) - 1 }
    }
}

impl<'a> Hints<'a> {
    /// Puts hints over `groups` groups into `words`.
    ///
    /// # Panics
    ///
    /// Where `words` is not [`words`]`(groups)` long.
    #[inline]
    #[must_use]
    pub fn new(words: &'a [Word], groups: u32) -> Self {
        assert!(words.len() == self::words(groups), "hints of {groups} groups");
        Self { words, groups }
    }

    fn base(&self) -> Level {
        Level { first: 0, bits: self.groups }
    }

    fn word(&self, level: Level, word: u32) -> &'a AtomicU64 {
        &self.words[level.first + word as usize]
    }

    /// Returns the first group at or after `from` that may have something free.
    ///
    /// Ends after at most twice the number of words, whatever the words say: each step moves forward.
    #[inline]
    #[must_use]
    pub fn next_open(&self, from: u32) -> Option<u32> {
        let open = self.open_from(self.base(), from);
        if open != 0 { Some((from & !(RADIX - 1)) + open.trailing_zeros()) } else { self.climb(from) }
    }

    /// The clear bits of the word with bit `bit`, from that bit on.
    #[inline]
    fn open_from(&self, level: Level, bit: u32) -> u64 {
        if bit >= level.bits {
            return 0;
        }
        let word = bit >> RADIX_LOG2;
        // ORDERING: Relaxed: a hint proves nothing; what it leads to is looked at with Acquire.
        !self.word(level, word).load(Relaxed) & level.valid(word) & (u64::MAX << (bit & (RADIX - 1)))
    }

    /// [`Hints::next_open`] for groups beyond the word of `from`: up over full stretches, and down into the first open one.
    fn climb(&self, from: u32) -> Option<u32> {
        // Levels from the lowest to the one that the search has climbed to: 2^30 slots have 4.
        let mut path = [self.base(); 8];
        let mut depth = 0;
        let mut bit = from;
        loop {
            let open = self.open_from(path[depth], bit);
            if open != 0 {
                bit = (bit & !(RADIX - 1)) + open.trailing_zeros();
                if depth == 0 {
                    return Some(bit);
                }
                depth -= 1;
                bit <<= RADIX_LOG2;
            } else {
                path[depth + 1] = path[depth].above()?;
                depth += 1;
                bit = (bit >> RADIX_LOG2) + 1;
            }
        }
    }

    /// Whether the hints let a search look into this group.
    #[must_use]
    pub fn is_open(&self, group: u32) -> bool {
        let mut level = self.base();
        let mut bit = group;
        loop {
            // ORDERING: Relaxed: for looking only.
            if self.word(level, bit >> RADIX_LOG2).load(Relaxed) & mask(bit) != 0 {
                return false;
            }
            let Some(above) = level.above() else { return true };
            (level, bit) = (above, bit >> RADIX_LOG2);
        }
    }

    /// Says that nothing is free in `group`, unless `any_free`, looked at after saying so, finds something.
    ///
    /// The setter's half of the Dekker pairs, level by level.
    pub fn close(&self, group: u32, any_free: impl Fn() -> bool) {
        let mut level = self.base();
        let mut bit = group;
        // ORDERING: SeqCst, and the fence: the store of the bit comes before the look below, in the one order of all
        // SeqCst fences; pairs with the fence in `opened`.
        self.word(level, bit >> RADIX_LOG2).fetch_or(mask(bit), SeqCst);
        fence(SeqCst);
        if any_free() {
            self.open(group);
            return;
        }
        loop {
            let word = bit >> RADIX_LOG2;
            let Some(above) = level.above() else { return };
            if !self.is_full(level, word) {
                return;
            }
            // ORDERING: SeqCst: as above, one level up: "below" is the word of hints.
            self.word(above, word >> RADIX_LOG2).fetch_or(mask(word), SeqCst);
            fence(SeqCst);
            if !self.is_full(level, word) {
                // Others may have found the word of our bit full and gone on from it: clear what they set, too.
                self.open_upwards(above, word);
                return;
            }
            (level, bit) = (above, word);
        }
    }

    /// Says that something is free in `group`. The caller has made it so and has passed a SeqCst fence since (one
    /// fence does for many slots: [`settle`]).
    ///
    /// The freer's half of the Dekker pairs: looks at every level.
    #[inline]
    pub fn open(&self, group: u32) {
        self.open_upwards(self.base(), group);
    }

    /// Clears `bit` of `level`, and the bits above it, after a SeqCst fence.
    #[inline]
    fn open_upwards(&self, mut level: Level, mut bit: u32) {
        loop {
            let word = self.word(level, bit >> RADIX_LOG2);
            // ORDERING: Relaxed is enough for the load: the caller's fence stands before it. The fetch_and and the
            // fence after it are the freer's "make it free below, fence" for the level above.
            if word.load(Relaxed) & mask(bit) != 0 {
                word.fetch_and(!mask(bit), SeqCst);
                fence(SeqCst);
            }
            let Some(above) = level.above() else { return };
            (level, bit) = (above, bit >> RADIX_LOG2);
        }
    }

    /// Clears what a dead setter or freer may have left over `group`, where `any_free` finds something.
    pub fn repair(&self, group: u32, any_free: impl Fn() -> bool) {
        if any_free() {
            settle();
            self.open(group);
        }
    }

    fn is_full(&self, level: Level, word: u32) -> bool {
        // ORDERING: Relaxed: the caller's fence stands before it where it matters.
        self.word(level, word).load(Relaxed) & level.valid(word) == level.valid(word)
    }
}

/// Orders the caller's frees before its looks at the hints: the freer's fence of the Dekker pairs.
#[inline]
pub fn settle() {
    // ORDERING: SeqCst: pairs with the fence in `Hints::close`.
    fence(SeqCst);
}

#[inline]
const fn mask(bit: u32) -> u64 {
    1 << (bit & (RADIX - 1))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn bits(groups: u32) -> Vec<AtomicU64> {
        (0..words(groups)).map(|_| AtomicU64::new(0)).collect()
    }

    #[test]
    fn the_last_open_group_is_found_from_anywhere() {
        for groups in [1, 2, 63, 64, 65, 128, 4096, 4097, 16384] {
            let memory = bits(groups);
            let hints = Hints::new(&memory, groups);
            for group in 0..groups {
                hints.close(group, || false);
                assert!(!hints.is_open(group));
            }
            assert_eq!(hints.next_open(0), None, "{groups}");
            for hole in [0, groups / 2, groups - 1] {
                hints.open(hole);
                assert!(hints.is_open(hole));
                assert_eq!(hints.next_open(0), Some(hole));
                assert_eq!(hints.next_open(hole), Some(hole));
                assert_eq!(hints.next_open(hole + 1), None);
                hints.close(hole, || false);
                assert_eq!(hints.next_open(0), None);
            }
        }
    }

    #[test]
    fn a_group_that_is_not_full_after_all_stays_open() {
        let memory = bits(4096);
        let hints = Hints::new(&memory, 4096);
        hints.close(77, || true);
        assert_eq!(hints.next_open(77), Some(77));
    }

    #[test]
    fn scribbled_hints_end_a_search() {
        for pattern in [u64::MAX, 0xAAAA_AAAA_AAAA_AAAA, 1 << 63] {
            let memory: Vec<_> =
                (0..words(16384)).map(|i| AtomicU64::new(if i % 3 == 0 { pattern } else { 0 })).collect();
            let hints = Hints::new(&memory, 16384);
            let mut from = 0;
            while let Some(group) = hints.next_open(from) {
                assert!(group >= from && group < 16384);
                from = group + 1;
            }
        }
    }
}
