//! A process is killed: all that it had comes back, by itself, and what it had given away stays.
#![cfg(not(loom))]

use core::mem;
use std::thread;

use pool_core::{holder::Bit, reap::Tally};
use pool_tests::{
    fork::fork_to_outlive,
    message::Message,
    names::Name,
    process::{Line, Peer, Roles, pid},
    words::words_of,
};
use pool_typed::{Departed, Full, FullCause, HandleError, Mapped, ObjId, Pool, PoolArc, PoolBox, Session};

type Messages = Pool<Message, 1024>;
/// So few that what one session does to others is seen at once.
type Few = Pool<Message, 16>;

fn id_of(line: &Line) -> ObjId<Message> {
    ObjId::from_bits(line.hear_value()).unwrap()
}

fn assert_nobody_and_nothing<R: pool_typed::Root>(region: &Mapped<R>) {
    let audit = region.audit();
    assert!(audit.sessions.is_empty() && audit.is_sound() && audit.is_empty(), "{audit}");
}

/// Starts a process that plays `role`, and waits until it has all that it will have.
fn start(roles: &Roles, role: &str, name: &Name) -> Peer {
    let peer = roles.start(role);
    peer.say(&**name);
    peer
}

/// Everything that a session can have: boxes, shared objects of all kinds, a cache, a lease, and what it gave away.
#[test]
fn everything_that_a_killed_session_had_comes_back() {
    let roles = Roles::of_test("everything_that_a_killed_session_had_comes_back");
    roles.play("holder", |line| {
        let region = Mapped::<Messages>::attach(&line.hear()).unwrap();
        let me = region.join_as("holder").unwrap();
        let _boxes: Vec<_> = (0..5).map(|number| me.alloc(Message::new(number)).unwrap()).collect();
        let alone: Vec<_> = (0..3).map(|n| PoolBox::into_shared(me.alloc(Message::new(n)).unwrap())).collect();
        let _again = alone.clone();
        // Two with references of data, and two of which others will have a share.
        let with_data: Vec<_> = (0..2).map(|n| PoolBox::into_shared(me.alloc(Message::new(n)).unwrap())).collect();
        with_data.iter().for_each(|object| line.say(PoolArc::to_id(object).unwrap().to_bits()));
        let with_others: Vec<_> = (0..2).map(|n| PoolBox::into_shared(me.alloc(Message::new(n)).unwrap())).collect();
        with_others.iter().for_each(|object| line.say(PoolArc::id(object).to_bits()));
        // Four that it gave away.
        for number in 0..4 {
            line.say(PoolBox::into_id(me.alloc(Message::new(number)).unwrap()).to_bits());
        }
        // A kill between taking a lease and giving it back is rare, so this one is taken by hand.
        let lease = words_of(&region).leases().acquire(63, Bit::of(Session::number(&me)).unwrap());
        mem::forget(lease.expect("nobody else is in this group"));
        line.say("done");
        line.wait_for_end();
    });

    let name = Name::new();
    let region = Mapped::<Messages>::create(&name).unwrap();
    let me = region.join_as("heir").unwrap();
    let holder = start(&roles, "holder", &name);
    let with_data = [(); 2].map(|()| id_of(&holder));
    let with_others = [(); 2].map(|()| me.get(id_of(&holder)).unwrap());
    let given = [(); 4].map(|()| id_of(&holder));
    holder.expect("done");
    let process = holder.pid();
    let audit = region.audit();
    let had = audit.pools[0].holdings.iter().find(|had| had.session == 1).unwrap();
    assert_eq!((had.owned, had.shared), (5, 3 + 2 + 2), "{audit}");
    assert!(had.cached > 0, "{audit}");
    holder.kill();

    let audit = region.audit();
    assert!(audit.is_sound(), "until it is reaped the dead session is one like any other: {audit}");
    assert!(audit.sessions[1].dead && !audit.sessions[0].dead, "{audit}");
    let departed = region.reap();
    let [Departed { session, pools, .. }] = &departed[..] else { panic!("{departed:?}") };
    assert_eq!((session.number, session.pid, &*session.name, session.dead), (1, process, "holder", true));
    let [(_, Tally { freed, released, leases })] = pools[..] else { panic!("{pools:?}") };
    assert_eq!((freed, released, leases), (5 + 3 + had.cached, 2 + 2, 1));
    let text = departed[0].to_string();
    assert!(text.starts_with(&format!("reaped session 1: process {process} `holder`")), "{text}");
    assert!(text.contains(&format!("the pool: {freed} freed, 4 released, 1 leases ended")), "{text}");

    // What data owns is there as if nothing had happened, and what we share is ours.
    for (number, id) in (0..).zip(with_data) {
        assert!(me.take(id).unwrap().is(number));
    }
    for (number, id) in (0..).zip(given) {
        assert!(me.take(id).unwrap().is(number));
    }
    for (number, object) in (0..).zip(with_others) {
        assert!(object.is(number));
        assert!(PoolArc::try_into_box(object).unwrap().is(number));
    }
    assert_eq!(region.reap(), []);
    drop(me);
    assert_nobody_and_nothing(&region);
}

