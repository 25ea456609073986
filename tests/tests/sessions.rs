//! Sessions: how many, who they are, how they come and go, and that a live one is never taken for a dead one.
#![cfg(not(loom))]

use core::{mem, time::Duration};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Barrier, mpsc},
    thread,
    time::Instant,
};

use pool_tests::{
    message::Message,
    names::Name,
    process::{Line, Peer, Roles},
};
use pool_typed::{HandleError, JoinError, Mapped, ObjId, Pool, PoolArc, PoolBox, Session, SessionInfo};

type Messages = Pool<Message, 4096>;

fn assert_nobody_and_nothing(region: &Mapped<Messages>) {
    let audit = region.audit();
    assert!(audit.sessions.is_empty() && audit.is_sound() && audit.is_empty(), "{audit}");
}

fn holders(error: &JoinError) -> &[SessionInfo] {
    match error {
        JoinError::TooManySessions { holders } => holders,
        other => panic!("expected too many sessions, found {other:?}"),
    }
}

#[test]
fn forty_sessions_and_not_one_more() {
    let roles = Roles::of_test("forty_sessions_and_not_one_more");
    roles.play("ten", |line| {
        let region = Mapped::<Messages>::attach(&line.hear()).unwrap();
        let tag = line.hear();
        let sessions: Vec<_> = (0..10).map(|i| region.join_as(&format!("worker {tag}.{i}")).unwrap()).collect();
        let boxes: Vec<_> = sessions.iter().map(|me| me.alloc(Message::new(1)).unwrap()).collect();
        line.say("joined");
        line.wait_for_end();
        drop(boxes);
    });

    let name = Name::new();
    let region = Mapped::<Messages>::create(&name).unwrap();
    let start = |tag: &str| {
        let peer = roles.start("ten");
        peer.say(&*name);
        peer.say(tag);
        peer.expect("joined");
        peer
    };
    let peers = ["a", "b", "c", "d"].map(start);
    let error = region.join().unwrap_err();
    let listed = holders(&error);
    let text = error.to_string();
    assert!(text.starts_with("all 40 sessions of the region are taken:"), "{text}");
    let mut of_each = BTreeMap::new();
    for (number, holder) in listed.iter().enumerate() {
        assert_eq!((holder.number as usize, holder.dead), (number, false));
        *of_each.entry(holder.pid).or_insert(0) += 1;
        let line = format!("session {number}: process {} `{}`", holder.pid, holder.name);
        assert!(text.contains(&line), "{text}");
    }
    assert_eq!(of_each, peers.iter().map(|peer| (peer.pid(), 10)).collect());
    let names: BTreeSet<_> = listed.iter().map(|holder| &*holder.name).collect();
    assert_eq!(names.len(), 40);
    assert!(names.contains("worker c.7"), "{names:?}");
    assert_eq!(region.sessions(), listed);

    // A process that was killed makes room, with all that it had.
    let [a, b, c, d] = peers;
    c.kill();
    let me = region.join_as("newcomer").unwrap();
    assert_eq!(region.sessions().len(), 31);
    let again = start_nine(&region);
    assert_eq!(holders(&region.join().unwrap_err()).len(), 40);
    drop(again);
    drop(me);
    let e = start("e");
    drop((a, b, d, e));
    assert_eq!(region.reap().len(), 40);
    assert_nobody_and_nothing(&region);
}

fn start_nine(region: &Mapped<Messages>) -> Vec<Session<'_, Messages>> {
    (0..9).map(|_| region.join().unwrap()).collect()
}

#[test]
fn a_session_on_each_thread() {
    const THREADS: usize = 8;
    const ROUNDS: u64 = 300;
    let region = Mapped::<Messages>::heap().unwrap();
    let all_joined = Barrier::new(THREADS);
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..THREADS).map(|_| mpsc::channel::<ObjId<Message>>()).unzip();
    let counts = thread::scope(|scope| {
        let workers: Vec<_> = receivers
            .into_iter()
            .enumerate()
            .map(|(i, receiver)| {
                let (region, all_joined) = (&region, &all_joined);
                let next = senders[(i + 1) % THREADS].clone();
                scope.spawn(move || {
                    let me = region.join().unwrap();
                    all_joined.wait();
                    let mut count = 0;
                    for number in 0..ROUNDS {
                        next.send(PoolBox::into_id(me.alloc(Message::new(number)).unwrap())).unwrap();
                        assert!(me.take(receiver.recv().unwrap()).unwrap().is(number));
                        count += 1;
                    }
                    // Everybody has left his number to nobody else as long as others work.
                    all_joined.wait();
                    (Session::number(&me), count)
                })
            })
            .collect();
        drop(senders);
        workers.into_iter().map(|worker| worker.join().unwrap()).collect::<BTreeMap<_, _>>()
    });
    assert_eq!(counts.len(), THREADS, "each had a number of its own");
    assert_eq!(counts.values().sum::<u64>(), THREADS as u64 * ROUNDS);
    assert_nobody_and_nothing(&region);
}

