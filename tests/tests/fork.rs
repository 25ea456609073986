//! A forked child has copies of its parent's sessions and guards, which do nothing; it joins anew, and the parent
//! notices nothing of it.
#![cfg(not(loom))]
#![expect(clippy::disallowed_types, reason = "a flag between threads, and a counter")]

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::{process::Command, thread, time::Duration};

use pool_tests::{
    fork::fork,
    message::Message,
    names::Name,
    process::{Line, Roles, pid},
};
use pool_typed::{Audit, FullCause, HandleError, Mapped, ObjId, Pool, PoolArc, PoolBox, Session};
use rustix::process::{Signal, kill_process};

type Messages = Pool<Message, 4096>;

const FORKED: &str = "this process is a forked child of the one that joined; join again";

/// Runs the one role of a test, and looks at what is left of its region.
fn run(test: &'static str, part: impl FnOnce(&Mapped<Messages>, &Line)) {
    let roles = Roles::of_test(test);
    roles.play("parent", |line| part(&Mapped::attach(&line.hear()).unwrap(), line));

    let name = Name::new();
    let region = Mapped::<Messages>::create(&name).unwrap();
    let parent = roles.start("parent");
    parent.say(&*name);
    let count: u64 = parent.hear_value();
    parent.end();
    assert!(count > 0);
    let audit = region.audit();
    assert!(audit.sessions.is_empty() && audit.is_sound() && audit.is_empty(), "{audit}");
}

/// What a session has, of each kind.
struct Things<'s> {
    boxes: Vec<PoolBox<'s, Message>>,
    shared: Vec<PoolArc<'s, Message>>,
    ids: Vec<ObjId<Message>>,
}

impl<'s> Things<'s> {
    fn of(me: &'s Session<'_, Messages>) -> Self {
        let alloc = |number| me.alloc(Message::new(number)).unwrap();
        Self {
            boxes: (0..10).map(alloc).collect(),
            shared: (0..10).map(|number| PoolBox::into_shared(alloc(number))).collect(),
            ids: (0..10).map(|number| PoolBox::into_id(alloc(number))).collect(),
        }
    }

    fn assert_whole(&self, me: &Session<'_, Messages>) {
        for number in 0..10 {
            assert!(self.boxes[number].is(number as u64) && self.shared[number].is(number as u64));
            assert!(me.read(self.ids[number]).unwrap().is(number as u64));
        }
    }
}

/// Every operation there is, on copies; returns how many were tried.
fn try_everything(me: &mut Option<Session<'_, Messages>>) -> u64 {
    let mut tried = 0;
    {
        let me = me.as_ref().unwrap();
        let full = me.alloc(Message::new(5)).unwrap_err();
        assert_eq!((full.cause(), full.to_string()), (FullCause::Forked, FORKED.into()));
        assert!(full.into_value().is(5), "the value comes back");
        let full = me.alloc_with(|| unreachable!("there is no place to build it")).unwrap_err();
        assert_eq!(full.cause(), FullCause::Forked);
        assert_eq!(me.alloc_zeroed().unwrap_err().cause(), FullCause::Forked);
        let full = me.alloc_many::<3>(|_| unreachable!("there is no place to build it")).unwrap_err();
        assert_eq!(full.cause(), FullCause::Forked);
        assert!(me.alloc_many::<0>(|_| unreachable!("none were asked for")).is_ok());
        me.give_back_cache();
        tried += 6;
    }
    // Leaving is the last thing.
    drop(me.take());
    tried + 1
}

fn try_with_guards(me: &Session<'_, Messages>, things: &mut Things<'_>) -> u64 {
    let mut tried = 0;
    for &id in &things.ids {
        assert_eq!(me.take(id).unwrap_err(), HandleError::Forked);
        assert_eq!(me.get(id).unwrap_err(), HandleError::Forked);
        assert_eq!(me.adopt(id).unwrap_err(), HandleError::Forked);
        assert_eq!(me.free(id).unwrap_err(), HandleError::Forked);
        tried += 4;
    }
    assert_eq!(HandleError::Forked.to_string(), FORKED);
    let mut shared = things.shared.drain(..);
    for _ in 0..5 {
        let object = shared.next().unwrap();
        let again = PoolArc::clone(&object);
        drop(again);
        assert_eq!(PoolArc::to_id(&object), Err(HandleError::Forked));
        let object = PoolArc::into_id(object).unwrap_err();
        let object = PoolArc::try_into_box(object).unwrap_err();
        assert_eq!(PoolArc::count(&object), 0);
        drop(object);
        tried += 5;
    }
    drop(shared);
    let mut boxes = things.boxes.drain(..);
    for _ in 0..3 {
        // These are handles of nothing: an owned object has none.
        let id = PoolBox::into_id(boxes.next().unwrap());
        assert_eq!(me.read(id).unwrap_err(), HandleError::Stale);
        drop(PoolBox::into_shared(boxes.next().unwrap()));
        tried += 2;
    }
    drop(boxes);
    tried + 6
}

