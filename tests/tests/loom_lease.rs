//! Claims of the same groups beside each other and beside frees: nothing is handed out twice, nothing is lost.
#![cfg(loom)]

use std::{collections::BTreeSet, sync::Arc};

use loom::thread;
use pool_core::geometry::Shape;
use pool_tests::model::{World, check};

/// What a thread does: it claims so many slots from a place on, or gives a slot back that it had.
#[derive(Clone, Copy, Debug)]
enum Step {
    Claim { from: u32, most: usize },
    Free { slot: u32 },
}

use Step::{Claim, Free};

/// Runs a thread's steps; returns the slots that it has in the end.
fn run(world: &World, me: u32, had: &[u32], steps: &[Step]) -> BTreeSet<u32> {
    let mut mine: BTreeSet<_> = had.iter().copied().collect();
    for step in steps {
        match *step {
            Claim { from, most } => {
                for slot in world.claim(me, from, most) {
                    // Fails where somebody else has the slot too, or had it and is not ordered before us.
                    world.write(slot, u64::from(me));
                    assert!(mine.insert(slot), "slot {slot} was handed out twice");
                }
            }
            Free { slot } => {
                if mine.remove(&slot) {
                    world.write(slot, u64::MAX);
                    world.give_back(&[slot]);
                }
            }
        }
    }
    for slot in &mine {
        assert_eq!(world.read(*slot), u64::from(me), "somebody else wrote slot {slot}");
    }
    mine
}

/// Runs threads beside each other, each with slots that it has from the start.
fn beside(shape: Shape, threads: &'static [(&'static [u32], &'static [Step])], preemptions: usize) {
    let runs = check(format_args!("{threads:?}"), Some(preemptions), move || {
        let world = World::new(shape);
        for (session, (had, _)) in threads.iter().enumerate() {
            for slot in *had {
                world.seize(session as u32, *slot);
                world.write(*slot, session as u64);
            }
        }
        let others: Vec<_> = (1..threads.len())
            .map(|me| {
                let world = Arc::clone(&world);
                let (had, steps) = threads[me];
                thread::spawn(move || run(&world, me as u32, had, steps))
            })
            .collect();
        let (had, steps) = threads[0];
        let mut all = vec![run(&world, 0, had, steps)];
        all.extend(others.into_iter().map(|other| other.join().unwrap()));

        all.push(world.drain(0b1111));
        let count: usize = all.iter().map(BTreeSet::len).sum();
        let union: BTreeSet<_> = all.iter().flatten().copied().collect();
        assert_eq!((count, union.len()), (shape.slots() as usize, shape.slots() as usize), "{all:?}");
    });
    println!("{threads:?}: {runs} orders");
}

/// One group of two slots.
const ONE_GROUP: Shape = Shape::with_groups(1, 1);
/// Two groups of two slots.
const TWO_GROUPS: Shape = Shape::with_groups(2, 1);

#[test]
fn two_claims_of_one_group() {
    beside(ONE_GROUP, &[(&[], &[Claim { from: 0, most: 1 }]), (&[], &[Claim { from: 0, most: 1 }])], 4);
    beside(ONE_GROUP, &[(&[], &[Claim { from: 0, most: 2 }]), (&[], &[Claim { from: 1, most: 2 }])], 4);
    beside(TWO_GROUPS, &[(&[], &[Claim { from: 1, most: 2 }]), (&[], &[Claim { from: 3, most: 2 }])], 2);
}

#[test]
fn a_claim_beside_a_free_in_the_same_group() {
    beside(ONE_GROUP, &[(&[1], &[Claim { from: 0, most: 1 }]), (&[0], &[Free { slot: 0 }])], 4);
    beside(ONE_GROUP, &[(&[], &[Claim { from: 0, most: 2 }]), (&[0], &[Free { slot: 0 }])], 4);
    beside(ONE_GROUP, &[(&[0], &[Free { slot: 0 }, Claim { from: 0, most: 1 }]), (&[1], &[Free { slot: 1 }])], 3);
}

#[test]
fn an_object_passes_through_a_free_slot() {
    const AGAIN: &[Step] = &[Claim { from: 0, most: 1 }, Free { slot: 0 }, Claim { from: 0, most: 1 }];
    beside(Shape::with_groups(0, 0), &[(&[], AGAIN), (&[], AGAIN)], 2);
    beside(Shape::with_groups(0, 0), &[(&[0], &[Free { slot: 0 }]), (&[], AGAIN)], 3);
}

#[test]
fn two_frees_beside_a_claim() {
    beside(
        ONE_GROUP,
        &[(&[], &[Claim { from: 0, most: 2 }]), (&[0], &[Free { slot: 0 }]), (&[1], &[Free { slot: 1 }])],
        2,
    );
}

#[test]
fn two_claims_beside_a_free() {
    beside(
        ONE_GROUP,
        &[(&[], &[Claim { from: 0, most: 1 }]), (&[], &[Claim { from: 0, most: 1 }]), (&[0], &[Free { slot: 0 }])],
        2,
    );
}