#[test]
fn a_record_is_used_again_and_nobody_is_confused() {
    let region = Mapped::<Messages>::memfd().unwrap();
    let mut last = None;
    for _ in 0..50 {
        let me = region.join_as("the one").unwrap();
        assert_eq!(Session::number(&me), 0);
        let [info] = &region.sessions()[..] else { panic!("{:?}", region.sessions()) };
        assert!(last.is_none_or(|last| last < info.joined), "another session by its time");
        last = Some(info.joined);
        let kept = me.alloc(Message::new(1)).unwrap();
        assert_eq!(region.reap(), []);
        assert!(kept.is(1));
    }
    // The second of two keeps its number when the first leaves.
    let first = region.join().unwrap();
    let second = region.join().unwrap();
    let object = second.alloc(Message::new(2)).unwrap();
    drop(first);
    assert_eq!(region.sessions().iter().map(|info| info.number).collect::<Vec<_>>(), [1]);
    let third = region.join().unwrap();
    assert_eq!((Session::number(&second), Session::number(&third)), (1, 0));
    assert!(object.is(2));
    drop(object);
    drop((second, third));
    assert_nobody_and_nothing(&region);
}

#[test]
fn a_long_name_is_cut_and_any_name_is_shown() {
    let region = Mapped::<Messages>::heap().unwrap();
    let names = ["", "x", "a name of exactly 32 bytes......", "\u{1F980} is a crab and this is cut off", "\"\n`"];
    let sessions = names.map(|name| region.join_as(name).unwrap());
    for (info, name) in region.sessions().iter().zip(names) {
        assert!(name.starts_with(&info.name) && name.len() - info.name.len() < 10, "{info:?} of {name:?}");
        assert_eq!(info.pid, std::process::id());
        let text = info.to_string();
        assert!(text.contains("joined 0 s ago") && !text.contains('\n'), "{text}");
    }
    assert_eq!(region.sessions()[2].name.len(), 32);
    drop(sessions);
    let me = region.join().unwrap();
    let name = &region.sessions()[0].name;
    assert!(!name.is_empty(), "a session is named after its program");
    drop(me);
}

/// What a session still holds when it leaves is free afterwards, or what others make of it.
#[test]
fn guards_that_were_leaked_are_freed_when_the_session_leaves() {
    let region = Mapped::<Messages>::heap().unwrap();
    let other = region.join_as("other").unwrap();
    let me = region.join_as("leaker").unwrap();
    let common = PoolBox::into_shared(me.alloc(Message::new(1)).unwrap());
    let id = PoolArc::id(&common);
    let theirs = other.get(id).unwrap();
    let owned_by_data = PoolBox::into_shared(me.alloc(Message::new(2)).unwrap());
    let data = PoolArc::to_id(&owned_by_data).unwrap();
    mem::forget(common);
    mem::forget(owned_by_data);
    for number in 10..15 {
        mem::forget(me.alloc(Message::new(number)).unwrap());
        let _: &mut Message = PoolBox::leak(me.alloc(Message::new(number)).unwrap());
        let _ = PoolBox::into_raw(me.alloc(Message::new(number)).unwrap());
        mem::forget(PoolBox::into_shared(me.alloc(Message::new(number)).unwrap()));
    }
    let audit = region.audit();
    let pool = &audit.pools[0];
    assert_eq!((pool.owned, pool.shared), (15, 7), "{audit}");
    drop(me);
    let audit = region.audit();
    let pool = &audit.pools[0];
    assert!(audit.is_sound(), "{audit}");
    assert_eq!((pool.owned, pool.shared, pool.in_handles), (0, 1, 1), "{audit}");
    assert!(theirs.is(1));
    assert!(other.take(data).unwrap().is(2));
    drop(theirs);
    assert_eq!(other.take(id).unwrap_err(), HandleError::Stale);
    drop(other);
    assert_nobody_and_nothing(&region);
}

#[test]
fn a_leaked_session_stays_until_its_process_ends() {
    let roles = Roles::of_test("a_leaked_session_stays_until_its_process_ends");
    roles.play("leaker", |line| {
        let region = Mapped::<Messages>::attach(&line.hear()).unwrap().leak();
        // The thread that joined is gone, too.
        thread::spawn(|| {
            let me = region.join_as("leaked").unwrap();
            mem::forget(me.alloc(Message::new(1)).unwrap());
            mem::forget(me);
        })
        .join()
        .unwrap();
        line.say("leaked");
        line.expect("end");
    });

    let name = Name::new();
    let region = Mapped::<Messages>::create(&name).unwrap();
    let leaker = roles.start("leaker");
    leaker.say(&*name);
    leaker.expect("leaked");
    for _ in 0..20 {
        assert_eq!(region.reap(), []);
        assert_eq!(region.sessions()[0].name, "leaked");
        assert!(!region.sessions()[0].dead);
        assert_eq!(Session::number(&region.join().unwrap()), 1, "its record is taken");
    }
    leaker.say("end");
    leaker.end();
    assert!(region.sessions()[0].dead);
    assert_eq!(region.reap().len(), 1);
    assert_nobody_and_nothing(&region);
}

