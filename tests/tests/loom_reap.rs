//! A session is killed before each of its atomic operations; its reaper works while others do.
//!
//! The dead session runs a script on real members until its fuse burns down ([`killed_before`]); the main thread joins
//! it, which stands for the kernel's hand-over of the life byte, and reaps. A live session runs its own script all the
//! while. In the end nothing names the dead, every slot is somebody's or can be claimed, no free slot is hidden, and
//! the data references are those of before or after the one step that the kill fell into.
#![cfg(loom)]

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use loom::thread;
use pool_core::{geometry::Shape, reap, sync::model::killed_before};
use pool_tests::model::{
    Private, World, bit, check,
    deeds::{
        Deed::{self, Adopt, Alloc, Drop, Free, Get, GiveUp, IntoId, Own, Publish, Share, Take, ToId},
        Log, act,
    },
};

const LIVE: u32 = 0;
const DEAD: u32 = 1;

/// How a story begins.
#[derive(Clone, Copy, Debug)]
struct Scene {
    shape: Shape,
    /// Objects that only data refers to, and by how many references.
    objects: &'static [(u32, u64)],
    /// Slots that the live session has from the start, as boxes.
    live: &'static [u32],
    /// Slots that the dead one has.
    dead: &'static [u32],
}

/// How a reaper is: it comes through, or is killed before its atomic operation of this number and replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reaper {
    Undisturbed,
    Killed(u32),
}

