//! Random sequences of everything that a program can do with pools, beside a model of what they should come to.
//!
//! The model knows who has which object: boxes, references of each session, handles that own a reference. Each step is
//! done to the pool and to the model, and must come to the same; in the end the audit must be what the model says, and
//! when everything is given up every slot must be free.
#![cfg(not(loom))]

mod properties {
    pub(crate) mod model;
    pub(crate) mod place;
    pub(crate) mod steps;
}

use proptest::{
    collection::vec,
    test_runner::{Config, FileFailurePersistence, TestRunner},
};

use properties::{
    model::Model,
    place::{LocalPlace, MakeRegion, Place, RegionPlace},
    steps::step,
};

/// Sequences for each place and capacity.
const CASES: u32 = 400;
/// Steps of a sequence, at most.
const STEPS: usize = 100;
/// Capacities: 1, 2, 8, 64; 256, where session 0 has a cache; 1024, where all have.
const CAPACITIES: u32 = 6;
const PLACES: u32 = 3;

const _: () = assert!(CASES * CAPACITIES * PLACES >= 2000);

/// Runs random sequences in one kind of place; returns how many, and of how many steps.
fn sequences<P: Place>(make: impl Fn() -> P) -> (u32, u64) {
    let mut config = Config::with_cases(CASES);
    // Only a sequence that fails is written down, to be run first from then on.
    let regressions = FileFailurePersistence::Direct("proptest-regressions/properties.txt");
    config.failure_persistence = Some(Box::new(regressions));
    config.max_shrink_iters = 20_000;
    let (count, steps) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let outcome = TestRunner::new(config).run(&vec(step(), 1..=STEPS), |sequence| {
        let mut model = Model::new(make());
        for step in &sequence {
            model.take_step(step);
        }
        model.finish();
        count.set(count.get() + 1);
        steps.set(steps.get() + sequence.len() as u64);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    (count.get(), steps.get())
}

/// Adds up the runs in all capacities, and demands that none is missing.
fn count(runs: [(u32, u64); CAPACITIES as usize]) {
    let sequences: u32 = runs.iter().map(|run| run.0).sum();
    let steps: u64 = runs.iter().map(|run| run.1).sum();
    assert!(sequences >= CASES * CAPACITIES, "{sequences} sequences ran");
    println!("{sequences} sequences, {steps} steps");
}

macro_rules! in_regions {
    ($make:expr) => {
        count([
            sequences(RegionPlace::<1>::new($make)),
            sequences(RegionPlace::<2>::new($make)),
            sequences(RegionPlace::<8>::new($make)),
            sequences(RegionPlace::<64>::new($make)),
            sequences(RegionPlace::<256>::new($make)),
            sequences(RegionPlace::<1024>::new($make)),
        ])
    };
}

#[test]
fn regions_of_one_process() {
    in_regions!(MakeRegion::Heap);
}

#[test]
fn regions_behind_a_descriptor() {
    in_regions!(MakeRegion::Memfd);
}

#[test]
fn local_pools() {
    count([
        sequences(LocalPlace::<1>::new),
        sequences(LocalPlace::<2>::new),
        sequences(LocalPlace::<8>::new),
        sequences(LocalPlace::<64>::new),
        sequences(LocalPlace::<256>::new),
        sequences(LocalPlace::<1024>::new),
    ]);
}
