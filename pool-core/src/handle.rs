//! The bits of a handle.
//!
//! ```text
//!  63 .. 56   55 .. log2 N                 log2 N - 1 .. 0
//!  source     generation                   slot
//! ```
//!
//! The *source* is the ordinal of the pool within its region and is never 0, so no handle is 0. The generation takes
//! what is left, at most 53 bits: 26 in a pool of 2^30 slots, 44 in one of 4096. A slot whose generation would wrap is
//! retired instead, so a stale handle is refused for certain. Random bits name a live object with a chance of at most N
//! in 2^64 for each pool.

use core::num::NonZeroU64;

use crate::word::GENERATION_BITS;

/// The largest ordinal of a source of handles within a region; the smallest is 1.
pub const MAX_SOURCE: u32 = (1 << SOURCE_BITS) - 1;

const SOURCE_BITS: u32 = 8;
const SOURCE_SHIFT: u32 = u64::BITS - SOURCE_BITS;

/// How the handles of one pool are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    slots_log2: u32,
    source: u32,
}

/// A handle, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The slot: always below the pool's capacity.
    pub slot: u32,
    /// The generation that the handle was published with.
    pub generation: u64,
}

impl Format {
    /// Describes the handles of a pool of `1 << slots_log2` slots (at most 2^30) with this ordinal (cut to 8 bits; 0
    /// becomes 1).
    #[inline]
    #[must_use]
    pub const fn new(slots_log2: u32, source: u32) -> Self {
        let slots_log2 = if slots_log2 > 30 { 30 } else { slots_log2 };
        let source = source & MAX_SOURCE;
        Self { slots_log2, source: if source == 0 { 1 } else { source } }
    }

    /// Returns the last generation that a slot of this pool can publish.
    #[inline]
    #[must_use]
    pub const fn last_generation(self) -> u64 {
        let bits = SOURCE_SHIFT - self.slots_log2;
        (1 << if bits < GENERATION_BITS { bits } else { GENERATION_BITS }) - 1
    }

    /// Returns the ordinal of the pool.
    #[inline]
    #[must_use]
    pub const fn source(self) -> u32 {
        self.source
    }

    /// Builds the handle of a slot. Parts that do not fit are cut.
    #[inline]
    #[must_use]
    pub const fn pack(self, parts: Parts) -> NonZeroU64 {
        let slot = parts.slot as u64 & ((1 << self.slots_log2) - 1);
        let generation = (parts.generation & self.last_generation()) << self.slots_log2;
        let source = (self.source as u64) << SOURCE_SHIFT;
        match NonZeroU64::new(source | generation | slot) {
            Some(bits) => bits,
            None => unreachable!(),
        }
    }

    /// Takes a handle apart.
    ///
    /// # Errors
    ///
    /// Returns the ordinal in the handle where it is not that of this pool.
    #[inline]
    pub const fn unpack(self, bits: NonZeroU64) -> Result<Parts, u32> {
        let source = source_of(bits);
        if source != self.source {
            return Err(source);
        }
        let bits = bits.get() & ((1 << SOURCE_SHIFT) - 1);
        Ok(Parts { slot: (bits & ((1 << self.slots_log2) - 1)) as u32, generation: bits >> self.slots_log2 })
    }
}

/// Returns the ordinal of the pool that a handle says it is from.
#[inline]
#[must_use]
pub const fn source_of(bits: NonZeroU64) -> u32 {
    (bits.get() >> SOURCE_SHIFT) as u32
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn handles_keep_their_parts_at_both_ends() {
        for slots_log2 in 0..=30 {
            for source in [1, 2, MAX_SOURCE] {
                let format = Format::new(slots_log2, source);
                let other = Format::new(slots_log2, source % MAX_SOURCE + 1);
                for generation in [1, 2, format.last_generation()] {
                    for slot in [0, (1u32 << slots_log2) - 1] {
                        let parts = Parts { slot, generation };
                        let bits = format.pack(parts);
                        assert_eq!(format.unpack(bits), Ok(parts));
                        assert_eq!(other.unpack(bits), Err(source));
                    }
                }
            }
        }
    }

    #[test]
    fn a_generation_above_the_last_one_is_never_equal_to_one_below() {
        // A pool of one slot has 56 bits to spare and 53 bits of generation: forged high bits must not be cut away.
        let format = Format::new(0, 1);
        let forged = NonZeroU64::new(1 << SOURCE_SHIFT | 1 << GENERATION_BITS | 5).unwrap();
        assert!(format.unpack(forged).unwrap().generation > format.last_generation());
    }
}
