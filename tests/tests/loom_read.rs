//! Somebody copies an object without holding it, while its owner changes.
//!
//! The reader looks whether the handle is valid, copies, and looks again. Where both looks find it valid, the copy is
//! what was published under that handle, and not what the next owner writes. The object is an atomic here: that the
//! two accesses race is the point, and a copy in words is what the typed shell does.
#![cfg(loom)]

use std::sync::Arc;

use loom::thread;
use pool_core::{
    geometry::Shape,
    holder::Count,
    slot::Unheld,
    sync::{
        AtomicU64,
        Ordering::{Acquire, Relaxed},
        fence,
    },
    word::{State, low},
};
use pool_tests::model::{World, bit, check};

/// One group of two slots: it is not closed when the object's slot is claimed, which would be a fence.
const SHAPE: Shape = Shape::with_groups(1, 1);

const OLD: u64 = 7;
const NEW: u64 = 8;

/// Runs a reader beside those who own the object one after the other.
fn beside(name: &str, start: State, next: &'static [fn(&World, &AtomicU64)]) {
    let runs = check(name, Some(3), move || {
        let (world, object) = (World::new(SHAPE), Arc::new(AtomicU64::new(OLD)));
        world.pool().record(0).set(start, 1);
        let others: Vec<_> = next
            .iter()
            .map(|next| {
                let (world, object) = (Arc::clone(&world), Arc::clone(&object));
                thread::spawn(move || next(&world, &object))
            })
            .collect();
        let table = world.pool().table();
        let handle = table.handle(0, 1);
        if table.look(handle).is_ok() {
            let copy = object.load(Relaxed);
            fence(Acquire);
            if table.look(handle).is_ok() {
                assert_eq!(copy, OLD, "the copy is the next owner's");
            }
        }
        for other in others {
            other.join().unwrap();
        }
    });
    println!("{name}: {runs} orders");
}

const HELD: State = State::Held { data: 0, low: low(1), holders: 1, tainted: false };
const DATA: State = State::Data { data: 1, generation: 1, tainted: false };

#[test]
fn the_object_is_taken() {
    beside(
        "take",
        DATA,
        &[|world, object| {
            assert!(world.pool().record(0).take(1, bit(0)).is_ok());
            object.store(NEW, Relaxed);
        }],
    );
}

#[test]
fn the_only_reference_becomes_a_box() {
    beside(
        "own",
        HELD,
        &[|world, object| {
            assert!(world.pool().record(0).own(bit(0)).is_ok());
            object.store(NEW, Relaxed);
        }],
    );
}

#[test]
fn the_last_reference_is_dropped_and_the_slot_allocated_again() {
    // Through the session's cache: no other change of a word comes between.
    beside(
        "unhold",
        HELD,
        &[|world, object| {
            assert_eq!(world.pool().record(0).unhold(bit(0)), Unheld::Owned { tainted: false });
            object.store(NEW, Relaxed);
        }],
    );
}

#[test]
fn the_slot_is_freed_and_claimed_by_somebody_else() {
    beside(
        "free and claim",
        DATA,
        &[take_and_free, |world, object| {
            if world.claim(1, 0, 1) == [0] {
                object.store(NEW, Relaxed);
            }
        }],
    );
}

#[test]
fn the_slot_of_a_local_pool_is_freed_and_claimed_by_somebody_else() {
    beside(
        "free and claim by compare-exchange",
        DATA,
        &[take_and_free, |world, object| {
            if world.pool().record(0).try_claim(Count) {
                object.store(NEW, Relaxed);
            }
        }],
    );
}

fn take_and_free(world: &World, _: &AtomicU64) {
    let record = world.pool().record(0);
    assert!(record.take(1, bit(0)).is_ok());
    record.release(u64::MAX);
}
