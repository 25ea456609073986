//! What handles own, read from the words of a region; and what a script may make of it.
//!
//! Every operation is one atomic change of one word. So as a script goes on, what a reaper would leave of it steps from
//! one ledger to the next, in the order of the script's story, and never stands in between or goes back.

use core::{fmt, num::NonZeroU64};
use std::collections::{BTreeMap, BTreeSet};

use pool_core::{
    handle::{Format, Parts},
    word::State,
};
use pool_tests::words::words_of;

use crate::stage::{Id, Me, Region, SLOTS};

/// How many handles own each object, by its number.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Ledger(BTreeMap<u64, u64>);

/// The number of an object, and how many handles own it from now on.
pub(crate) type Change = (u64, u64);

impl FromIterator<Change> for Ledger {
    fn from_iter<I: IntoIterator<Item = Change>>(changes: I) -> Self {
        let mut ledger = Self::default();
        changes.into_iter().for_each(|change| ledger.note(change));
        ledger
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Ledger {
    pub(crate) fn note(&mut self, (number, handles): Change) {
        match handles {
            0 => self.0.remove(&number),
            _ => self.0.insert(number, handles),
        };
    }

    pub(crate) fn of(&self, number: u64) -> u64 {
        self.0.get(&number).copied().unwrap_or(0)
    }

    pub(crate) fn numbers(&self) -> impl Iterator<Item = u64> {
        self.0.keys().copied()
    }

    /// The objects that handles own.
    pub(crate) fn len(&self) -> u64 {
        self.0.len() as u64
    }

    /// Reads what handles own, and compares each object's contents with its number.
    pub(crate) fn read(region: &Region, me: &Me<'_>) -> Self {
        owned(region, me).into_iter().map(|(number, _, handles)| (number, handles)).collect()
    }
}

/// The objects that handles own: number, handle, and how many handles.
pub(crate) fn owned(region: &Region, me: &Me<'_>) -> Vec<(u64, Id, u64)> {
    let words = words_of(region);
    let mut all: Vec<(u64, Id, u64)> = Vec::new();
    for slot in words.used_slots() {
        let (handles, generation) = match words.record(slot).state() {
            State::Data { data, generation, .. } => (data, generation),
            State::Held { data, .. } if data != 0 => (data, words.record(slot).generation()),
            _ => continue,
        };
        let id = handle(slot, generation);
        let object = me.read(id).unwrap_or_else(|error| panic!("slot {slot} is owned by {handles} handles: {error}"));
        assert!(object.is(object.number), "{object:?} in slot {slot} is spoilt");
        assert!(all.iter().all(|(number, ..)| *number != object.number), "{object:?} is there twice");
        all.push((object.number, id, handles));
    }
    all
}

/// Handles that nobody was ever given, or not yet, or that are used up: the neighbours of every slot's last one.
pub(crate) fn near_misses(region: &Region) -> Vec<Id> {
    let words = words_of(region);
    let mut all = Vec::new();
    for slot in words.used_slots() {
        let record = words.record(slot);
        let last = record.generation();
        let is_published = matches!(record.state(), State::Data { .. } | State::Held { .. });
        let around = [last.wrapping_sub(1), last, last + 1, last + (1 << 13)];
        let wrong = around.into_iter().filter(|generation| !(is_published && *generation == last));
        all.extend(wrong.filter(|generation| *generation <= words.last_generation()).map(|g| handle(slot, g)));
    }
    all
}

fn handle(slot: u32, generation: u64) -> Id {
    let bits: NonZeroU64 = Format::new(SLOTS.trailing_zeros(), 1).pack(Parts { slot, generation });
    Id::from_bits(bits.get()).expect("it is not 0")
}

/// The ledgers that a script goes through, the one from before it first.
#[derive(Clone, Debug)]
pub(crate) struct Story(Vec<Ledger>);

impl Story {
    pub(crate) fn new(mut ledger: Ledger, before: &[Change], steps: &[Change]) -> Self {
        before.iter().for_each(|change| ledger.note(*change));
        let mut all = vec![ledger.clone()];
        for change in steps {
            ledger.note(*change);
            all.push(ledger.clone());
        }
        Self(all)
    }

    pub(crate) fn last(&self) -> usize {
        self.0.len() - 1
    }

    pub(crate) fn ledger(&self, chapter: usize) -> &Ledger {
        &self.0[chapter]
    }

    /// The chapter, of those from `from` on, that has this ledger.
    pub(crate) fn chapter(&self, from: usize, ledger: &Ledger) -> Option<usize> {
        (from..self.0.len()).find(|chapter| self.0[*chapter] == *ledger)
    }

    /// The numbers of the objects that the script changes anything about.
    pub(crate) fn touched(&self) -> BTreeSet<u64> {
        let all = || self.0.iter().flat_map(Ledger::numbers);
        all().filter(|number| self.0.iter().any(|ledger| ledger.of(*number) != self.0[0].of(*number))).collect()
    }

    /// What handles own of an object in the course of the script.
    pub(crate) fn all_of(&self, number: u64) -> impl Iterator<Item = u64> {
        self.0.iter().map(move |ledger| ledger.of(number))
    }
}
