//! The steps of a sequence, and how they are drawn.

use proptest::prelude::*;

/// Which of those that are there: taken modulo their number.
pub(crate) type Which = usize;

/// One step. Where there is nothing to do it with, it is skipped.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Alloc(Which),
    AllocThree(Which),
    /// Writes another value into a box.
    Write(Which),
    DropBox(Which),
    ForgetBox(Which),
    IntoId(Which),
    IntoShared(Which),
    /// Through `into_raw` and `from_raw`.
    ThroughRaw(Which),
    CloneShared(Which),
    DropShared(Which),
    ForgetShared(Which),
    ToId(Which),
    SharedIntoId(Which),
    TryIntoBox(Which),
    /// A session, and a handle that owns a reference.
    Take(Which, Which),
    Adopt(Which, Which),
    Free(Which, Which),
    /// A session, and a published object.
    Get(Which, Which),
    Read(Which, Which),
    /// A session, and a handle that was valid once.
    Stale(Which, Which),
    /// A session, and a published object, of whose handle the pool's ordinal is changed.
    Foreign(Which, Which),
    RandomBits(Which, u64),
    /// Addresses of everything that there is.
    IdOf(Which),
    List(Which),
    GiveBackCache(Which),
    /// A session leaves, having dropped its guards or forgotten them, and joins again.
    Leave(Which, bool),
}

/// Makes a step of three random numbers.
type Make = fn(Which, Which, u64) -> Step;

/// How often each kind of step is drawn: those that make objects and those that give them up are about as likely.
const WEIGHTS: &[(u32, Make)] = &[
    (8, |a, _, _| Step::Alloc(a)),
    (2, |a, _, _| Step::AllocThree(a)),
    (2, |a, _, _| Step::Write(a)),
    (3, |a, _, _| Step::DropBox(a)),
    (1, |a, _, _| Step::ForgetBox(a)),
    (6, |a, _, _| Step::IntoId(a)),
    (4, |a, _, _| Step::IntoShared(a)),
    (2, |a, _, _| Step::ThroughRaw(a)),
    (3, |a, _, _| Step::CloneShared(a)),
    (4, |a, _, _| Step::DropShared(a)),
    (1, |a, _, _| Step::ForgetShared(a)),
    (3, |a, _, _| Step::ToId(a)),
    (3, |a, _, _| Step::SharedIntoId(a)),
    (4, |a, _, _| Step::TryIntoBox(a)),
    (5, |a, b, _| Step::Take(a, b)),
    (5, |a, b, _| Step::Adopt(a, b)),
    (3, |a, b, _| Step::Free(a, b)),
    (5, |a, b, _| Step::Get(a, b)),
    (2, |a, b, _| Step::Read(a, b)),
    (2, |a, b, _| Step::Stale(a, b)),
    (1, |a, b, _| Step::Foreign(a, b)),
    (1, |a, _, bits| Step::RandomBits(a, bits)),
    (1, |a, _, _| Step::IdOf(a)),
    (1, |a, _, _| Step::List(a)),
    (2, |a, _, _| Step::GiveBackCache(a)),
    (1, |a, b, _| Step::Leave(a, b % 2 == 1)),
];

fn of_kind(mut kind: u32, a: Which, b: Which, bits: u64) -> Step {
    for (weight, make) in WEIGHTS {
        match kind.checked_sub(*weight) {
            Some(rest) => kind = rest,
            None => return make(a, b, bits),
        }
    }
    unreachable!("a kind beyond the sum of all weights")
}

/// Draws a step. (A union of strategies would be the usual way; unoptimized it takes longer than the pools do.)
pub(crate) fn step() -> impl Strategy<Value = Step> {
    let kinds = WEIGHTS.iter().map(|(weight, _)| weight).sum::<u32>();
    (0..kinds, 0..1_usize << 16, 0..1_usize << 16, any::<u64>())
        .prop_map(|(kind, a, b, bits)| of_kind(kind, a, b, bits))
}
