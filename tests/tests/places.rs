//! Objects are handed over in both directions in every place where pools can be, between processes that do not descend
//! from each other where the place allows it.
#![cfg(not(loom))]

use core::sync::atomic::Ordering::{Acquire, Release};
use std::{
    fs,
    os::unix::net::{UnixListener, UnixStream},
    sync::mpsc,
    thread,
};

use pool_tests::{
    descriptors,
    message::Message,
    names::{Directory, Name},
    process::{Line, Roles},
};
use pool_typed::{
    AtomicObjId, HandleError, Mapped, ObjId, Pool, PoolArc, PoolBox, Root, Shared, UnlinkError, error::AttachError,
};

#[derive(Shared)]
#[repr(C)]
struct Node {
    key: u64,
    next: Option<ObjId<Self>>,
    message: Option<ObjId<Message>>,
}

#[derive(Root)]
#[repr(C)]
struct World {
    messages: Pool<Message, 1024>,
    nodes: Pool<Node, 256>,
    list: AtomicObjId<Node>,
    /// Plain memory, known to both sides by its name.
    greeting: [u8; 16],
}

const ROUNDS: u64 = 200;
const NODES: u64 = 100;

fn hear_id<T: Shared>(line: &Line) -> ObjId<T> {
    ObjId::from_bits(line.hear_value()).unwrap()
}

/// One side of a hand-over; returns how many objects it has seen to arrive.
fn give(region: &Mapped<World>, line: &Line) -> u64 {
    let me = region.join_as("giver").unwrap();
    assert_eq!(*me.greeting, [0; 16], "zeroed memory is the beginning of everything");
    let mut count = 0;
    // Boxes go over, and others come back.
    for number in 0..ROUNDS {
        let id = PoolBox::into_id(me.messages.alloc(Message::new(number)).unwrap());
        line.say(id.to_bits());
        let answer = me.messages.take(hear_id(line)).unwrap();
        assert!(answer.is(number + ROUNDS));
        assert_eq!(me.messages.take(id).unwrap_err(), HandleError::Stale, "the other side has taken it");
        count += 1;
    }
    // A shared object: both hold it, nobody can take it, the last one frees it.
    let shared = PoolBox::into_shared(me.messages.alloc(Message::new(7)).unwrap());
    let id = PoolArc::id(&shared);
    line.say(id.to_bits());
    line.expect("held");
    let in_use = HandleError::InUse { holders: 2, handles: 0 };
    assert_eq!(me.messages.take(id).unwrap_err(), in_use);
    assert_eq!(me.messages.free(id).unwrap_err(), HandleError::Stale, "this handle owns no reference");
    let shared = PoolArc::try_into_box(shared).expect_err("two sessions hold it");
    assert_eq!(me.messages.id_of(&shared), Some(id));
    drop(shared);
    line.say("drop");
    line.expect("dropped");
    assert_eq!(me.messages.get(id).unwrap_err(), HandleError::Stale);
    // A list of nodes, each with a message.
    let mut next = None;
    for key in 0..NODES {
        let message = PoolBox::into_id(me.messages.alloc_with(|| Message::new(key)).unwrap());
        let node = Node { key, next, message: Some(message) };
        next = Some(PoolBox::into_id(me.nodes.alloc(node).unwrap()));
    }
    me.list.store(next, Release);
    line.say("list");
    line.expect("all of it");
    assert_eq!(me.list.load(Acquire), None);
    me.nodes.give_back_cache();
    assert_eq!(me.nodes.len(), 0, "nobody keeps a slot, not even in a cache");
    count + 1 + NODES
}

/// The other side of [`give`].
fn receive(region: &Mapped<World>, line: &Line) -> u64 {
    let me = region.join_as("receiver").unwrap();
    let mut count = 0;
    for number in 0..ROUNDS {
        let message = me.messages.take(hear_id(line)).unwrap();
        assert!(message.is(number));
        line.say(PoolBox::into_id(me.messages.alloc(Message::new(number + ROUNDS)).unwrap()).to_bits());
        count += 1;
    }
    let id = hear_id(line);
    let held = me.messages.get(id).unwrap();
    let again = PoolArc::clone(&held);
    assert!(PoolArc::ptr_eq(&held, &again));
    line.say("held");
    line.expect("drop");
    drop(held);
    assert!(again.is(7), "the other side has let go of it");
    drop(again);
    line.say("dropped");
    line.expect("list");
    let mut next = me.list.swap(None, Acquire);
    let mut key = NODES;
    while let Some(id) = next {
        let node = me.nodes.take(id).unwrap();
        key -= 1;
        assert_eq!(node.key, key);
        assert!(me.messages.take(node.message.unwrap()).unwrap().is(key));
        next = node.next;
    }
    assert_eq!(key, 0);
    me.nodes.give_back_cache();
    drop(me);
    line.say("all of it");
    count + 1 + NODES
}

