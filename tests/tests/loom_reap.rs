//! A session is killed before each of its atomic operations; its reaper works while others do.
//!
//! The dead session runs a script on real members until its fuse burns down ([`killed_before`]); the main thread joins
//! it, which stands for the kernel's hand-over of the life byte, and reaps. A live session runs its own script all the
//! while. In the end nothing names the dead, every slot is somebody's or can be claimed, no free slot is hidden, and
//! the data references are those of before or after the one step that the kill fell into.
#![cfg(loom)]

use core::num::NonZeroU64;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use loom::thread;
use pool_core::{geometry::Shape, member::Member, objects::Objects, reap, sync::model::killed_before};
use pool_tests::model::{Private, World, bit, check};

const LIVE: u32 = 0;
const DEAD: u32 = 1;

/// What a session does, with its latest box or reference, or with an object that is there from the start.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Alloc,
    /// A box.
    Free,
    Publish,
    Share,
    /// A reference.
    Drop,
    IntoId,
    ToId,
    Own,
    /// The object in this slot.
    Take(u32),
    Get(u32),
    Adopt(u32),
    GiveUp(u32),
}

use Deed::{Adopt, Alloc, Drop, Free, Get, GiveUp, IntoId, Own, Publish, Share, Take, ToId};

impl Deed {
    /// What it adds to the data references where it succeeds.
    fn data(self) -> i64 {
        match self {
            Publish | IntoId | ToId => 1,
            Take(_) | Adopt(_) | GiveUp(_) => -1,
            Alloc | Free | Share | Drop | Own | Get(_) => 0,
        }
    }
}

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

/// What a session has, as far as it has come.
#[derive(Clone, Debug, Default)]
struct Log {
    boxes: Vec<u32>,
    references: Vec<u32>,
    data: i64,
    /// What the deed that is being done adds to the data references, where it succeeds.
    doing: i64,
}

/// Does the deeds of a session, writing down what it has.
fn act(world: &World, member: &Member<'_>, deeds: &[Deed], log: &Mutex<Log>) {
    let handle = |slot| member.table().handle(slot, 1);
    for deed in deeds {
        let had = log.lock().unwrap().clone();
        log.lock().unwrap().doing = deed.data();
        let mut has = had;
        let done = match *deed {
            Alloc => member
                .alloc()
                .map(|slot| {
                    world.write(slot, 0);
                    has.boxes.push(slot);
                })
                .is_ok(),
            Free => has
                .boxes
                .pop()
                .map(|slot| {
                    world.write(slot, u64::MAX);
                    member.free_slot(slot);
                })
                .is_some(),
            Publish => has
                .boxes
                .pop()
                .map(|slot| {
                    world.write(slot, 0);
                    member.publish(slot, false);
                })
                .is_some(),
            Share => has
                .boxes
                .pop()
                .map(|slot| {
                    member.share(slot, false);
                    has.references.push(slot);
                })
                .is_some(),
            Drop => has
                .references
                .pop()
                .map(|slot| {
                    let _ = world.read(slot);
                    member.drop_ref(slot);
                })
                .is_some(),
            IntoId => has.references.pop().map(|slot| member.ref_into_handle(slot).unwrap()).is_some(),
            ToId => has.references.last().map(|slot| member.ref_to_handle(*slot).unwrap()).is_some(),
            Own => match has.references.last().map(|slot| member.own(*slot)) {
                Some(Ok(taken)) => {
                    has.references.pop();
                    world.write(taken.slot, 0);
                    has.boxes.push(taken.slot);
                    true
                }
                _ => false,
            },
            Take(slot) => member
                .take(handle(slot), |_, _| unreachable!())
                .map(|taken| {
                    world.write(taken.slot, 0);
                    has.boxes.push(taken.slot);
                })
                .is_ok(),
            Get(slot) => hold(world, &mut has, member.get(handle(slot)).ok()),
            Adopt(slot) => hold(world, &mut has, member.adopt(handle(slot)).ok()),
            GiveUp(slot) => member.free(handle(slot)).is_ok(),
        };
        has.data += if done { deed.data() } else { 0 };
        has.doing = 0;
        *log.lock().unwrap() = has;
    }
}

fn hold(world: &World, has: &mut Log, slot: Option<u32>) -> bool {
    if let Some(slot) = slot {
        let _ = world.read(slot);
        has.references.push(slot);
    }
    slot.is_some()
}

/// How a reaper is: it comes through, or is killed before its atomic operation of this number and replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reaper {
    Undisturbed,
    Killed(u32),
}

