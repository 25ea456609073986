//! Looking for the dead: it must not depend on what went before, nor on who inherited their locks.
#![cfg(not(loom))]

use core::time::Duration;
use std::{process, thread};

use pool_tests::{
    fork::{fork, fork_to_outlive},
    message::Rng,
    names::Name,
    process::{Line, Roles},
};
use pool_typed::{HandleError, JoinError, Mapped, ObjId, Pool, PoolBox};
use rustix::process::{Pid, Signal, kill_process};

type Numbers = Pool<u64, 64>;

/// Waits for the end: of the line, or by a kill.
fn stay(line: &Line) {
    while line.hear_or_end().is_some() {}
}

/// Takes all of a pool, and stays.
fn take_all(line: &Line) {
    let region = Mapped::<Numbers>::attach(&line.hear()).unwrap();
    let me = region.join().unwrap();
    let mut all = Vec::new();
    while let Ok(number) = me.alloc(0) {
        all.push(number);
    }
    line.say(all.len());
    stay(line);
}

/// The most failures between two looks, where a handful of sessions is there.
const PATIENCE: usize = 64;

#[test]
fn a_pool_that_was_often_full_still_finds_the_dead() {
    let roles = Roles::of_test("a_pool_that_was_often_full_still_finds_the_dead");
    roles.play("victim", take_all);

    let name = Name::new();
    let region = Mapped::<Numbers>::create(&name).unwrap();
    let me = region.join().unwrap();
    // Back-pressure, each time resolved.
    let mut all = Vec::new();
    while let Ok(number) = me.alloc(0) {
        all.push(number);
    }
    for _ in 0..1100 {
        assert!(me.alloc(0).is_err());
        drop(all.pop());
        all.push(me.alloc(1).unwrap());
    }
    drop(all);
    me.give_back_cache();

    let victim = roles.start("victim");
    victim.say(&*name);
    assert_eq!(victim.hear(), "64");
    victim.kill();
    let failed = (0..).take_while(|_| me.alloc(0).is_err()).count();
    assert!(failed <= PATIENCE, "{failed} failures while all was a dead session's");
}

#[test]
fn blocked_takes_do_not_use_up_the_patience_of_allocations() {
    let roles = Roles::of_test("blocked_takes_do_not_use_up_the_patience_of_allocations");
    roles.play("victim", take_all);

    let name = Name::new();
    let region = Mapped::<Numbers>::create(&name).unwrap();
    let (me, other) = (region.join().unwrap(), region.join().unwrap());
    let shared = PoolBox::into_shared(other.alloc(7).unwrap());
    let id = pool_typed::PoolArc::to_id(&shared).unwrap();
    for _ in 0..1500 {
        assert_eq!(me.take(id).unwrap_err(), HandleError::InUse { holders: 1, handles: 1 });
    }
    drop(shared);
    me.free(id).unwrap();
    me.give_back_cache();
    other.give_back_cache();

    let victim = roles.start("victim");
    victim.say(&*name);
    assert_eq!(victim.hear(), "64");
    victim.kill();
    assert!(me.alloc(0).is_ok(), "the first look comes with the first failure");
}

#[test]
fn a_child_that_keeps_its_parents_lock_does_not_keep_what_the_parent_had() {
    let roles = Roles::of_test("a_child_that_keeps_its_parents_lock_does_not_keep_what_the_parent_had");
    roles.play("parent", |line| {
        let region = Mapped::<Numbers>::attach(&line.hear()).unwrap();
        let me = region.join().unwrap();
        let mut all = Vec::new();
        while let Ok(number) = me.alloc(0) {
            all.push(number);
        }
        let shared = PoolBox::into_shared(all.pop().unwrap());
        let id = pool_typed::PoolArc::to_id(&shared).unwrap();
        let child = fork_to_outlive(|| thread::sleep(Duration::from_secs(60)));
        line.say(format_args!("{} {}", child.pid(), id.to_bits()));
        child.forget();
        stay(line);
    });

    let name = Name::new();
    let region = Mapped::<Numbers>::create(&name).unwrap();
    let me = region.join().unwrap();
    let parent = roles.start("parent");
    parent.say(&*name);
    let words = parent.hear();
    let (child, bits) = words.split_once(' ').unwrap();
    let (child, id) = (child.parse().unwrap(), ObjId::<u64>::from_bits(bits.parse().unwrap()).unwrap());
    assert!(matches!(me.take(id), Err(HandleError::InUse { .. })), "the parent lives");
    parent.kill();
    let failed = (0..).take_while(|_| me.alloc(0).is_err()).count();
    let taken = me.take(id).map(|number| *number);
    let _ended = kill_process(Pid::from_raw(child).unwrap(), Signal::KILL);
    assert!(failed <= 1, "{failed} failures");
    assert_eq!(taken, Ok(0));
}