/// The end of every test: nobody is there and everything is free.
fn assert_all_came_back(region: &Mapped<World>) {
    let audit = region.audit();
    assert!(audit.sessions.is_empty() && audit.is_sound() && audit.is_empty(), "{audit}");
    assert_eq!(audit.pools.iter().map(|pool| pool.free).sum::<u64>(), 1024 + 256);
}

const ALL: u64 = ROUNDS + 1 + NODES;

#[test]
fn under_a_name() {
    let roles = Roles::of_test("under_a_name");
    roles.play("receiver", |line| {
        let region = Mapped::<World>::attach(&line.hear()).unwrap();
        assert_eq!(receive(&region, line), ALL);
    });

    let name = Name::new();
    let region = Mapped::<World>::create(&name).unwrap();
    let receiver = roles.start("receiver");
    receiver.say(&*name);
    assert_eq!(give(&region, &receiver), ALL);
    receiver.end();
    assert_all_came_back(&region);
    Mapped::<World>::unlink(&name).unwrap();
    assert_eq!(Mapped::<World>::unlink(&name), Err(UnlinkError::NotFound));
    assert!(matches!(Mapped::<World>::attach(&name), Err(AttachError::NotFound { .. })));
}

/// Both sides ask for it, and one of them makes it.
#[test]
fn under_a_name_that_either_side_creates() {
    let roles = Roles::of_test("under_a_name_that_either_side_creates");
    roles.play("receiver", |line| {
        let name = line.hear();
        line.say("ready");
        line.expect("go");
        let region = Mapped::<World>::create_or_attach(&name).unwrap();
        assert_eq!(receive(&region, line), ALL);
    });

    let mut count = 0;
    for _ in 0..10 {
        let name = Name::new();
        let receiver = roles.start("receiver");
        receiver.say(&*name);
        receiver.expect("ready");
        receiver.say("go");
        let region = Mapped::<World>::create_or_attach(&name).unwrap();
        count += give(&region, &receiver);
        receiver.end();
        assert_all_came_back(&region);
    }
    assert_eq!(count, 10 * ALL);
}

#[test]
fn in_a_file() {
    let roles = Roles::of_test("in_a_file");
    roles.play("receiver", |line| {
        let region = Mapped::<World>::attach_file(line.hear()).unwrap();
        assert_eq!(receive(&region, line), ALL);
    });

    let directory = Directory::new();
    let path = directory.join("region");
    let region = Mapped::<World>::create_file(&path).unwrap();
    let receiver = roles.start("receiver");
    receiver.say(path.display());
    assert_eq!(give(&region, &receiver), ALL);
    receiver.end();
    assert_all_came_back(&region);
    // What was in it is still there for who comes later.
    let id = PoolBox::into_id(region.join().unwrap().messages.alloc(Message::new(3)).unwrap());
    drop(region);
    let region = Mapped::<World>::attach_file(&path).unwrap();
    assert!(region.join().unwrap().messages.take(id).unwrap().is(3));
    fs::remove_file(&path).unwrap();
    assert_all_came_back(&region);
}

