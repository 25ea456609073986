//! Pools without sessions: slots are claimed by compare-exchange, and hints are closed without leases.
#![cfg(loom)]

use std::{collections::BTreeSet, sync::Arc};

use loom::thread;
use pool_core::{geometry::Shape, sync::model::set_lane};
use pool_tests::model::{
    World, check,
    deeds::{
        Deed::{self, Alloc, Drop, Free, Publish, Share},
        Log, act,
    },
};

/// One group of two slots.
const GROUP: Shape = Shape::with_groups(1, 1);
/// Four groups of one slot, two levels of hints.
const FOUR: Shape = Shape::with_groups(2, 0);

/// Runs threads beside each other, each with so many boxes from the start, in lanes of their own or in one.
fn beside(shape: Shape, threads: &'static [(usize, &'static [Deed])], one_lane: bool, preemptions: usize) {
    let name = format!("{threads:?} in {shape:?}, one lane: {one_lane}");
    let runs = check(&name, Some(preemptions), move || {
        let world = World::local(shape);
        let logs: Vec<_> = threads.iter().map(|_| Log::of(&[])).collect();
        for ((boxes, _), log) in threads.iter().zip(&logs) {
            act(&world, &world.desk(), &[Alloc].repeat(*boxes), log);
        }
        let others: Vec<_> = (1..threads.len())
            .map(|me| {
                let (world, log) = (Arc::clone(&world), Arc::clone(&logs[me]));
                thread::spawn(move || {
                    set_lane(if one_lane { 0 } else { me as u32 });
                    act(&world, &world.desk(), threads[me].1, &log);
                })
            })
            .collect();
        act(&world, &world.desk(), threads[0].1, &logs[0]);
        for other in others {
            other.join().unwrap();
        }
        let mut all = BTreeSet::new();
        for log in &logs {
            for slot in log.lock().unwrap().slots() {
                world.write(slot, 1);
                assert!(all.insert(slot), "slot {slot} was handed out twice");
            }
        }
        for slot in world.drain_local() {
            assert!(all.insert(slot), "slot {slot} is in use and was handed out");
        }
        assert_eq!(all.len(), shape.slots() as usize, "slots are lost or hidden: {all:?} are left");
    });
    println!("{name}: {runs} orders");
}

#[test]
fn claims_beside_claims() {
    beside(GROUP, &[(0, &[Alloc]), (0, &[Alloc])], true, 3);
    beside(GROUP, &[(0, &[Alloc, Alloc]), (0, &[Alloc])], false, 2);
}

#[test]
fn claims_beside_frees_in_one_group() {
    beside(GROUP, &[(1, &[Alloc, Alloc]), (1, &[Free])], false, 3);
    beside(GROUP, &[(1, &[Free, Alloc]), (1, &[Free, Alloc])], true, 2);
}

#[test]
fn an_object_passes_through_a_free_slot() {
    let shape = Shape::with_groups(0, 0);
    beside(shape, &[(1, &[Free]), (0, &[Alloc, Free, Alloc])], true, 3);
    beside(shape, &[(1, &[Share, Drop]), (0, &[Alloc, Publish])], false, 3);
}

#[test]
fn closers_beside_a_freer_on_two_levels() {
    beside(FOUR, &[(3, &[Alloc]), (1, &[Free])], true, 2);
    beside(FOUR, &[(2, &[Alloc, Alloc]), (1, &[Free])], false, 2);
    beside(FOUR, &[(1, &[Free]), (3, &[Free, Free])], false, 2);
}

#[test]
fn two_closers_of_one_group_beside_a_freer() {
    beside(GROUP, &[(0, &[Alloc]), (0, &[Alloc]), (1, &[Free])], false, 2);
}