#[test]
fn a_reaper_that_dies_is_followed_though_its_child_lives() {
    /// Large enough that a reap takes a while.
    type Large = Pool<u64, 0x2_0000>;
    const ROUNDS: usize = 30;
    let roles = Roles::of_test("a_reaper_that_dies_is_followed_though_its_child_lives");
    roles.play("victim", |line| {
        let region = Mapped::<Large>::attach(&line.hear()).unwrap();
        let me = region.join().unwrap();
        std::mem::forget((me.alloc(1).unwrap(), region.join().unwrap()));
        line.say("joined");
        stay(line);
    });
    roles.play("reaper", |line| {
        let region = Mapped::<Large>::options();
        let (name, wait): (String, u64) = (line.hear(), line.hear().parse().unwrap());
        // Attaching reaps, on a thread, so that the fork falls into it.
        thread::spawn(move || region.attach(&name).unwrap());
        thread::sleep(Duration::from_micros(wait));
        let child = fork_to_outlive(|| thread::sleep(Duration::from_secs(60)));
        line.say(child.pid());
        child.forget();
        kill_process(Pid::from_raw(process::id() as i32).unwrap(), Signal::KILL).unwrap();
    });

    let name = Name::new();
    let region = Mapped::<Large>::create(&name).unwrap();
    {
        // Touch all of it, so that a reaper has to walk over it.
        let me = region.join().unwrap();
        let mut all = Vec::new();
        while let Ok(number) = me.alloc(0) {
            all.push(number);
        }
    }
    let (mut rng, mut children) = (Rng::new(7), Vec::new());
    let mut left = 0;
    for _ in 0..ROUNDS {
        let victim = roles.start("victim");
        victim.say(&*name);
        assert_eq!(victim.hear(), "joined");
        victim.kill();
        let reaper = roles.start("reaper");
        reaper.say(&*name);
        reaper.say(rng.below(3000));
        children.push(reaper.hear().parse::<i32>().unwrap());
        reaper.kill();
        left += region.sessions().len();
        region.reap();
        let (sessions, audit) = (region.sessions(), region.audit());
        if !(sessions.is_empty() && audit.is_sound() && audit.is_empty()) {
            end(&children);
            panic!("{audit}");
        }
    }
    end(&children);
    assert!(left > 0, "every reaper had finished before it died");
}

fn end(children: &[i32]) {
    for child in children {
        let _ended = kill_process(Pid::from_raw(*child).unwrap(), Signal::KILL);
    }
}

#[test]
fn a_childs_copy_of_a_heap_does_not_take_the_parents_records() {
    let roles = Roles::of_test("a_childs_copy_of_a_heap_does_not_take_the_parents_records");
    roles.play("parent", |line| {
        let region = Mapped::<Numbers>::heap().unwrap();
        let me = region.join().unwrap();
        let kept = me.alloc(7).unwrap();
        fork(|| {
            assert!(matches!(region.join(), Err(JoinError::Forked)));
            assert!(region.reap().is_empty());
            assert!(me.alloc(1).is_err());
        })
        .end();
        assert_eq!(*kept, 7);
        drop(kept);
        drop(me);
        let all: Vec<_> = (0..40).map(|_| region.join().unwrap()).collect();
        line.say(all.len());
    });

    let parent = roles.start("parent");
    assert_eq!(parent.hear(), "40");
    parent.end();
}
