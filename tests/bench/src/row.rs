//! A row: one thing that is measured, and what came of it.

use crate::harness::Sample;

/// One thing that is measured.
pub(crate) struct Row {
    /// What it is, as `who: what`.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// What one operation is, where that is not plain from the name.
    pub(crate) note: &'static str,
    /// Performs so many iterations; sets the stage before its clock starts, and clears it after.
    pub(crate) run: Box<dyn FnMut(u64) -> Sample>,
}

/// What a row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What the machine can do.
    Limit,
    /// A typed pool.
    Ours,
    /// What a user would pick instead.
    Peer,
}

impl Kind {
    pub(crate) const ALL: [(Self, &'static str); 3] =
        [(Self::Limit, "Limits of the machine"), (Self::Ours, "Typed pools"), (Self::Peer, "What is used instead")];
}

impl Row {
    pub(crate) fn new(kind: Kind, name: &'static str, run: impl FnMut(u64) -> Sample + 'static) -> Self {
        Self { name, kind, note: "", run: Box::new(run) }
    }

    pub(crate) fn note(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }
}

/// What was measured of a row: nanoseconds per operation of each run that was kept, the shortest first.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) note: &'static str,
    pub(crate) kept: Vec<f64>,
    pub(crate) discarded: usize,
}

impl Figures {
    pub(crate) fn of(row: &Row) -> Self {
        Self { name: row.name, kind: row.kind, note: row.note, kept: Vec::new(), discarded: 0 }
    }

    pub(crate) fn median(&self) -> Option<f64> {
        self.kept.get(self.kept.len() / 2).copied()
    }

    pub(crate) fn best(&self) -> Option<f64> {
        self.kept.first().copied()
    }
}
