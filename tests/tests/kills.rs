//! Processes are killed at moments that nobody chose, some hundred times, and nothing is ever lost or broken by it.
//!
//! A *nursery* is a process that forks those who are killed, so each round takes a few milliseconds.
#![cfg(not(loom))]

use core::{sync::atomic::Ordering::Relaxed, time::Duration};
use std::{
    fs,
    io::{PipeReader, PipeWriter, Read, Write, pipe},
    path::{Path, PathBuf},
    thread,
    time::Instant,
};

use pool_tests::{
    fork::{Exit, fork},
    message::{Message, Rng},
    names::{Directory, Name},
    process::Roles,
    yard::{Yard, clean_up, step},
};
use pool_typed::{AttachError, Mapped, Pool, PoolBox};
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
        region.join_as("nursery").unwrap().stop.store(1, Relaxed);
        survivor.end();
        line.say(reaped);
        line.say(region.join_as("nursery").unwrap().steps.load(Relaxed));
        // At most one for each kill: its handle was on its way.
        line.say(clean_up(&region));
    });

    let name = Name::new();
    let _region = Mapped::<Yard>::create(&name).unwrap();
    let nursery = roles.start("nursery");
    nursery.say(&*name);
    let [reaped, steps, lost] = [(); 3].map(|()| nursery.hear_value::<u32>());
    nursery.end();
    assert!(0 < reaped && reaped <= WORKERS / 2, "{reaped} reaped by the nursery");
    assert!(lost <= WORKERS, "{lost} lost by {WORKERS} kills");
    assert!(steps > WORKERS, "{steps} steps of the survivor");
}

type Pages = Pool<[u64; 512], 1024>;

const CREATORS: u32 = 100;

/// Creates a region and removes it again, for ever.
fn create_and_remove(path: &Path, reserve: bool) -> ! {
    loop {
        let region = Mapped::<Pages>::options().reserve(reserve).create_file(path).unwrap();
        assert_eq!(region.join().unwrap().alloc([1; 512]).unwrap()[511], 1);
        drop(region);
        fs::remove_file(path).unwrap();
    }
}

/// What a killed creator leaves is a whole region, or nothing: not under the name, and not beside it.
#[test]
fn a_creator_may_be_killed_at_any_moment() {
    let roles = Roles::of_test("a_creator_may_be_killed_at_any_moment");
    roles.play("nursery", |line| {
        let directory = PathBuf::from(line.hear());
        let path = directory.join("region");
        let bell = Bell::new();
        let mut rng = Rng::new(1);
        let (mut whole, mut none) = (0, 0);
        for round in 0..CREATORS {
            let creator = fork(|| {
                bell.ring();
                create_and_remove(&path, round % 2 == 0)
            });
            bell.wait();
            spin(Duration::from_micros(rng.below(3000)));
            assert_eq!(creator.kill(), KILLED);
            let names: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            match Mapped::<Pages>::attach_file(&path) {
                Ok(region) => {
                    assert_eq!(names, ["region"]);
                    let audit = region.audit();
                    assert!(audit.sessions.is_empty() && audit.is_sound() && audit.is_empty(), "{audit}");
                    assert_eq!(region.join().unwrap().alloc([2; 512]).unwrap()[0], 2);
                    fs::remove_file(&path).unwrap();
                    whole += 1;
                }
                Err(AttachError::NotFound { .. }) => {
                    assert!(names.is_empty(), "{names:?}");
                    none += 1;
                }
                Err(error) => panic!("half a region: {error:?}"),
            }
        }
        line.say(whole);
        line.say(none);
    });

    // In the filesystem of named regions, and in the one of other files.
    for directory in [Directory::in_shared_memory(), Directory::new()] {
        let nursery = roles.start("nursery");
        nursery.say(directory.join("").display());
        let [whole, none] = [(); 2].map(|()| nursery.hear_value::<u32>());
        nursery.end();
        assert_eq!(whole + none, CREATORS);
        assert!(whole > 0 && none > 0, "{whole} whole regions, {none} times nothing");
    }
}

/// Who attaches while others create and remove finds a whole region, or nothing.
#[test]
fn a_creation_under_way_is_not_there() {
    let roles = Roles::of_test("a_creation_under_way_is_not_there");
    roles.play("creator", |line| create_and_remove(Path::new(&line.hear()), true));

    let directory = Directory::in_shared_memory();
    let path = directory.join("region");
    let creator = roles.start("creator");
    creator.say(path.display());
    let (mut whole, mut none) = (0, 0);
    let since = Instant::now();
    let enough = |whole: u32, none: u32| whole > 0 && none > 0 && since.elapsed() > Duration::from_secs(1);
    while !enough(whole, none) && since.elapsed() < Duration::from_secs(60) {
        match Mapped::<Pages>::attach_file(&path) {
            Ok(region) => {
                assert_eq!(region.audit().pools[0].capacity, 1024);
                whole += 1;
            }
            Err(AttachError::NotFound { .. }) => none += 1,
            Err(error) => panic!("half a region: {error:?}"),
        }
    }
    assert!(whole > 0 && none > 0, "{whole} whole regions, {none} times nothing");
}
