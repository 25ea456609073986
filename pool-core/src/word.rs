//! The bits of a state word, the only truth about an object.
//!
//! ```text
//!          63 62   61        60 .. 53   52 .. 40          39 .. 0
//! FREE      0      0         0          0                 0
//! OWNED     1      tainted   0          0                 holders
//! DATA      2      tainted   data       generation (53 bits)
//! HELD      3      tainted   data       low generation    holders
//! ```
//!
//! * **FREE** is the whole word zero: fresh pages of shared memory are an empty pool.
//! * **OWNED**: one session owns the object outright, as a box or unused in its cache. Nobody else may write the
//!   word, so the owner needs no read-modify-write. OWNED by nobody is a *retired* slot: its generations are used up.
//! * **DATA**: no session holds the object; `data` references to it live in other objects or in messages. The full
//!   generation is in the word, so that `take` compares it in its one compare-exchange.
//! * **HELD**: the sessions in `holders` read it; `data` references may exist beside them.
//!
//! The taint bit says that the object is to be overwritten before it becomes free. It travels through every transition;
//! nothing sets it yet.
//!
//! A set of holder bits can be repaired when a holder dies (clear its bit, any number of times); a counter could not.

/// The number of sessions that a region can have at once: one holder bit each.
pub const SESSIONS: u32 = 40;
/// The bits of a full generation.
pub const GENERATION_BITS: u32 = 53;
/// The most data references that one object can have.
pub const MAX_DATA: u64 = (1 << DATA_BITS) - 1;

const HOLDER_MASK: u64 = (1 << SESSIONS) - 1;
const LOW_GENERATION_SHIFT: u32 = SESSIONS;
const LOW_GENERATION_MASK: u64 = (1 << (GENERATION_BITS - SESSIONS)) - 1;
const GENERATION_MASK: u64 = (1 << GENERATION_BITS) - 1;
const DATA_SHIFT: u32 = GENERATION_BITS;
const DATA_BITS: u32 = 8;
const TAINT_SHIFT: u32 = DATA_SHIFT + DATA_BITS;
const MODE_SHIFT: u32 = TAINT_SHIFT + 1;

const OWNED: u64 = 1 << MODE_SHIFT;
const DATA: u64 = 2 << MODE_SHIFT;
const HELD: u64 = 3 << MODE_SHIFT;

const _: () = assert!(MODE_SHIFT + 2 == u64::BITS, "the fields fill the word");

/// Returns the part of `generation` that a HELD word has room for.
#[inline]
#[must_use]
pub const fn low(generation: u64) -> u64 {
    generation & LOW_GENERATION_MASK
}

/// A state word, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody has the slot.
    Free,
    /// The slot has used up its generations and is never handed out again.
    Retired,
    /// `holders` (one session) owns the object outright.
    Owned {
        /// Who: one holder.
        holders: u64,
        /// Whether the object is to be overwritten before it becomes free.
        tainted: bool,
    },
    /// Only data refers to the object.
    Data {
        /// How many references; never 0.
        data: u64,
        /// The generation of the handles that are valid now.
        generation: u64,
        /// Whether the object is to be overwritten before it becomes free.
        tainted: bool,
    },
    /// Sessions read the object.
    Held {
        /// How many data references there are beside the holders.
        data: u64,
        /// The low 13 bits of the generation of the handles that are valid now.
        low: u64,
        /// Who: at least one holder.
        holders: u64,
        /// Whether the object is to be overwritten before it becomes free.
        tainted: bool,
    },
    /// Nothing that this protocol writes: memory was scribbled on. Such a slot is left alone.
    Broken,
}

impl State {
    /// Packs the state into its word. Fields that do not fit are cut, never carried into their neighbours.
    #[inline]
    #[must_use]
    pub const fn pack(self) -> u64 {
        match self {
            Self::Free => 0,
            Self::Retired => OWNED,
            Self::Owned { holders, tainted } => OWNED | taint(tainted) | (holders & HOLDER_MASK),
            Self::Data { data, generation, tainted } => {
                DATA | taint(tainted) | ((data & MAX_DATA) << DATA_SHIFT) | (generation & GENERATION_MASK)
            }
            Self::Held { data, low, holders, tainted } => {
                HELD | taint(tainted)
                    | ((data & MAX_DATA) << DATA_SHIFT)
                    | ((low & LOW_GENERATION_MASK) << LOW_GENERATION_SHIFT)
                    | (holders & HOLDER_MASK)
            }
            Self::Broken => 1,
        }
    }

    /// Reads a state word. Every word is accepted: one that makes no sense is [`State::Broken`].
    #[inline]
    #[must_use]
    pub const fn unpack(word: u64) -> Self {
        let tainted = word & (1 << TAINT_SHIFT) != 0;
        let data = (word >> DATA_SHIFT) & MAX_DATA;
        let low = (word >> LOW_GENERATION_SHIFT) & LOW_GENERATION_MASK;
        let holders = word & HOLDER_MASK;
        match word >> MODE_SHIFT {
            0 if word == 0 => Self::Free,
            1 if word == OWNED => Self::Retired,
            1 if data == 0 && low == 0 && holders != 0 => Self::Owned { holders, tainted },
            2 if data != 0 => Self::Data { data, generation: word & GENERATION_MASK, tainted },
            3 if holders != 0 => Self::Held { data, low, holders, tainted },
            _ => Self::Broken,
        }
    }
}

#[inline]
const fn taint(tainted: bool) -> u64 {
    (tainted as u64) << TAINT_SHIFT
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn states_survive_their_word() {
        let all = [
            State::Free,
            State::Retired,
            State::Owned { holders: 1 << 39, tainted: true },
            State::Data { data: 255, generation: GENERATION_MASK, tainted: false },
            State::Data { data: 1, generation: 0, tainted: true },
            State::Held { data: 0, low: LOW_GENERATION_MASK, holders: 1, tainted: true },
            State::Held { data: 255, low: 0, holders: HOLDER_MASK, tainted: false },
        ];
        for state in all {
            assert_eq!(State::unpack(state.pack()), state);
        }
        assert_eq!(State::Free.pack(), 0, "zeroed pages are an empty pool");
    }

    #[test]
    fn words_that_make_no_sense_are_broken() {
        for word in [1, 1 << 61, OWNED | 1 << 40, OWNED | 1 << 61, DATA, DATA | 7, HELD, HELD | 1 << 53] {
            assert_eq!(State::unpack(word), State::Broken, "{word:#x}");
        }
    }
}