/// The holder of as many objects as it is told, until it is killed.
fn hold(line: &Line) {
    let region = Mapped::<Few>::attach(&line.hear()).unwrap();
    let me = region.join().unwrap();
    let _boxes: Vec<_> = (0..line.hear_value()).map(|number| me.alloc(Message::new(number)).unwrap()).collect();
    line.say("holding");
    line.wait_for_end();
}

#[test]
fn an_allocation_that_finds_nothing_looks_for_the_dead() {
    let roles = Roles::of_test("an_allocation_that_finds_nothing_looks_for_the_dead");
    roles.play("holder", hold);

    let name = Name::new();
    let region = Mapped::<Few>::create(&name).unwrap();
    let me = region.join().unwrap();
    let mut count = 0;
    for round in 0..5 {
        let holder = start(&roles, "holder", &name);
        holder.say(10);
        holder.expect("holding");
        let six: Vec<_> = (0..6).map(|number| me.alloc(Message::new(number)).unwrap()).collect();
        let full: Full<Message> = me.alloc(Message::new(77)).unwrap_err();
        assert_eq!(full.cause(), FullCause::Exhausted { capacity: 16 });
        assert!(full.into_value().is(77), "a full pool gives the value back");
        holder.kill();
        if round % 2 == 0 {
            let ten: [_; 10] = me.alloc_many(|number| Message::new(number as u64)).unwrap();
            assert!(ten.iter().enumerate().all(|(number, object)| object.is(number as u64)));
            count += ten.len();
        } else {
            let ten: Vec<_> = (0..10).map(|number| me.alloc(Message::new(number)).unwrap()).collect();
            count += ten.len();
        }
        drop(six);
    }
    assert_eq!(count, 50);
    drop(me);
    assert_nobody_and_nothing(&region);
}

#[test]
fn a_dead_holder_is_in_nobodys_way() {
    let roles = Roles::of_test("a_dead_holder_is_in_nobodys_way");
    roles.play("holder", |line| {
        let region = Mapped::<Few>::attach(&line.hear()).unwrap();
        let me = region.join().unwrap();
        let _held: Vec<_> = (0..3).map(|_| me.get(id_of(line)).unwrap()).collect();
        line.say("holding");
        line.wait_for_end();
    });

    let name = Name::new();
    let region = Mapped::<Few>::create(&name).unwrap();
    let me = region.join().unwrap();
    for polled in [false, true, false] {
        let holder = start(&roles, "holder", &name);
        let [one, two] = [1, 2].map(|number| PoolBox::into_id(me.alloc(Message::new(number)).unwrap()));
        let mine = PoolBox::into_shared(me.alloc(Message::new(3)).unwrap());
        for id in [one, two, PoolArc::id(&mine)] {
            holder.say(id.to_bits());
        }
        holder.expect("holding");
        if polled {
            // Whoever asks again and again asks rarely who is in the way, and finds out all the same.
            for _ in 0..100 {
                assert_eq!(me.take(one).unwrap_err(), HandleError::InUse { holders: 1, handles: 1 });
            }
            holder.kill();
            let tries = (1..10_000).find(|_| me.take(one).is_ok_and(|object| object.is(1)));
            assert!(tries.is_some(), "the dead holder is still in the way");
        } else {
            // The first time is enough.
            holder.kill();
            assert!(me.take(one).unwrap().is(1));
        }
        // Those after it find nobody any more.
        assert!(me.take(two).unwrap().is(2));
        assert!(PoolArc::try_into_box(mine).unwrap().is(3));
    }
    drop(me);
    assert_nobody_and_nothing(&region);
}