#[test]
fn copies_in_a_child_do_nothing() {
    run("copies_in_a_child_do_nothing", |region, line| {
        let me = &region.join_as("parent").unwrap();
        let mut idle = Some(region.join_as("idle").unwrap());
        // The idle session has a cache, too.
        drop(idle.as_ref().unwrap().alloc(Message::new(1)).unwrap());
        let mut things = Things::of(me);
        let before: Audit = region.audit();
        let pool = &before.pools[0];
        assert_eq!((pool.owned, pool.shared, pool.in_handles), (10, 10, 10));
        assert!(pool.holdings.iter().all(|had| had.cached > 0), "{before}");

        let mut count = 0;
        for _ in 0..3 {
            fork(|| {
                let tried = try_with_guards(me, &mut things) + try_everything(&mut idle);
                assert_eq!(tried, 40 + 25 + 6 + 6 + 7);
            })
            .end();
            things.assert_whole(me);
            assert_eq!(region.audit(), before, "not even the figures have changed");
            count += 1;
        }
        // The copies of a child that ends without a word are not missed either.
        fork(|| ()).end();
        assert_eq!(region.audit(), before);

        // And the parent goes on.
        let Things { boxes, shared, ids } = things;
        drop(boxes);
        for object in shared {
            assert!(PoolArc::try_into_box(object).is_ok());
        }
        for (number, id) in (0..).zip(ids) {
            assert!(me.take(id).unwrap().is(number));
        }
        line.say(count);
    });
}

#[test]
fn a_child_joins_anew() {
    run("a_child_joins_anew", |region, line| {
        let me = region.join_as("parent").unwrap();
        let kept = PoolBox::into_shared(me.alloc(Message::new(1)).unwrap());
        let mut count = 0;
        for number in 0..20 {
            let given = PoolBox::into_id(me.alloc(Message::new(number)).unwrap());
            fork(|| {
                let mine = region.join_as("child").unwrap();
                assert_ne!(Session::number(&mine), Session::number(&me));
                let mut object = mine.take(given).unwrap();
                assert!(object.is(number));
                // The parent's object is the child's, too, by its handle.
                let held = mine.get(PoolArc::id(&kept)).unwrap();
                assert!(held.is(1));
                *object = Message::new(number + 100);
                let given = PoolBox::into_id(object);
                fork(|| {
                    let mine = region.join_as("grandchild").unwrap();
                    assert_eq!(region.sessions().iter().filter(|info| !info.dead).count(), 3);
                    let object = mine.take(given).unwrap();
                    assert!(object.is(number + 100));
                })
                .end();
                assert_eq!(region.reap(), [], "the grandchild has left, and nobody is dead");
                assert!(held.is(1));
            })
            .end();
            assert_eq!(region.reap(), [], "the child has left, too");
            assert_eq!(region.sessions().len(), 1);
            assert_eq!(me.take(given).unwrap_err(), HandleError::Stale);
            assert!(kept.is(1));
            count += 1;
        }
        drop(kept);
        drop(me);
        line.say(count);
    });
}

/// Forks in the midst of what other threads do. Their sessions are in the child, too, without their threads.
#[test]
fn a_fork_while_other_threads_are_busy() {
    run("a_fork_while_other_threads_are_busy", |region, line| {
        let (stop, work) = (AtomicBool::new(false), AtomicU64::new(0));
        let me = region.join_as("forker").unwrap();
        let kept = PoolBox::into_shared(me.alloc(Message::new(1)).unwrap());
        let forks = thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let me = region.join_as("busy").unwrap();
                    while !stop.load(Relaxed) {
                        let many: Vec<_> = (0..50).map(|number| me.alloc(Message::new(number)).unwrap()).collect();
                        let ids: Vec<_> = many.into_iter().map(PoolBox::into_id).collect();
                        for (number, id) in (0..).zip(ids) {
                            assert!(me.take(id).unwrap().is(number));
                        }
                        work.fetch_add(1, Relaxed);
                    }
                });
            }
            while work.load(Relaxed) < 3 {
                thread::sleep(Duration::from_millis(1));
            }
            let mut forks = 0;
            for _ in 0..100 {
                fork(|| {
                    assert_eq!(me.alloc(Message::new(0)).unwrap_err().cause(), FullCause::Forked);
                    drop(PoolArc::clone(&kept));
                    let mine = region.join_as("child").unwrap();
                    let object = mine.alloc(Message::new(2)).unwrap();
                    assert!(mine.get(PoolArc::id(&kept)).unwrap().is(1));
                    assert!(object.is(2));
                })
                .end();
                forks += 1;
            }
            stop.store(true, Relaxed);
            forks
        });
        assert!(kept.is(1));
        assert_eq!(region.reap(), []);
        assert_eq!(region.sessions().len(), 1, "{:?}", region.sessions());
        assert!(work.load(Relaxed) > 3);
        drop(kept);
        drop(me);
        line.say(forks);
    });
}

/// A child that has become another program keeps nothing: descriptions are closed, so a look at the lock is enough.
#[test]
fn another_program_keeps_nothing() {
    let roles = Roles::of_test("another_program_keeps_nothing");
    roles.play("parent", |line| {
        let region = Mapped::<Messages>::attach(&line.hear()).unwrap();
        let me = region.join_as("parent").unwrap();
        let _boxes: [_; 30] = me.alloc_many(|number| Message::new(number as u64)).unwrap();
        #[expect(clippy::zombie_processes, reason = "it outlives this process")]
        let sleeper = Command::new("sleep").arg("1000").spawn().unwrap();
        line.say(sleeper.id());
        line.wait_for_end();
    });

    let name = Name::new();
    let region = Mapped::<Messages>::create(&name).unwrap();
    let me = region.join_as("heir").unwrap();
    let parent = roles.start("parent");
    parent.say(&*name);
    let sleeper = pid(parent.hear_value());
    assert_eq!(region.audit().pools[0].owned, 30);
    parent.kill();
    let all: Vec<_> = (0..4096).map(|number| me.alloc(Message::new(number)).unwrap()).collect();
    assert_eq!(all.len(), 4096, "the first allocation that found nothing has found the dead");
    kill_process(sleeper, Signal::KILL).unwrap();
    drop(all);
    drop(me);
    let audit = region.audit();
    assert!(audit.sessions.is_empty() && audit.is_sound() && audit.is_empty(), "{audit}");
}