/// The two processes have nothing in common but the path of a socket.
#[test]
fn in_a_descriptor_passed_over_a_socket() {
    let roles = Roles::of_test("in_a_descriptor_passed_over_a_socket");
    roles.play("creator", |line| {
        let region = Mapped::<World>::memfd().unwrap();
        let listener = UnixListener::bind(line.hear()).unwrap();
        line.say("listening");
        let (socket, _) = listener.accept().unwrap();
        descriptors::send(&socket, region.fd().expect("a region that can be passed on"));
        assert_eq!(give(&region, &Line::over(socket)), ALL);
        line.expect("the other has ended");
        assert_all_came_back(&region);
    });
    roles.play("receiver", |line| {
        let socket = UnixStream::connect(line.hear()).unwrap();
        let region = Mapped::<World>::from_fd(descriptors::receive(&socket)).unwrap();
        assert_eq!(receive(&region, &Line::over(socket)), ALL);
    });

    let directory = Directory::new();
    let socket = directory.join("socket");
    let (receiver, creator) = (roles.start("receiver"), roles.start("creator"));
    creator.say(socket.display());
    creator.expect("listening");
    receiver.say(socket.display());
    receiver.end();
    creator.say("the other has ended");
    creator.end();
}

/// Sessions of one process, on threads.
#[test]
fn in_one_process() {
    let region = Mapped::<World>::heap().unwrap();
    assert!(region.fd().is_none(), "there is nothing to pass on");
    let (one, other) = UnixStream::pair().unwrap();
    let counts = thread::scope(|scope| {
        let receiver = scope.spawn(|| receive(&region, &Line::over(other)));
        (give(&region, &Line::over(one)), receiver.join().unwrap())
    });
    assert_eq!(counts, (ALL, ALL));
    assert_all_came_back(&region);
}

/// One process sees a region twice, at two addresses; handles mean the same in both.
#[test]
fn mapped_twice_by_one_process() {
    let name = Name::new();
    let one = Mapped::<World>::create(&name).unwrap();
    let two = Mapped::<World>::attach(&name).unwrap();
    assert_ne!(one.base(), two.base());
    {
        let (here, there) = (one.join().unwrap(), two.join().unwrap());
        for number in 0..100 {
            let id = PoolBox::into_id(here.messages.alloc(Message::new(number)).unwrap());
            let shared = PoolBox::into_shared(there.messages.take(id).unwrap());
            let seen = here.messages.get(PoolArc::id(&shared)).unwrap();
            assert!(seen.is(number));
            assert_ne!((&raw const *seen).addr(), (&raw const *shared).addr());
            assert_eq!(here.messages.id_of(&shared), None, "an object of the other mapping");
        }
        assert_eq!(two.sessions().len(), 2);
    }
    assert_all_came_back(&one);
    drop(one);
    assert_all_came_back(&two);
}

/// For programs that want the mapping and its sessions in one struct.
#[test]
fn leaked() {
    struct Server {
        session: pool_typed::Session<'static, World>,
        region: &'static Mapped<World>,
    }
    let name = Name::new();
    let region = Mapped::<World>::create(&name).unwrap().leak();
    let server = Server { session: region.join().unwrap(), region };
    let message = server.session.messages.alloc(Message::new(1)).unwrap();
    assert_eq!(server.region.audit().pools[0].owned, 1);
    assert!(message.is(1));
    drop(message);
    drop(server);
    assert_all_came_back(region);
}

/// Hands objects from thread to thread through a pool of this process.
fn pass_between_threads(pool: &Pool<Message, 64>) -> u64 {
    const PASSED: u64 = 5_000;
    let (send, receive) = mpsc::sync_channel::<ObjId<Message>>(32);
    let received = thread::scope(|scope| {
        let receiver = scope.spawn(move || {
            let mut expected = 0;
            for id in receive {
                assert!(pool.take(id).unwrap().is(expected));
                expected += 1;
            }
            expected
        });
        for number in 0..PASSED {
            send.send(PoolBox::into_id(pool.alloc(Message::new(number)).unwrap())).unwrap();
        }
        drop(send);
        receiver.join().unwrap()
    });
    assert!(pool.is_empty());
    assert_eq!(received, PASSED);
    received
}

#[test]
fn in_a_static_in_a_field_on_the_stack_and_in_a_box() {
    static STATIC: Pool<Message, 64> = Pool::new();
    struct Server {
        _name: &'static str,
        pool: Pool<Message, 64>,
    }
    let mut count = pass_between_threads(&STATIC);
    let server = Server { _name: "a", pool: Pool::new() };
    count += pass_between_threads(&server.pool);
    let moved = server;
    count += pass_between_threads(&moved.pool);
    let stack = Pool::new();
    count += pass_between_threads(&stack);
    count += pass_between_threads(&Pool::boxed());
    assert_eq!(count, 5 * 5_000);
}
