//! What numbers a pool can have, checked by the compiler.
//!
//! The check of `Pool<T, N>` is its last type parameter, which nobody writes:
//! `Pool<T, const N: usize, V: Storage<N> = ValidCapacity<N>>`. The default is a *proof*: a type that exists only where
//! `N` passes every check. So a wrong number is one error, at each mention of the type, already on `cargo check`.
//!
//! Who writes code for any capacity needs one bound, [`Capacity`]:
//!
//! ```
//! use pool_typed::{Pool, Shared, config::Capacity};
//!
//! struct Server<T: Shared, const N: usize>
//! where
//!     usize: Capacity<N>,
//! {
//!     requests: Pool<T, N>,
//! }
//! ```
//!
//! Arithmetic in the argument works as usual: `Pool<T, { usize::next_power_of_two(CLIENTS) }>`.
//!
//! # Rules behind the texts
//!
//! Found by experiment; they keep every mistake at one short error, and the ui tests hold them.
//!
//! * typenum computes, our own traits speak: a trait that can fail at a user's line is ours and has a text
//!   (`on_unimplemented`). Its impls are `do_not_recommend`, or the compiler lists them.
//! * The number is a parameter of the trait (`usize: PowerOfTwo<48>`): only then can a text print it. With `Self =
//!   usize` the orphan rule seals the trait; one with another `Self` needs a sealed supertrait.
//! * The proof is a *projection through the check that fails*. Then it is an error type and the compiler says no more;
//!   a proof that is named directly brings a second error.
//! * A check on a bit of typenum is implemented for `True` only: no where clause is needed, and nothing leaks.
//! * typenum's `Const<N>: ToUInt` knows the powers of two but not 1500, so it must never be the bound that fails.
//! * Tables hold literals. A typenum division (`Quot`) would cost 14 ms for each pool type that a program has.

use core::fmt;

use generic_array::ArrayLength;
use typenum::{IsLessOrEqual, LeEq, Sum, True, Unsigned, consts as tn};

/// `usize: PowerOfTwo<N>` says that `N` is a power of two.
///
/// It holds for 0 too, as for 2^64, which is 0 in a word of 64 bits: a text about powers of two says how to round up,
/// and 0 has nothing to round up to. The checks that follow refuse it for its size.
// The same holds for what is above the largest capacity, as far as it is a power of two. For other numbers up there the
// text does say how to round up: no trait can compare a number that is not in a table.
#[diagnostic::on_unimplemented(
    message = "`{N}` is not a power of two",
    label = "must be a power of two",
    note = "round up with `{{ usize::next_power_of_two({N}) }}`"
)]
pub trait PowerOfTwo<const N: usize> {
    /// The logarithm of `N`.
    type Log2: Unsigned;
}

type Log2<const N: usize> = <usize as PowerOfTwo<N>>::Log2;

macro_rules! powers_of_two {
    ($($n:literal $log2:ident;)*) => { $(
        #[diagnostic::do_not_recommend]
        impl PowerOfTwo<$n> for usize {
            type Log2 = tn::$log2;
        }
    )* };
}

powers_of_two! {
    1 U0;
    2 U1;
    4 U2;
    8 U3;
    16 U4;
    32 U5;
    64 U6;
    128 U7;
    256 U8;
    512 U9;
    1024 U10;
    2048 U11;
    4096 U12;
    8192 U13;
    16384 U14;
    32768 U15;
    65536 U16;
    131072 U17;
    262144 U18;
    524288 U19;
    1048576 U20;
    2097152 U21;
    4194304 U22;
    8388608 U23;
    16777216 U24;
    33554432 U25;
    67108864 U26;
    134217728 U27;
    268435456 U28;
    536870912 U29;
    1073741824 U30;
    2147483648 U31;
    0 U64;
}

#[cfg(target_pointer_width = "64")]
powers_of_two! {
    4294967296 U32;
    8589934592 U33;
    17179869184 U34;
    34359738368 U35;
    68719476736 U36;
    137438953472 U37;
    274877906944 U38;
    549755813888 U39;
    1099511627776 U40;
    2199023255552 U41;
    4398046511104 U42;
    8796093022208 U43;
    17592186044416 U44;
    35184372088832 U45;
    70368744177664 U46;
    140737488355328 U47;
    281474976710656 U48;
    562949953421312 U49;
    1125899906842624 U50;
    2251799813685248 U51;
    4503599627370496 U52;
    9007199254740992 U53;
    18014398509481984 U54;
    36028797018963968 U55;
    72057594037927936 U56;
    144115188075855872 U57;
    288230376151711744 U58;
    576460752303423488 U59;
    1152921504606846976 U60;
    2305843009213693952 U61;
    4611686018427387904 U62;
    9223372036854775808 U63;
}

