//! Processes are killed at moments that nobody chose, some hundred times, and nothing is ever lost or broken by it.
//!
//! A *nursery* is a process of one thread that forks those who are killed: so each round takes a millisecond.
#![cfg(not(loom))]
#![expect(clippy::disallowed_types, reason = "a cell of the region that tells everybody to stop")]

use core::{
    sync::atomic::{
        AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
    },
    time::Duration,
};
use std::{
    io::{PipeReader, PipeWriter, Read, Write, pipe},
    thread,
    time::Instant,
};

use pool_tests::{
    fork::{Exit, fork},
    message::{Message, Rng},
    names::Name,
    process::Roles,
};
use pool_typed::{AtomicObjId, Mapped, ObjId, Pool, PoolArc, PoolBox, Root, Session};
use rustix::process::Signal;

const KILLED: Exit = Exit::Signal(Signal::KILL.as_raw());

/// A child says that it is where its parent wants it.
struct Bell(PipeReader, PipeWriter);

impl Bell {
    fn new() -> Self {
        let (reader, writer) = pipe().unwrap();
        Self(reader, writer)
    }

    fn ring(&self) {
        (&self.1).write_all(b"!").unwrap();
    }

    fn wait(&self) {
        (&self.0).read_exact(&mut [0]).unwrap();
    }
}

fn sleep_for_ever() -> ! {
    loop {
        thread::park();
    }
}

fn spin(time: Duration) {
    let since = Instant::now();
    while since.elapsed() < time {}
}

type Many = Pool<Message, 4096>;

/// Dies, and leaves a pool full of all kinds of objects.
fn leave_a_full_pool(region: &Mapped<Many>, bell: &Bell) {
    let victim = fork(|| {
        let me = region.join_as("victim").unwrap();
        let boxes: Vec<_> = (0..3000).map(|number| me.alloc(Message::new(number)).unwrap()).collect();
        let (shared, rest) = boxes.into_iter().enumerate().partition::<Vec<_>, _>(|(at, _)| at % 3 == 0);
        let _shared: Vec<_> = shared.into_iter().map(|(_, object)| PoolBox::into_shared(object)).collect();
        let _rest = rest;
        bell.ring();
        sleep_for_ever()
    });
    bell.wait();
    assert_eq!(victim.kill(), KILLED);
}

const REAPERS: u32 = 400;

#[test]
fn a_reaper_may_be_killed_at_any_moment() {
    let roles = Roles::of_test("a_reaper_may_be_killed_at_any_moment");
    roles.play("nursery", |line| {
        let name = line.hear();
        let region = Mapped::<Many>::attach(&name).unwrap();
        let bell = Bell::new();
        let mut whole = Duration::MAX;
        for _ in 0..3 {
            leave_a_full_pool(&region, &bell);
            let since = Instant::now();
            assert_eq!(region.reap().len(), 1);
            whole = whole.min(since.elapsed());
        }
        let mut rng = Rng::new(1);
        let (mut early, mut amid, mut late) = (0, 0, 0);
        for round in 0..REAPERS {
            leave_a_full_pool(&region, &bell);
            let reaper = fork(|| {
                bell.ring();
                match round % 3 {
                    0 => assert!(region.reap().len() <= 1),
                    1 => drop(region.join_as("reaper").unwrap()),
                    _ => drop(Mapped::<Many>::attach(&name).unwrap()),
                }
                sleep_for_ever()
            });
            bell.wait();
            spin(Duration::from_nanos(rng.below(whole.as_nanos() as u64 * 3 / 2)));
            assert_eq!(reaper.kill(), KILLED);
            let audit = region.audit();
            match audit.pools[0].owned + audit.pools[0].shared {
                0 => late += 1,
                3000.. => early += 1,
                _ => amid += 1,
            }
            region.reap();
            let audit = region.audit();
            assert!(audit.sessions.is_empty() && audit.is_sound() && audit.is_empty(), "round {round}: {audit}");
        }
        line.say(early);
        line.say(amid);
        line.say(late);
    });

    let name = Name::new();
    let region = Mapped::<Many>::create(&name).unwrap();
    let nursery = roles.start("nursery");
    nursery.say(&*name);
    let [early, amid, late] = [(); 3].map(|()| nursery.hear_value::<u32>());
    nursery.end();
    assert_eq!(early + amid + late, REAPERS);
    assert!(amid > 0, "{early} before the first object came back, {late} after the last");
    let audit = region.audit();
    assert!(audit.is_sound() && audit.is_empty(), "{audit}");
}

/// What random workers share.
#[derive(Root)]
#[repr(C)]
struct Yard {
    messages: Pool<Message, 256>,
    /// Each owns the object that it names: whoever takes the handle out has it.
    cells: [AtomicObjId<Message>; 32],
    /// Everybody is to stop.
    stop: AtomicU64,
    /// What the survivor has done.
    steps: AtomicU64,
}

