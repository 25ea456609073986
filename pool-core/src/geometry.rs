//! Where the words of a pool stand.
//!
//! A pool in a region is one block of memory, all zero when fresh:
//!
//! ```text
//! records   one per slot, 16 bytes            who has it
//! hints     one bit per group and level       where to look
//! used      one bit per group                 what was ever touched (so that nobody reads pages that nobody wrote)
//! leases    4 bytes per group                 who may claim in it
//! slots     a power of two of bytes each      the objects
//! ```
//!
//! Slots are as large as the next power of two, so that index and address convert by shifts.

use crate::{hints, lease, slot::Record, word::SESSIONS};

/// The largest alignment of an object.
pub const MAX_ALIGN: usize = 4096;
/// The largest capacity, as a power of two.
pub const MAX_SLOTS_LOG2: u32 = 30;

const LINE: usize = 64;
/// A group is never larger than this, as a power of two.
const GROUP_LOG2: u32 = 6;

/// The shape of a pool: how many slots in how many groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    slots_log2: u32,
    group_log2: u32,
}

impl Shape {
    /// Describes a pool of `1 << slots_log2` slots (at most 2^30): groups of 64 slots, or of N / 64 where N is below
    /// 4096, so that no group, and no lease, hides more than 1/64 of a pool.
    #[must_use]
    pub const fn new(slots_log2: u32) -> Self {
        let slots_log2 = if slots_log2 > MAX_SLOTS_LOG2 { MAX_SLOTS_LOG2 } else { slots_log2 };
        let spread = slots_log2.saturating_sub(GROUP_LOG2);
        Self { slots_log2, group_log2: if spread < GROUP_LOG2 { spread } else { GROUP_LOG2 } }
    }

    /// Where a session begins to look for free slots: sessions start as far apart as they can, because two that work on
    /// one cache line slow each other down six times.
    #[inline]
    #[must_use]
    pub const fn home(self, session: u32) -> u32 {
        // The six bits of the number, reversed, are a fraction of the pool: 0, 1/2, 1/4, 3/4, 1/8, ..
        let fraction = (session % 64).reverse_bits() >> 26;
        ((fraction as u64) << self.slots_log2 >> 6) as u32
    }

    /// Describes a pool with groups of another size, for models that must stay small.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_groups(slots_log2: u32, group_log2: u32) -> Self {
        Self { slots_log2, group_log2 }
    }

    /// The number of slots.
    #[inline]
    #[must_use]
    pub const fn slots(self) -> u32 {
        1 << self.slots_log2
    }

    /// The number of slots, as a power of two.
    #[inline]
    #[must_use]
    pub const fn slots_log2(self) -> u32 {
        self.slots_log2
    }

    /// The number of groups.
    #[inline]
    #[must_use]
    pub const fn groups(self) -> u32 {
        1 << (self.slots_log2 - self.group_log2)
    }

    /// The number of slots of a group, as a power of two.
    #[inline]
    #[must_use]
    pub const fn group_log2(self) -> u32 {
        self.group_log2
    }

    /// The group of a slot.
    #[inline]
    #[must_use]
    pub const fn group_of(self, slot: u32) -> u32 {
        slot >> self.group_log2
    }

    /// The slots of a group.
    #[inline]
    #[must_use]
    pub const fn slots_of(self, group: u32) -> core::ops::Range<u32> {
        group << self.group_log2..(group + 1) << self.group_log2
    }

    /// How many slots the cache of a session may keep.
    ///
    /// All caches together keep at most a quarter of the pool. One half of that is shared out equally; of the other half
    /// session 0 has one half, session 1 half of what is left, and so on: sessions are numbered from 0 up and are
    /// usually few, and a large cache makes batches twice as fast. In small pools the share is 0 and there is no cache.
    #[inline]
    #[must_use]
    pub const fn cache_cap(self, session: u32) -> u32 {
        let eighth = self.slots() / 8;
        let first = if session < u32::BITS - 1 { eighth >> (session + 1) } else { 0 };
        let share = eighth / SESSIONS + first;
        if share < crate::cache::MAX_CAP { share } else { crate::cache::MAX_CAP }
    }
}