/// Tells the story with this cut, in every order. Returns how many, and whether the cut fell into the dead session's
/// script; or into the reaper's, where that is killed.
fn tell(scene: Scene, [dead, live]: [&'static [Deed]; 2], cut: u32, reaper: Reaper, preemptions: usize) -> (u64, bool) {
    let fell = Arc::new(Mutex::new(false));
    let falls = Arc::clone(&fell);
    let name = format!("{dead:?} killed before step {cut}, {reaper:?}, beside {live:?}, {scene:?}");
    let runs = check(name, Some(preemptions), move || {
        let world = World::new(scene.shape);
        for (slot, data) in scene.objects {
            assert_eq!(world.publish(*slot, *data), 1);
        }
        for (session, slots) in [(LIVE, scene.live), (DEAD, scene.dead)] {
            for slot in slots {
                world.seize(session, *slot);
            }
        }
        let data: u64 = scene.objects.iter().map(|(_, data)| data).sum();
        let (lived, died) = (Log::of(scene.live), Log::of(scene.dead));

        let (w, log) = (Arc::clone(&world), Arc::clone(&died));
        let dying = thread::spawn(move || {
            let private = Private::new(scene.shape);
            killed_before(cut, || act(&w, &w.member(&private, DEAD), dead, &log)).is_none()
        });
        let (w, log) = (Arc::clone(&world), Arc::clone(&lived));
        let living = thread::spawn(move || {
            let private = Private::new(scene.shape);
            act(&w, &w.member(&private, LIVE), live, &log);
        });
        let killed = dying.join().unwrap();
        let reap = || reap::reap(&world.pool(), bit(DEAD));
        *falls.lock().unwrap() |= match reaper {
            Reaper::Undisturbed => killed,
            Reaper::Killed(step) => killed_before(step, reap).is_none(),
        };
        reap();
        living.join().unwrap();

        let (lived, died) = (lived.lock().unwrap(), died.lock().unwrap());
        // Of the step that the kill fell into nobody knows more than that it was done whole or not at all.
        let data = data as i64 + lived.data + died.data;
        let found = world.data() as i64;
        assert!(found == data || found == data + died.doing, "{found} data references, {data} known: {died:?}");
        let mut all: BTreeSet<_> = lived.boxes.iter().chain(&lived.references).copied().collect();
        assert_eq!(all.len(), lived.boxes.len() + lived.references.len(), "{lived:?}");
        for slot in &all {
            let _ = world.read(*slot);
        }
        for slot in world.drain(1 << LIVE) {
            assert!(all.insert(slot), "slot {slot} is in use and was handed out: {lived:?}");
        }
        assert_eq!(all.len(), scene.shape.slots() as usize, "slots are lost: {all:?} are left");
    });
    (runs, *fell.lock().unwrap())
}

/// Counts the cuts that fall into a script, from 0 on.
fn cuts(mut tell: impl FnMut(u32) -> (u64, bool)) -> (u32, u64) {
    let mut orders = 0;
    for cut in 0.. {
        let (runs, fell) = tell(cut);
        orders += runs;
        if !fell {
            assert!(cut > 0, "a script without atomic operations");
            return (cut, orders);
        }
    }
    unreachable!("scripts end")
}

/// Tells the story with every cut.
fn every_cut(scene: Scene, dead: &'static [Deed], live: &'static [Deed], preemptions: usize) {
    let (cuts, orders) = cuts(|cut| tell(scene, [dead, live], cut, Reaper::Undisturbed, preemptions));
    println!("{dead:?} beside {live:?}: {cuts} cuts, {orders} orders");
}

/// One slot.
const ONE: Shape = Shape::with_groups(0, 0);
/// Two slots, two groups.
const TWO: Shape = Shape::with_groups(1, 0);
/// Four slots, four groups, two levels of hints.
const FOUR: Shape = Shape::with_groups(2, 0);
/// Two slots in one group.
const GROUP: Shape = Shape::with_groups(1, 1);

const EMPTY: Scene = Scene { shape: TWO, objects: &[], live: &[], dead: &[] };

/// An object with so many data references, and a free slot.
const fn object(objects: &'static [(u32, u64)]) -> Scene {
    Scene { shape: TWO, objects, live: &[], dead: &[] }
}

#[test]
fn killed_while_it_claims_and_frees() {
    every_cut(EMPTY, &[Alloc, Free], &[Alloc], 2);
    every_cut(EMPTY, &[Alloc, Alloc], &[Alloc], 1);
    every_cut(Scene { shape: GROUP, ..EMPTY }, &[Alloc], &[Alloc], 2);
    // The live session gets what the dead one had.
    every_cut(Scene { shape: ONE, ..EMPTY }, &[Alloc, Share], &[Alloc], 2);
}

#[test]
fn killed_between_a_free_and_the_look_at_the_hints() {
    let scene = Scene { shape: FOUR, live: &[1, 2, 3], dead: &[0], ..EMPTY };
    every_cut(scene, &[Free], &[Alloc], 2);
    every_cut(scene, &[Free], &[Free], 2);
    // The live session is about to close the group into which the dead one frees.
    every_cut(Scene { shape: GROUP, live: &[1], dead: &[0], ..EMPTY }, &[Free], &[Alloc], 2);
}

#[test]
fn killed_between_two_levels_of_hints() {
    every_cut(Scene { shape: FOUR, live: &[1, 2, 3], ..EMPTY }, &[Alloc], &[Free], 2);
}

#[test]
fn killed_while_it_publishes() {
    every_cut(EMPTY, &[Alloc, Publish], &[Alloc], 2);
    every_cut(EMPTY, &[Alloc, Share, ToId, Drop], &[Alloc], 2);
}

#[test]
fn killed_while_it_takes() {
    every_cut(object(&[(0, 1)]), &[Take(0), Free], &[Take(0)], 2);
    every_cut(object(&[(0, 1)]), &[Take(0), Publish], &[Get(0), Drop], 2);
}

#[test]
fn killed_while_it_holds() {
    every_cut(object(&[(0, 1)]), &[Get(0), Drop], &[Take(0), Free], 2);
    every_cut(object(&[(0, 1)]), &[Get(0), IntoId], &[GiveUp(0)], 2);
    every_cut(object(&[(0, 1)]), &[Get(0), Own], &[Adopt(0), Own], 2);
}

#[test]
fn killed_while_it_uses_a_data_reference() {
    every_cut(object(&[(0, 2)]), &[Adopt(0), Drop], &[Adopt(0), Drop], 1);
    every_cut(object(&[(0, 2)]), &[GiveUp(0)], &[Get(0), GiveUp(0), Drop], 1);
}

#[test]
fn the_reaper_is_killed_and_replaced() {
    let stories: [(Scene, &[Deed], &[Deed], u32); 3] = [
        // Killed with a lease.
        (Scene { live: &[1], ..EMPTY }, &[Alloc], &[Free], 6),
        (object(&[(0, 1)]), &[Get(0)], &[GiveUp(0)], u32::MAX),
        // Killed between the free slot and the hint.
        (Scene { shape: FOUR, live: &[1, 2, 3], dead: &[0], ..EMPTY }, &[Free], &[Free], 2),
    ];
    for (scene, dead, live, cut) in stories {
        let (cuts, orders) = cuts(|step| tell(scene, [dead, live], cut, Reaper::Killed(step), 1));
        println!("{dead:?} beside {live:?}: a reaper with {cuts} cuts, {orders} orders");
    }
}