#[test]
fn attaching_and_joining_reap_the_dead() {
    let roles = Roles::of_test("attaching_and_joining_reap_the_dead");
    roles.play("holder", hold);

    let name = Name::new();
    let region = Mapped::<Few>::create(&name).unwrap();
    let leave_two_dead = || {
        let two = [(); 2].map(|()| {
            let holder = start(&roles, "holder", &name);
            holder.say(4);
            holder.expect("holding");
            holder
        });
        assert_eq!(region.sessions().len(), 2);
        two.into_iter().for_each(Peer::kill);
        assert_eq!(region.audit().pools[0].owned, 8);
    };
    leave_two_dead();
    drop(Mapped::<Few>::attach(&name).unwrap());
    assert_nobody_and_nothing(&region);

    leave_two_dead();
    drop(region.join().unwrap());
    assert_nobody_and_nothing(&region);

    // Joining does it even where the first free record stands before those of the dead.
    let me = region.join().unwrap();
    leave_two_dead_behind(&region, &roles, &name);
    drop(me);
    drop(region.join().unwrap());
    assert_nobody_and_nothing(&region);
}

fn leave_two_dead_behind(region: &Mapped<Few>, roles: &Roles, name: &Name) {
    for count in [3, 5] {
        let holder = start(roles, "holder", name);
        holder.say(count);
        holder.expect("holding");
        // A zombie until the end of the round: nobody has waited for it.
        holder.kill_to_zombie();
        assert_eq!(region.sessions().last().map(|info| (info.number, info.dead)), Some((1, true)));
        if count == 3 {
            drop(region.join().unwrap());
            assert_eq!(region.sessions().len(), 1, "a zombie is dead");
        }
    }
}

/// The trap: signals still reach a zombie.
#[test]
fn a_zombie_is_dead() {
    let roles = Roles::of_test("a_zombie_is_dead");
    roles.play("holder", hold);

    let name = Name::new();
    let region = Mapped::<Few>::create(&name).unwrap();
    let holder = start(&roles, "holder", &name);
    holder.say(3);
    holder.expect("holding");
    holder.kill_to_zombie();
    assert_eq!(rustix::process::test_kill_process(pid(holder.pid())), Ok(()));
    assert!(region.sessions()[0].dead);
    let departed = region.reap();
    assert_eq!(departed.len(), 1);
    assert_eq!(departed[0].pools[0].1, Tally { freed: 3, released: 0, leases: 0 });
    assert_eq!(rustix::process::test_kill_process(pid(holder.pid())), Ok(()), "it still is one");
    assert_nobody_and_nothing(&region);
}