/// The layout of a pool in a region: offsets from the pool's first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// How many slots in how many groups.
    pub shape: Shape,
    /// Where the records begin; always 0.
    pub records: usize,
    /// Where the hints begin.
    pub hints: usize,
    /// Where the bits of the groups that were ever used begin.
    pub used: usize,
    /// Where the leases begin.
    pub leases: usize,
    /// Where the first object stands.
    pub slots: usize,
    /// The bytes of a slot, as a power of two.
    pub stride_log2: u32,
    /// The bytes of all of it.
    pub bytes: usize,
    /// The alignment of the block.
    pub align: usize,
}

impl Geometry {
    /// Lays out a pool of `1 << slots_log2` objects of `size` bytes, aligned to `align`.
    ///
    /// # Panics
    ///
    /// Where `size` is 0, `align` is not a power of two of at most 4096, or the pool does not fit the address space;
    /// in a `const` that is a compile error.
    #[must_use]
    pub const fn new(slots_log2: u32, size: usize, align: usize) -> Self {
        assert!(slots_log2 <= MAX_SLOTS_LOG2, "a pool has at most 2^30 slots");
        assert!(size != 0, "a zero-sized object needs no pool; give the type a field");
        assert!(align.is_power_of_two() && align <= MAX_ALIGN, "the alignment of an object is at most 4096");
        let shape = Shape::new(slots_log2);
        let count = shape.slots() as usize;
        let hints = count * size_of::<Record>();
        let used = hints + round_up(hints::words(shape.groups()) * 8, LINE);
        let leases = used + round_up(lease::used_words(shape.groups()) * 8, LINE);
        let end = leases + round_up(shape.groups() as usize * 4, LINE);
        let align = if align < LINE { LINE } else { align };
        let slots = round_up(end, align);
        let stride = size.next_power_of_two();
        let bytes = match count.checked_mul(stride) {
            Some(bytes) if bytes < isize::MAX as usize - slots => slots + round_up(bytes, align),
            _ => panic!("the pool does not fit the address space"),
        };
        Self { shape, records: 0, hints, used, leases, slots, stride_log2: stride.trailing_zeros(), bytes, align }
    }
}

/// Rounds `bytes` up to a multiple of `to`, a power of two.
#[must_use]
pub const fn round_up(bytes: usize, to: usize) -> usize {
    (bytes + to - 1) & !(to - 1)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn no_group_is_more_than_a_64th_of_a_pool() {
        for slots_log2 in 0..=MAX_SLOTS_LOG2 {
            let shape = Shape::new(slots_log2);
            let group = 1 << shape.group_log2();
            assert!(group == 1 || group * 64 <= shape.slots(), "{shape:?}");
            assert!(group <= 64);
            assert_eq!(shape.slots_of(shape.groups() - 1).end, shape.slots());
        }
    }

    #[test]
    fn all_caches_together_hold_at_most_a_quarter() {
        for slots_log2 in 0..=MAX_SLOTS_LOG2 {
            let shape = Shape::new(slots_log2);
            let all: u32 = (0..SESSIONS).map(|session| shape.cache_cap(session)).sum();
            assert!(all * 4 <= shape.slots(), "{all} of {}", shape.slots());
        }
    }

    #[test]
    fn parts_do_not_overlap_and_are_aligned() {
        for slots_log2 in [0, 1, 5, 6, 11, 12, 13, 20] {
            for (size, align) in [(1, 1), (8, 8), (24, 8), (64, 64), (4096, 4096), (100, 4)] {
                let g = Geometry::new(slots_log2, size, align);
                let groups = g.shape.groups() as usize;
                assert!(g.hints >= g.shape.slots() as usize * 16);
                assert!(g.used >= g.hints + 8 * hints::words(g.shape.groups()));
                assert!(g.leases >= g.used + groups.div_ceil(8));
                assert!(g.slots >= g.leases + 4 * groups);
                assert_eq!((g.slots % align, g.slots % 64, g.align % 64), (0, 0, 0));
                assert!(
                    1 << g.stride_log2 >= size && g.bytes >= g.slots + ((g.shape.slots() as usize) << g.stride_log2)
                );
            }
        }
    }
}
