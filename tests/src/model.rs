//! What the models share: the words of a pool over loom's atomics, and objects whose accesses loom checks.
//!
//! A model runs real code of the core in two or three threads, in every order and with every stale value that the
//! memory model allows. An object is a cell that loom watches: two accesses that no release and acquire bring into an
//! order are a failure, so a missing ordering shows even where the words come out right.
#![allow(unsafe_code, reason = "accesses objects whose ownership the model itself checks")]

pub mod deeds;

use core::{cell::Cell, fmt::Display, panic::AssertUnwindSafe};
use std::{
    collections::BTreeSet,
    panic::{catch_unwind, resume_unwind},
    sync::{Arc, Mutex},
};

use loom::cell::UnsafeCell;
use pool_core::{
    audit::{Census, census},
    cache::{Cache, Kept},
    geometry::Shape,
    hints::{self, Hints},
    holder::Bit,
    lease::{self, Leases},
    local::{Desk, Local},
    member::Member,
    objects::Objects,
    pool::Pool,
    slot::Record,
    sync::{AtomicU32, AtomicU64},
    word::{SESSIONS, State},
};

/// A pool of a region, with objects of one number each.
#[derive(Debug)]
pub struct World {
    shape: Shape,
    records: Vec<Record>,
    hints: Vec<AtomicU64>,
    used: Vec<AtomicU64>,
    leases: Vec<AtomicU32>,
    kept: Vec<Kept>,
    objects: Vec<UnsafeCell<u64>>,
    desk: Option<Desk>,
}

// SAFETY: loom runs one thread at a time, and fails the model where two accesses to an object are not ordered.
unsafe impl Sync for World {}

impl World {
    /// Makes an empty pool.
    #[must_use]
    pub fn new(shape: Shape) -> Arc<Self> {
        let groups = shape.groups();
        Arc::new(Self {
            shape,
            records: many(shape.slots() as usize, Record::new),
            hints: many(hints::words(groups), || AtomicU64::new(0)),
            used: many(lease::used_words(groups), || AtomicU64::new(0)),
            leases: many(groups as usize, || AtomicU32::new(0)),
            kept: many(4, Kept::default),
            objects: many(shape.slots() as usize, || UnsafeCell::new(0)),
            desk: None,
        })
    }

    /// Makes an empty pool outside of a region.
    #[must_use]
    pub fn local(shape: Shape) -> Arc<Self> {
        let world = Arc::into_inner(Self::new(shape)).expect("made just now");
        Arc::new(Self { desk: Some(Desk::new()), ..world })
    }

