//! The steps of a sequence, and how they are drawn.

use proptest::{prelude::*, prop_oneof};

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

/// Draws a step: those that make objects and those that give them up are about as likely.
pub(crate) fn step() -> impl Strategy<Value = Step> {
    let some = || any::<prop::sample::Index>().prop_map(|index| index.index(1 << 16));
    prop_oneof![
        8 => some().prop_map(Step::Alloc),
        2 => some().prop_map(Step::AllocThree),
        2 => some().prop_map(Step::Write),
        3 => some().prop_map(Step::DropBox),
        1 => some().prop_map(Step::ForgetBox),
        6 => some().prop_map(Step::IntoId),
        4 => some().prop_map(Step::IntoShared),
        2 => some().prop_map(Step::ThroughRaw),
        3 => some().prop_map(Step::CloneShared),
        4 => some().prop_map(Step::DropShared),
        1 => some().prop_map(Step::ForgetShared),
        3 => some().prop_map(Step::ToId),
        3 => some().prop_map(Step::SharedIntoId),
        4 => some().prop_map(Step::TryIntoBox),
        5 => (some(), some()).prop_map(|(session, id)| Step::Take(session, id)),
        5 => (some(), some()).prop_map(|(session, id)| Step::Adopt(session, id)),
        3 => (some(), some()).prop_map(|(session, id)| Step::Free(session, id)),
        5 => (some(), some()).prop_map(|(session, object)| Step::Get(session, object)),
        2 => (some(), some()).prop_map(|(session, object)| Step::Read(session, object)),
        2 => (some(), some()).prop_map(|(session, id)| Step::Stale(session, id)),
        1 => (some(), some()).prop_map(|(session, object)| Step::Foreign(session, object)),
        1 => (some(), any::<u64>()).prop_map(|(session, bits)| Step::RandomBits(session, bits)),
        1 => some().prop_map(Step::IdOf),
        1 => some().prop_map(Step::List),
        2 => some().prop_map(Step::GiveBackCache),
        1 => (some(), any::<bool>()).prop_map(|(session, forget)| Step::Leave(session, forget)),
    ]
}