/// The kernel gives a forked child its parent's locks, so they outlive the parent. Only the process itself tells then.
#[test]
fn a_forked_child_does_not_keep_its_dead_parent_alive() {
    let roles = Roles::of_test("a_forked_child_does_not_keep_its_dead_parent_alive");
    roles.play("parent", |line| {
        let region = Mapped::<Few>::attach(&line.hear()).unwrap();
        let me = region.join_as("parent").unwrap();
        let _boxes: [_; 12] = me.alloc_many(|number| Message::new(number as u64)).unwrap();
        let child = fork_to_outlive(|| {
            while let Some(words) = line.hear_or_end() {
                assert_eq!(words, "join");
                let worked = region.join_as("child").unwrap().alloc(Message::new(1)).is_ok();
                line.say(worked);
            }
        });
        line.say(child.pid());
        // The child has the line from now on.
        loop {
            thread::park();
        }
    });

    let name = Name::new();
    let region = Mapped::<Few>::create(&name).unwrap();
    let me = region.join_as("heir").unwrap();
    for by_itself in [false, true] {
        let parent = start(&roles, "parent", &name);
        let child = pid(parent.hear_value());
        assert_eq!(region.reap(), [], "the parent lives");
        parent.kill_to_zombie();
        let lives = || rustix::process::test_kill_process(child).is_ok();
        assert!(lives() && region.sessions()[1].dead, "{:?}", region.sessions());
        if by_itself {
            // Looking at the lock is not enough here, and the thorough look does not come at the first failure.
            let failures = (0..).take_while(|_| me.alloc_many::<16>(|_| Message::new(0)).is_err()).count();
            assert!((1..8).contains(&failures), "{failures} failures");
        } else {
            let departed = region.reap();
            assert_eq!(departed.len(), 1);
            assert_eq!(departed[0].session.name, "parent");
            assert_eq!(departed[0].pools[0].1, Tally { freed: 12, released: 0, leases: 0 });
        }
        assert_eq!(region.sessions().len(), 1);
        me.give_back_cache();
        assert_eq!(region.audit().pools[0].free, 16);
        // The child still has the lock; it is in nobody's way, and may join by itself.
        assert!(lives());
        parent.say("join");
        parent.expect("true");
        drop(parent);
    }
    drop(me);
    assert_nobody_and_nothing(&region);
}

#[test]
fn several_who_reap_at_once_reap_everybody_once() {
    let roles = Roles::of_test("several_who_reap_at_once_reap_everybody_once");
    roles.play("holder", |line| {
        let region = Mapped::<Messages>::attach(&line.hear()).unwrap();
        let sessions: Vec<_> = (0..8).map(|_| region.join().unwrap()).collect();
        let boxes: Vec<_> = sessions.iter().flat_map(|me| me.alloc_many::<20>(|_| Message::new(1)).unwrap()).collect();
        sessions.iter().for_each(|me| me.give_back_cache());
        line.say(boxes.len());
        line.wait_for_end();
    });
    roles.play("reaper", |line| {
        let region = Mapped::<Messages>::attach(&line.hear()).unwrap();
        line.say("ready");
        while let Some(words) = line.hear_or_end() {
            assert_eq!(words, "reap");
            let departed = region.reap();
            let freed: u64 = departed.iter().flat_map(|departed| &departed.pools).map(|(_, tally)| tally.freed).sum();
            line.say(departed.len());
            line.say(freed);
        }
    });

    const ROUNDS: usize = 15;
    let name = Name::new();
    let region = Mapped::<Messages>::create(&name).unwrap();
    let reapers = [(); 3].map(|()| {
        let reaper = start(&roles, "reaper", &name);
        reaper.expect("ready");
        reaper
    });
    let (mut sessions, mut objects) = (0, 0);
    for _ in 0..ROUNDS {
        let holder = start(&roles, "holder", &name);
        assert_eq!(holder.hear_value::<usize>(), 160);
        holder.kill();
        reapers.iter().for_each(|reaper| reaper.say("reap"));
        for reaper in &reapers {
            sessions += reaper.hear_value::<usize>();
            objects += reaper.hear_value::<usize>();
        }
        // One reaper passes over a record where another is at work, so its own list can be short of that one.
        for departed in region.reap() {
            sessions += 1;
            objects += departed.pools.iter().map(|(_, tally)| tally.freed as usize).sum::<usize>();
        }
        assert_nobody_and_nothing(&region);
    }
    assert_eq!((sessions, objects), (ROUNDS * 8, ROUNDS * 160));
}