    /// The words of the pool.
    #[must_use]
    pub fn pool(&self) -> Pool<'_> {
        let hints = Hints::new(&self.hints, self.shape.groups());
        Pool::new(&self.records, hints, Leases::new(&self.leases, &self.used), self.shape, 1)
    }

    /// The pool outside of a region.
    ///
    /// # Panics
    ///
    /// Where the pool is one of a region.
    #[must_use]
    pub fn desk(&self) -> Local<'_> {
        let hints = Hints::new(&self.hints, self.shape.groups());
        Local::new(&self.records, hints, self.desk.as_ref().expect("a local pool"), self.shape)
    }

    /// The pool as a session sees it.
    #[must_use]
    pub fn member<'a>(&'a self, private: &'a Private, session: u32) -> Member<'a> {
        let member = Member::new(self.pool(), &private.cache, &private.counts, &self.kept[session as usize]);
        if private.cache.me().is_none() {
            member.join(bit(session));
        }
        member
    }

    /// Writes an object; a failure of the model where anybody else may access it.
    pub fn write(&self, slot: u32, value: u64) {
        // SAFETY: loom fails the model where this is not the only access.
        self.objects[slot as usize].with_mut(|object| unsafe { *object = value });
    }

    /// Reads an object; a failure of the model where anybody may write it.
    #[must_use]
    pub fn read(&self, slot: u32) -> u64 {
        // SAFETY: loom fails the model where somebody writes.
        self.objects[slot as usize].with(|object| unsafe { *object })
    }

    /// Claims up to `most` slots; returns them.
    #[must_use]
    pub fn claim(&self, session: u32, from: u32, most: usize) -> Vec<u32> {
        let found = vec![Cell::new(u32::MAX); most];
        let (count, _) = self.pool().claim(bit(session), from, most, &found);
        found[..count].iter().map(Cell::get).collect()
    }

    /// Gives slots back.
    pub fn give_back(&self, slots: &[u32]) {
        self.pool().give_back(&slots.iter().copied().map(Cell::new).collect::<Vec<_>>());
    }

    /// Makes a slot one of this session's that it claimed before the model began; closes its group where that is full.
    pub fn seize(&self, session: u32, slot: u32) {
        let pool = self.pool();
        let group = self.shape.group_of(slot);
        let lease = pool.leases().acquire(group, bit(session)).expect("nobody has the lease");
        pool.record(slot).claim_leased(bit(session));
        if !pool.any_free(group) {
            pool.hints().close(group, || false);
        }
        drop(lease);
    }

    /// Makes an object that only data refers to, in a slot that is free. Returns its generation.
    pub fn publish(&self, slot: u32, data: u64) -> u64 {
        self.seize(0, slot);
        let record = self.pool().record(slot);
        let generation = record.publish_data(false);
        record.set(State::Data { data, generation, tainted: false }, generation);
        self.write(slot, generation);
        generation
    }

    /// How many data references there are in all.
    #[must_use]
    pub fn data(&self) -> u64 {
        let of = |record: &Record| match record.state() {
            State::Data { data, .. } | State::Held { data, .. } => data,
            _ => 0,
        };
        self.records.iter().map(of).sum()
    }

    /// Takes what is left when all threads are done: objects that only data refers to, and what is free. Returns the
    /// slots, where every invariant holds; `live` has a bit for each session that is there.
    ///
    /// # Panics
    ///
    /// Where an invariant does not hold.
    #[must_use]
    pub fn drain(&self, live: u64) -> BTreeSet<u32> {
        const LAST: u32 = SESSIONS - 1;
        let _: Census = self.census(live);
        let pool = self.pool();
        let mut rest = BTreeSet::new();
        for slot in 0..self.shape.slots() {
            if let State::Data { data, generation, .. } = pool.record(slot).state() {
                for _ in 1..data {
                    assert_eq!(pool.record(slot).forget_data(generation), Ok(()));
                }
                assert!(pool.record(slot).take(generation, bit(LAST)).is_ok());
                self.write(slot, 0);
                rest.insert(slot);
            }
        }
        for slot in self.claim(LAST, 0, self.shape.slots() as usize) {
            self.write(slot, 0);
            assert!(rest.insert(slot), "slot {slot} was handed out twice");
        }
        rest
    }

    /// Takes what is left of a local pool when all threads are done. Returns the slots.
    ///
    /// # Panics
    ///
    /// Where the pool is one of a region, or a slot is handed out twice.
    #[must_use]
    pub fn drain_local(&self) -> BTreeSet<u32> {
        let pool = self.desk();
        let mut rest = BTreeSet::new();
        for slot in 0..self.shape.slots() {
            while let Some(handle) = pool.table().handle_of_data(slot) {
                assert_eq!(pool.free(handle), Ok(()));
            }
        }
        while let Ok(slot) = pool.alloc() {
            self.write(slot, 0);
            assert!(rest.insert(slot), "slot {slot} was handed out twice");
        }
        rest
    }

    /// Counts the slots, where every invariant holds; `live` has a bit for each session that is there.
    ///
    /// # Panics
    ///
    /// Where one does not hold.
    #[must_use]
    pub fn census(&self, live: u64) -> Census {
        census(&self.pool(), live, |fault| panic!("{fault:?}"))
    }
}

/// A session's private part of the pool.
#[derive(Debug)]
pub struct Private {
    cache: Cache,
    counts: Vec<Cell<u32>>,
}

impl Private {
    /// Makes that of nobody, for a pool of this shape.
    #[must_use]
    pub fn new(shape: Shape) -> Self {
        Self { cache: Cache::new(), counts: many(shape.slots() as usize, || Cell::new(0)) }
    }
}

/// The bit of a session.
///
/// # Panics
///
/// Where there is no such session.
#[must_use]
pub fn bit(session: u32) -> Bit {
    Bit::of(session).unwrap_or_else(|| panic!("session {session} of {SESSIONS}"))
}

fn many<T>(count: usize, make: impl Fn() -> T) -> Vec<T> {
    (0..count).map(|_| make()).collect()
}

/// Runs a model in every order, with at most so many preemptions where that is limited. Returns how many orders.
///
/// # Panics
///
/// Where the model fails in one of them; says which model it is.
pub fn check(name: impl Display, preemptions: Option<usize>, model: impl Fn() + Send + Sync + 'static) -> u64 {
    let runs = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&runs);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        builder.check(move || {
            *counted.lock().unwrap() += 1;
            model();
        });
    }));
    let runs = *runs.lock().unwrap();
    if let Err(panic) = outcome {
        eprintln!("order {runs} of the model `{name}` fails");
        resume_unwind(panic);
    }
    runs
}
