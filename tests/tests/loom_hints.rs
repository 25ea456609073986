//! Closers and freers on hints of several levels: at rest no free slot is hidden.
//!
//! Under loom a hint word has two bits, so four groups have two levels and eight have three. Groups are of one slot:
//! a claim closes its group, a free opens it.
#![cfg(loom)]

use std::sync::Arc;

use loom::thread;
use pool_core::geometry::Shape;
use pool_tests::model::{World, bit, check};

/// What a session does with the one slot of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// It claims the slot, and with that closes the group.
    Close(u32),
    /// It frees the slot, which it has.
    Open(u32),
}

use Step::{Close, Open};

fn run(world: &World, me: u32, steps: &[Step]) {
    for step in steps {
        match *step {
            // Under the lease like any claim, but of this group: a search might find another one open.
            Close(group) => {
                let pool = world.pool();
                let lease = pool.leases().acquire(group, bit(me)).expect("nobody else claims here");
                pool.record(group).claim_leased(bit(me));
                pool.hints().close(group, || pool.any_free(group));
                drop(lease);
            }
            Open(group) => world.give_back(&[group]),
        }
    }
}

/// Runs threads beside each other over groups of which those in `open` (a bit each) have a free slot.
fn beside(groups_log2: u32, open: u32, threads: Vec<Vec<Step>>, preemptions: usize) -> u64 {
    let shape = Shape::with_groups(groups_log2, 0);
    let name = format!("{} groups, open {open:#b}, {threads:?}", shape.groups());
    let threads = Arc::new(threads);
    check(name, Some(preemptions), move || {
        let world = World::new(shape);
        let mut open_then = open;
        for group in (0..shape.groups()).filter(|group| open >> group & 1 == 0) {
            world.seize(0, group);
        }
        let others: Vec<_> = (1..threads.len())
            .map(|me| {
                let (world, threads) = (Arc::clone(&world), Arc::clone(&threads));
                thread::spawn(move || run(&world, me as u32, &threads[me]))
            })
            .collect();
        run(&world, 0, &threads[0]);
        for other in others {
            other.join().unwrap();
        }
        for step in threads.iter().flatten() {
            match *step {
                Close(group) => open_then &= !(1 << group),
                Open(group) => open_then |= 1 << group,
            }
        }
        let found = world.drain(0b1111).into_iter().fold(0, |found, group| found | 1 << group);
        assert_eq!(found, open_then, "what is free and what a claim finds");
    })
}

/// The step that is possible in a group: the free slot is claimed, the other one freed.
fn step(group: u32, open: u32) -> Step {
    if open >> group & 1 == 0 { Open(group) } else { Close(group) }
}

#[test]
fn every_pair_of_steps_on_two_levels() {
    let (mut models, mut orders) = (0, 0);
    for open in 0..16 {
        for (a, b) in (0..4).flat_map(|b| (0..b).map(move |a| (a, b))) {
            orders += beside(2, open, vec![vec![step(a, open)], vec![step(b, open)]], 4);
            models += 1;
        }
    }
    println!("{models} models, {orders} orders");
}

#[test]
fn a_group_that_is_closed_and_opened_at_once() {
    // The closer's slot is freed by the closer itself, or another slot of the group by somebody else.
    let mut orders = 0;
    for open in [0b0001, 0b0101, 0b1101, 0b1111] {
        let other = step(2, open);
        orders += beside(2, open, vec![vec![Close(0), Open(0)], vec![other]], 3);
        orders += beside(2, open, vec![vec![Close(0), Open(0)], vec![step(1, open)]], 3);
    }
    println!("{orders} orders");
}

#[test]
fn three_sessions_on_two_levels() {
    let mut orders = 0;
    for open in [0b0001, 0b0010, 0b0101, 0b0111, 0b1001] {
        for (b, c) in [(1, 2), (2, 3)] {
            orders += beside(2, open, vec![vec![step(0, open)], vec![step(b, open)], vec![step(c, open)]], 2);
        }
    }
    println!("{orders} orders");
}

#[test]
fn a_closer_who_thinks_better_of_it_takes_back_what_others_made_of_it() {
    // Session 0 closes group 0 and finds the word full: its bit one level up. Session 1 frees group 1, so the word is
    // not full after all; but before session 0 looks again, session 1 closes group 2, finds the level above full with
    // session 0's bit in it, and closes the level above that.
    let orders = beside(3, 0b0101, vec![vec![Close(0)], vec![Open(1), Close(2)]], 3);
    println!("{orders} orders");
}

#[test]
fn sessions_on_three_levels() {
    let mut orders = 0;
    for (open, a, b) in [
        (0b0000_0001, vec![Close(0)], vec![Open(1)]),
        (0b0000_0001, vec![Close(0)], vec![Open(2)]),
        (0b0000_0001, vec![Close(0)], vec![Open(7)]),
        (0b0000_0101, vec![Close(0)], vec![Close(2), Open(1)]),
        (0b0001_0001, vec![Close(0)], vec![Close(4)]),
        (0b0000_0000, vec![Open(0)], vec![Open(1)]),
    ] {
        orders += beside(3, open, vec![a, b], 3);
    }
    println!("{orders} orders");
}