/// Tells the story with this cut, in every order. Returns how many, and whether the cut fell into the script.
fn tell(scene: Scene, dead: &'static [Deed], live: &'static [Deed], cut: u32, reaper: Reaper) -> (u64, bool) {
    let fell = Arc::new(Mutex::new(false));
    let falls = Arc::clone(&fell);
    let name = format!("{dead:?} killed before step {cut}, {reaper:?}, beside {live:?}, {scene:?}");
    let runs = check(name, Some(2), move || {
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
        let start = |slots: &[u32]| Arc::new(Mutex::new(Log { boxes: slots.to_vec(), ..Log::default() }));
        let (lived, died) = (start(scene.live), start(scene.dead));

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
        *falls.lock().unwrap() |= killed;
        if let Reaper::Killed(step) = reaper {
            let killed = killed_before(step, || reap::reap(&world.pool(), bit(DEAD))).is_none();
            *falls.lock().unwrap() = killed;
        }
        reap::reap(&world.pool(), bit(DEAD));
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

/// Tells the story with every cut.
fn every_cut(scene: Scene, dead: &'static [Deed], live: &'static [Deed]) {
    let (mut cut, mut orders) = (0, 0);
    loop {
        let (runs, fell) = tell(scene, dead, live, cut, Reaper::Undisturbed);
        orders += runs;
        if !fell {
            break;
        }
        cut += 1;
    }
    assert!(cut > 0, "a script without atomic operations");
    println!("{dead:?} beside {live:?}: {cut} cuts, {orders} orders");
}

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
    every_cut(EMPTY, &[Alloc, Free], &[Alloc]);
    every_cut(EMPTY, &[Alloc, Alloc], &[Alloc, Free]);
    every_cut(Scene { shape: GROUP, ..EMPTY }, &[Alloc], &[Alloc]);
}

#[test]
fn killed_between_a_free_and_the_look_at_the_hints() {
    let scene = Scene { shape: FOUR, live: &[1, 2, 3], dead: &[0], ..EMPTY };
    every_cut(scene, &[Free], &[Alloc]);
    every_cut(scene, &[Free], &[Free]);
    // The live session is about to close the group into which the dead one frees.
    every_cut(Scene { shape: GROUP, live: &[1], dead: &[0], ..EMPTY }, &[Free], &[Alloc]);
}

#[test]
fn killed_between_two_levels_of_hints() {
    every_cut(Scene { shape: FOUR, live: &[1, 2, 3], ..EMPTY }, &[Alloc], &[Free]);
}

#[test]
fn killed_while_it_publishes() {
    every_cut(EMPTY, &[Alloc, Publish], &[Alloc]);
    every_cut(EMPTY, &[Alloc, Share, ToId, Drop], &[Alloc]);
}

#[test]
fn killed_while_it_takes() {
    every_cut(object(&[(0, 1)]), &[Take(0), Free], &[Take(0)]);
    every_cut(object(&[(0, 1)]), &[Take(0), Publish], &[Get(0), Drop]);
}

#[test]
fn killed_while_it_holds() {
    every_cut(object(&[(0, 1)]), &[Get(0), Drop], &[Take(0), Free]);
    every_cut(object(&[(0, 1)]), &[Get(0), IntoId], &[GiveUp(0)]);
    every_cut(object(&[(0, 1)]), &[Get(0), Own], &[Adopt(0), Own]);
}

#[test]
fn killed_while_it_uses_a_data_reference() {
    every_cut(object(&[(0, 2)]), &[Adopt(0), Drop], &[Adopt(0), Drop]);
    every_cut(object(&[(0, 2)]), &[GiveUp(0)], &[Get(0), GiveUp(0), Drop]);
}

#[test]
fn the_reaper_is_killed_and_replaced() {
    let stories: [(Scene, &'static [Deed], &'static [Deed], u32); 3] = [
        (Scene { live: &[1], ..EMPTY }, &[Alloc], &[Free], 6),
        (object(&[(0, 1)]), &[Get(0)], &[GiveUp(0)], u32::MAX),
        (Scene { shape: FOUR, live: &[1, 2, 3], dead: &[0], ..EMPTY }, &[Free], &[Free], 2),
    ];
    for (scene, dead, live, cut) in stories {
        let (mut step, mut orders) = (0, 0);
        loop {
            let (runs, fell) = tell(scene, dead, live, cut, Reaper::Killed(step));
            orders += runs;
            if !fell {
                break;
            }
            step += 1;
        }
        assert!(step > 0);
        println!("{dead:?} beside {live:?}: a reaper with {step} cuts, {orders} orders");
    }
}

#[test]
fn handles_of_a_model_are_of_the_first_generation() {
    check("handles", None, || {
        let world = World::new(TWO);
        world.publish(1, 1);
        let handle: Option<NonZeroU64> = world.pool().table().handle_of(1);
        assert_eq!(handle, Some(world.pool().table().handle(1, 1)));
    });
}