/// Does something with an object, or several.
fn step(me: &Session<'_, Yard>, rng: &mut Rng) {
    let cell = &me.cells[rng.below(32) as usize];
    match rng.below(6) {
        0 => {
            let Ok(object) = me.messages.alloc(Message::new(rng.next())) else { return };
            put(me, cell, PoolBox::into_id(object));
        }
        1 => {
            let Ok(object) = me.messages.alloc(Message::new(rng.next())) else { return };
            let shared = PoolBox::into_shared(object);
            let again = shared.clone();
            if let Ok(id) = PoolArc::to_id(&again) {
                put(me, cell, id);
            }
        }
        2 => {
            // Taken while it is still in the cell: a kill before the next line loses nothing.
            let Some(id) = cell.load(Acquire) else { return };
            if let Ok(object) = me.messages.take(id) {
                assert!(object.is(object.number));
                let _ = cell.compare_exchange(Some(id), None, Release, Relaxed);
            }
        }
        3 => {
            let Some(id) = cell.load(Acquire) else { return };
            if let Ok(object) = me.messages.get(id) {
                assert!(object.is(object.number));
                let again = PoolArc::clone(&object);
                drop(object);
                assert!(again.is(again.number));
            }
        }
        4 => {
            let Some(id) = cell.swap(None, Acquire) else { return };
            if let Ok(object) = me.messages.adopt(id) {
                assert!(object.is(object.number));
                if let Ok(mut object) = PoolArc::try_into_box(object) {
                    *object = Message::new(rng.next());
                    put(me, cell, PoolBox::into_id(object));
                }
            }
        }
        _ => {
            let many: Result<[_; 12], _> = me.messages.alloc_many(|at| Message::new(at as u64));
            drop(many);
        }
    }
}

/// Puts a handle into a cell, and frees what was in it before.
fn put(me: &Session<'_, Yard>, cell: &AtomicObjId<Message>, id: ObjId<Message>) {
    if let Some(before) = cell.swap(Some(id), Release) {
        // Others may have taken it out of its handle.
        let _ = me.messages.free(before);
    }
}

const WORKERS: u32 = 400;

/// Two work side by side; one of them is killed again and again, the other goes on and notices nothing.
#[test]
fn a_worker_may_be_killed_at_any_moment() {
    let roles = Roles::of_test("a_worker_may_be_killed_at_any_moment");
    roles.play("nursery", |line| {
        let region = Mapped::<Yard>::attach(&line.hear()).unwrap();
        let bell = Bell::new();
        let survivor = fork(|| {
            let me = region.join_as("survivor").unwrap();
            let mut rng = Rng::new(0);
            while me.stop.load(Relaxed) == 0 {
                step(&me, &mut rng);
                me.steps.fetch_add(1, Relaxed);
            }
        });
        let mut rng = Rng::new(1);
        let mut reaped = 0;
        for round in 0..WORKERS {
            let worker = fork(|| {
                let me = region.join_as("worker").unwrap();
                let mut rng = Rng::new(u64::from(round) + 2);
                bell.ring();
                loop {
                    step(&me, &mut rng);
                }
            });
            bell.wait();
            spin(Duration::from_micros(rng.below(1000)));
            assert_eq!(worker.kill(), KILLED);
            // Every other one is left to whom it concerns: the survivor, or the next worker as it joins.
            if round % 2 == 0 {
                reaped += region.reap().len();
            }
        }
        line.say(reaped);
        let me = region.join_as("nursery").unwrap();
        me.stop.store(1, Relaxed);
        survivor.end();
        region.reap();

        // At rest: what the cells own, and at most one object for each kill, whose handle was on its way.
        let audit = region.audit();
        assert!(audit.is_sound(), "{audit}");
        assert_eq!(audit.sessions.len(), 1, "{audit}");
        assert_eq!((audit.pools[0].owned, audit.pools[0].shared), (0, 0), "{audit}");
        for cell in me.cells {
            if let Some(id) = cell.swap(None, Relaxed) {
                let _ = me.messages.free(id);
            }
        }
        let lost: Vec<_> = me.messages.iter().collect();
        for id in &lost {
            let object = me.messages.take(*id).unwrap();
            assert!(object.is(object.number));
        }
        line.say(lost.len());
        line.say(me.steps.load(Relaxed));
        drop(me);
        let audit = region.audit();
        assert!(audit.is_sound() && audit.is_empty(), "{audit}");
    });

    let name = Name::new();
    let _region = Mapped::<Yard>::create(&name).unwrap();
    let nursery = roles.start("nursery");
    nursery.say(&*name);
    let [reaped, lost, steps] = [(); 3].map(|()| nursery.hear_value::<u32>());
    nursery.end();
    assert!(0 < reaped && reaped <= WORKERS / 2, "{reaped} reaped by the nursery");
    assert!(lost <= WORKERS, "{lost} lost by {WORKERS} kills");
    assert!(steps > WORKERS, "{steps} steps of the survivor");
}