/// Recovery that works by timeouts takes from the living what they are about to write.
#[test]
fn a_stopped_process_is_never_reaped() {
    let roles = Roles::of_test("a_stopped_process_is_never_reaped");
    roles.play("sleeper", |line| {
        let region = Mapped::<Messages>::attach(&line.hear()).unwrap();
        let me = region.join_as("sleeper").unwrap();
        let mut object = me.alloc(Message::new(1)).unwrap();
        let shared = PoolBox::into_shared(me.alloc(Message::new(2)).unwrap());
        line.say(PoolArc::id(&shared).to_bits());
        line.expect("go on");
        *object = Message::new(3);
        assert!(shared.is(2));
        assert!(me.take(PoolBox::into_id(object)).unwrap().is(3));
    });

    let name = Name::new();
    let region = Mapped::<Messages>::create(&name).unwrap();
    let sleeper = roles.start("sleeper");
    sleeper.say(&*name);
    let id: ObjId<Message> = ObjId::from_bits(sleeper.hear_value()).unwrap();
    sleeper.stop();
    let (since, mut looks) = (Instant::now(), 0);
    while since.elapsed() < Duration::from_millis(300) {
        assert_eq!(region.reap(), []);
        let again = Mapped::<Messages>::attach(&name).unwrap();
        let me = again.join().unwrap();
        assert_eq!(Session::number(&me), 1);
        let mut all = Vec::new();
        while let Ok(object) = me.alloc(Message::new(0)) {
            all.push(object);
        }
        assert!(all.len() < 4096 - 1, "two objects are those of the sleeper, and some are in its cache");
        for _ in 0..100 {
            assert!(matches!(me.take(id).unwrap_err(), HandleError::InUse { holders: 1, .. }));
        }
        assert!(!region.sessions()[0].dead);
        looks += 1;
    }
    assert!(looks > 0);
    sleeper.go_on();
    sleeper.say("go on");
    sleeper.end();
    assert_nobody_and_nothing(&region);
}

/// Two processes come and go as fast as they can while a third one looks for the dead all the time.
#[test]
fn those_who_come_and_go_are_never_taken_for_dead() {
    let roles = Roles::of_test("those_who_come_and_go_are_never_taken_for_dead");
    roles.play("visitor", |line| {
        let region = Mapped::<Messages>::attach(&line.hear()).unwrap();
        line.say("ready");
        let since = Instant::now();
        let mut visits = 0_u64;
        while since.elapsed() < Duration::from_millis(1500) {
            let me = region.join_as("visitor").unwrap();
            let object = me.alloc(Message::new(visits)).unwrap();
            let shared = PoolBox::into_shared(me.alloc(Message::new(visits + 1)).unwrap());
            if visits.is_multiple_of(4) {
                // Long enough to be seen, however few processors there are.
                thread::sleep(Duration::from_micros(200));
            }
            assert!(object.is(visits) && shared.is(visits + 1));
            visits += 1;
        }
        line.say(visits);
    });
    roles.play("reaper", |line| {
        let region = Mapped::<Messages>::attach(&line.hear()).unwrap();
        line.say("ready");
        let mut looks = 0_u64;
        let mut seen = 0_usize;
        let since = Instant::now();
        while since.elapsed() < Duration::from_millis(1500) {
            assert_eq!(region.reap(), []);
            let sessions = region.sessions();
            assert!(sessions.iter().all(|info| !info.dead && info.name == "visitor"), "{sessions:?}");
            seen += sessions.len();
            looks += 1;
        }
        line.say(format_args!("{looks} {seen}"));
    });

    let name = Name::new();
    let region = Mapped::<Messages>::create(&name).unwrap();
    let start = |role| {
        let peer: Peer = roles.start(role);
        peer.say(&*name);
        peer.expect("ready");
        peer
    };
    let (one, two, reaper) = (start("visitor"), start("visitor"), start("reaper"));
    let visits = |line: &Line| line.hear_value::<u64>();
    let visits = visits(&one) + visits(&two);
    let looks = reaper.hear();
    let (looks, seen) = looks.split_once(' ').unwrap();
    let (looks, seen): (u64, u64) = (looks.parse().unwrap(), seen.parse().unwrap());
    for peer in [one, two, reaper] {
        peer.end();
    }
    assert!(visits > 0 && looks > 0 && seen > 0, "{visits} visits, {looks} looks that saw {seen}");
    assert_nobody_and_nothing(&region);
}
