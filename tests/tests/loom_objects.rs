//! Every pair of short scripts that guards run on one object, as sessions of a region and as threads of a local pool.
//!
//! The transitions of a slot are checked by themselves elsewhere; here they are strung together as guards do it, with
//! the caches and private counts of sessions, and with what a guard does when the last one lets go. In the end the data
//! references add up, and every slot is somebody's or free to be claimed.
#![cfg(loom)]

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use loom::thread;
use pool_core::{geometry::Shape, objects::Objects, sync::model::set_lane};
use pool_tests::model::{
    Private, World, check,
    deeds::{
        Deed::{self, Adopt, Alloc, Drop, Free, Get, GiveUp, IntoId, Own, Publish, Share, Take, ToId},
        Log, act,
    },
};

/// What somebody has done before the model begins, and what they do in it.
type Row = (&'static [Deed], &'static [Deed]);

const ROWS: &[Row] = &[
    (&[], &[Alloc, Publish]),
    (&[], &[Alloc, Share, Drop]),
    (&[], &[Take(0), Free]),
    (&[], &[Take(0), Publish]),
    (&[], &[Get(0), Drop]),
    (&[], &[Get(0), IntoId]),
    (&[], &[Get(0), ToId, Drop]),
    (&[], &[Get(0), Own]),
    (&[], &[Adopt(0), Drop]),
    (&[], &[Adopt(0), Own, Free]),
    (&[], &[GiveUp(0)]),
    (&[], &[GiveUp(0), Alloc]),
    (&[Get(0)], &[Drop]),
    (&[Get(0)], &[IntoId]),
    (&[Get(0)], &[Own, Publish]),
    (&[Get(0)], &[Get(0), Drop, Drop]),
    (&[Get(0)], &[Adopt(0), Drop, Drop]),
    (&[Adopt(0)], &[Drop]),
    (&[Adopt(0)], &[IntoId]),
    (&[Adopt(0)], &[Own, Free]),
    (&[Adopt(0), Get(0)], &[Drop, ToId, Drop]),
    (&[Take(0)], &[Publish]),
    (&[Take(0)], &[Share, Drop]),
    (&[Take(0)], &[Free]),
];

/// Two slots, two groups; the object is in slot 0.
const SHAPE: Shape = Shape::with_groups(1, 0);

/// Checks what two have in the end; `rest` finds what is left.
fn settle(world: &World, data: u64, logs: [&Mutex<Log>; 2], rest: impl FnOnce() -> BTreeSet<u32>) {
    let logs = logs.map(|log| log.lock().unwrap().clone());
    let known = data as i64 + logs[0].data + logs[1].data;
    assert_eq!(world.data() as i64, known, "data references: {logs:?}");
    let boxes: Vec<_> = logs.iter().flat_map(|log| &log.boxes).collect();
    let mut all: BTreeSet<_> = logs.iter().flat_map(Log::slots).collect();
    let references: BTreeSet<_> = logs.iter().flat_map(|log| &log.references).collect();
    assert_eq!(all.len(), boxes.len() + references.len(), "somebody owns what others have: {logs:?}");
    for slot in &all {
        let _ = world.read(*slot);
    }
    for slot in rest() {
        assert!(all.insert(slot), "slot {slot} is in use and was handed out: {logs:?}");
    }
    assert_eq!(all.len(), SHAPE.slots() as usize, "slots are lost: {all:?} are left of {logs:?}");
}

/// Whether both got what they are said to have before the model begins.
fn endowed(rows: [Row; 2], logs: [&Mutex<Log>; 2]) -> bool {
    rows.iter().zip(logs).all(|((before, _), log)| log.lock().unwrap().slots().count() == before.len())
}

fn sessions(rows: [Row; 2], data: u64) -> u64 {
    check(format_args!("sessions: {rows:?}, {data} data references"), Some(2), move || {
        let world = World::new(SHAPE);
        assert_eq!(world.publish(0, data), 1);
        let logs = [Log::of(&[]), Log::of(&[])];
        let privates = [Private::new(SHAPE), Private::new(SHAPE)];
        for session in [0, 1] {
            act(&world, &world.member(&privates[session], session as u32), rows[session].0, &logs[session]);
        }
        if !endowed(rows, [&logs[0], &logs[1]]) {
            return;
        }
        let [ours, theirs] = privates;
        let (w, log) = (Arc::clone(&world), Arc::clone(&logs[1]));
        let other = thread::spawn(move || {
            act(&w, &w.member(&theirs, 1), rows[1].1, &log);
            theirs
        });
        act(&world, &world.member(&ours, 0), rows[0].1, &logs[0]);
        let theirs = other.join().unwrap();
        settle(&world, data, [&logs[0], &logs[1]], || {
            // A session's guards are what it has beside its cache, which holds nothing in so small a pool.
            for (session, private) in [(0, &ours), (1, &theirs)] {
                let has = logs[session as usize].lock().unwrap().slots().count() != 0;
                assert_eq!(world.member(private, session).has_guards(), has);
            }
            world.drain(0b11)
        });
    })
}

fn threads(rows: [Row; 2], data: u64) -> u64 {
    check(format_args!("threads: {rows:?}, {data} data references"), Some(2), move || {
        let world = World::local(SHAPE);
        {
            let pool = world.desk();
            assert_eq!(pool.alloc(), Ok(0));
            pool.share(0, false);
            (0..data).for_each(|_| assert!(pool.ref_to_handle(0).is_ok()));
            pool.drop_ref(0);
        }
        let logs = [Log::of(&[]), Log::of(&[])];
        for thread in [0, 1] {
            act(&world, &world.desk(), rows[thread].0, &logs[thread]);
        }
        if !endowed(rows, [&logs[0], &logs[1]]) {
            return;
        }
        let (w, log) = (Arc::clone(&world), Arc::clone(&logs[1]));
        let other = thread::spawn(move || {
            set_lane(1);
            act(&w, &w.desk(), rows[1].1, &log);
        });
        act(&world, &world.desk(), rows[0].1, &logs[0]);
        other.join().unwrap();
        settle(&world, data, [&logs[0], &logs[1]], || world.drain_local());
    })
}

fn every_pair(run: impl Fn([Row; 2], u64) -> u64) {
    let (mut models, mut orders) = (0, 0);
    for data in [1, 2] {
        for (index, a) in ROWS.iter().enumerate() {
            for b in &ROWS[index..] {
                orders += run([*a, *b], data);
                models += 1;
            }
        }
    }
    println!("{models} models, {orders} orders");
}

#[test]
fn every_pair_of_sessions() {
    every_pair(sessions);
}

#[test]
fn every_pair_of_threads() {
    every_pair(threads);
}