/// `usize: Capacity<N>` says that a pool can have `N` slots: a power of two from 1 to 2^30.
///
/// The one bound that code for any capacity needs.
#[diagnostic::on_unimplemented(
    message = "`{N}` is not a pool capacity",
    label = "must be a power of two from 1 to 2^30"
)]
pub trait Capacity<const N: usize> {
    /// The proof that `N` is a capacity.
    #[doc(hidden)]
    type Proof: Storage<N>;
}

#[diagnostic::do_not_recommend]
impl<const N: usize> Capacity<N> for usize
where
    Self: PowerOfTwo<N>,
    Log2<N>: IsLessOrEqual<tn::U30, Output: AtMostLargest<N, Proof: Storage<N>>>,
{
    // A projection, not `Slots<N>`: where it fails the type is an error and the compiler says no more.
    type Proof = <LeEq<Log2<N>, tn::U30> as AtMostLargest<N>>::Proof;
}

/// Implemented for the outcome of `N <= 2^30`, where that is true.
#[doc(hidden)]
pub trait AtMostLargest<const N: usize> {
    type Proof;
}

impl<const N: usize> AtMostLargest<N> for True {
    type Proof = Slots<N>;
}

/// How the words of a pool of `N` slots are stored.
///
/// The last parameter of a `Pool`; leave it to its default. It is sealed: there is no other proof than the checked one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the proof that `{N}` is a pool capacity",
    label = "leave the last parameter of `Pool` out"
)]
pub trait Storage<const N: usize>: sealed::Sealed + fmt::Debug + 'static {
    /// The number of 64-bit words of the hierarchical hint bitmaps.
    ///
    /// There is one bit for each group of slots (64 slots; 1/64 of the pool where it has less than 4096), and on each
    /// level above one bit for each word below, until one word is left.
    type HintWords: ArrayLength;
}

/// The storage of a pool of `N` slots: a proof that `N` is a capacity.
///
/// The compiler computes it from `N` alone, as the default of the last parameter of a `Pool`.
pub type ValidCapacity<const N: usize> = <usize as Capacity<N>>::Proof;

macro_rules! hint_words {
    ($($n:literal $words:ty;)*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl Storage<$n> for Slots<$n> {
                type HintWords = $words;
            }
        )*

        #[cfg(test)]
        const HINT_WORDS: &[(usize, usize)] = &[$(
            ($n, <<ValidCapacity<$n> as Storage<$n>>::HintWords as Unsigned>::USIZE),
        )*];
    };
}

// Literals, not quotients (see above). typenum has names up to 1024; above, sums of the words of each level are cheap.
// A test computes every row again.
hint_words! {
    1 tn::U1;
    2 tn::U1;
    4 tn::U1;
    8 tn::U1;
    16 tn::U1;
    32 tn::U1;
    64 tn::U1;
    128 tn::U1;
    256 tn::U1;
    512 tn::U1;
    1024 tn::U1;
    2048 tn::U1;
    4096 tn::U1;
    8192 tn::U3;
    16384 tn::U5;
    32768 tn::U9;
    65536 tn::U17;
    131072 tn::U33;
    262144 tn::U65;
    524288 tn::U131;
    1048576 tn::U261;
    2097152 tn::U521;
    4194304 Sum<tn::U1024, tn::U17>;
    8388608 Sum<tn::U2048, tn::U33>;
    16777216 Sum<tn::U4096, tn::U65>;
    33554432 Sum<tn::U8192, tn::U131>;
    67108864 Sum<tn::U16384, tn::U261>;
    134217728 Sum<tn::U32768, tn::U521>;
    268435456 Sum<tn::U65536, Sum<tn::U1024, tn::U17>>;
    536870912 Sum<tn::U131072, Sum<tn::U2048, tn::U33>>;
    1073741824 Sum<tn::U262144, Sum<tn::U4096, tn::U65>>;
}

use sealed::Slots;

mod sealed {
    pub trait Sealed {}

    /// The proof that `N` is a capacity.
    #[derive(Debug)]
    pub struct Slots<const N: usize>(());

    impl<const N: usize> Sealed for Slots<N> {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_the_words_of_its_levels() {
        assert_eq!(HINT_WORDS.len(), 31);
        for (log2, &(n, words)) in HINT_WORDS.iter().enumerate() {
            assert_eq!(n, 1 << log2);
            let groups = if n < 4096 { n.min(64) } else { n / 64 };
            let mut level = groups.div_ceil(64);
            let mut expected = level;
            while level > 1 {
                level = level.div_ceil(64);
                expected += level;
            }
            assert_eq!(words, expected, "{n} slots");
        }
    }

    #[test]
    fn exponents_fit_their_powers() {
        assert_eq!(Log2::<1>::USIZE, 0);
        assert_eq!(Log2::<4096>::USIZE, 12);
        assert_eq!(Log2::<1073741824>::USIZE, 30);
    }
}
