//! Pools of one process: in a `static`, a field, on the stack, in a box; without sessions, from any thread.
#![cfg(not(loom))]

use core::{mem, ptr};
use std::{
    collections::BTreeSet,
    sync::{Arc, Barrier, Mutex, mpsc},
    thread,
};

use pool_tests::message::{Message, Rng};
use pool_typed::{Full, FullCause, HandleError, LocalArc, LocalBox, ObjId, Pool, PoolArc, PoolBox};

/// Four threads hand objects around through a channel, each to whoever comes next.
#[test]
fn a_static_pool_under_load_from_four_threads() {
    static POOL: Pool<Message, 256> = Pool::new();
    const THREADS: u64 = 4;
    const ROUNDS: u64 = 20_000;
    let (sender, receiver) = mpsc::channel::<ObjId<Message>>();
    let receiver = Arc::new(Mutex::new(receiver));
    let workers: Vec<_> = (0..THREADS)
        .map(|thread| {
            let (sender, receiver) = (sender.clone(), receiver.clone());
            thread::spawn(move || {
                let mut rng = Rng::new(thread);
                let (mut sent, mut received, mut full) = (0_u64, 0_u64, 0_u64);
                for _ in 0..ROUNDS {
                    match rng.below(3) {
                        0 => match POOL.alloc(Message::new(rng.next())) {
                            Ok(message) => {
                                sender.send(PoolBox::into_id(message)).unwrap();
                                sent += 1;
                            }
                            Err(error) => {
                                assert_eq!(error.cause(), FullCause::Exhausted { capacity: 256 });
                                full += 1;
                            }
                        },
                        1 => {
                            let next = receiver.lock().unwrap().try_recv();
                            if let Ok(id) = next {
                                let message = POOL.take(id).expect("whoever receives a handle owns it");
                                assert!(message.is(message.number));
                                received += 1;
                            }
                        }
                        _ => {
                            let Ok(message) = POOL.alloc_with(|| Message::new(7)) else { continue };
                            let shared = PoolBox::into_shared(message);
                            let other = POOL.get(PoolArc::id(&shared)).unwrap();
                            assert!(PoolArc::ptr_eq(&shared, &other) && other.is(7));
                        }
                    }
                }
                (sent, received, full)
            })
        })
        .collect();
    let mut total = (0, 0, 0);
    for worker in workers {
        let (sent, received, full) = worker.join().unwrap();
        total = (total.0 + sent, total.1 + received, total.2 + full);
    }
    let mut left = 0;
    for id in receiver.lock().unwrap().try_iter() {
        POOL.free(id).unwrap();
        left += 1;
    }
    assert_eq!(total.0, total.1 + left);
    assert!(total.1 > 1000, "{total:?}");
    assert!(POOL.is_empty());
    assert_eq!((POOL.len(), POOL.iter().count()), (0, 0));
}

/// Every slot is handed out once, by whichever thread.
#[test]
fn threads_that_fill_a_pool_together_get_every_slot_once() {
    let pool = &Pool::<Message, 512>::new();
    for _ in 0..20 {
        let start = Barrier::new(4);
        let boxes: Vec<LocalBox<'_, Message>> = thread::scope(|scope| {
            let fill = |thread: u64| {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    let mut mine = Vec::new();
                    while let Ok(message) = pool.alloc(Message::new(thread)) {
                        mine.push(message);
                    }
                    mine
                })
            };
            let workers: Vec<_> = (0..4).map(fill).collect();
            workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
        });
        assert_eq!(boxes.len(), 512);
        let places: BTreeSet<_> = boxes.iter().map(|message| ptr::from_ref::<Message>(message).addr()).collect();
        assert_eq!(places.len(), 512);
        let full: Full<Message> = pool.alloc(Message::new(9)).unwrap_err();
        assert!(full.into_value().is(9));
        // Given back by another thread than the one that has most of them.
        thread::scope(|scope| {
            scope.spawn(move || drop(boxes));
        });
        assert!(pool.is_empty());
    }
}

#[test]
fn guards_cross_threads() {
    let pool = &Pool::<Message, 64>::new();
    let (boxes, take_boxes) = mpsc::channel::<LocalBox<'_, Message>>();
    let (arcs, take_arcs) = mpsc::channel::<LocalArc<'_, Message>>();
    let seen = thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let mut seen = 0;
            for (mut message, shared) in take_boxes.into_iter().zip(take_arcs) {
                assert!(message.is(seen) && shared.is(seen + 1000));
                // The other thread may look at it at the same time.
                let again = LocalArc::clone(&shared);
                *message = Message::new(0);
                drop(shared);
                assert!(again.is(seen + 1000));
                seen += 1;
            }
            seen
        });
        let mut kept = Vec::new();
        for number in 0..1000 {
            let wait = || loop {
                if let Ok(message) = pool.alloc(Message::new(number)) {
                    return message;
                }
                thread::yield_now();
            };
            let (first, second) = (wait(), wait());
            let shared = PoolBox::into_shared(second);
            let shared = PoolArc::try_into_box(shared).map(|mut message| {
                *message = Message::new(number + 1000);
                PoolBox::into_shared(message)
            });
            let shared = shared.unwrap();
            if number % 100 == 0 {
                kept.push(PoolArc::clone(&shared));
            }
            boxes.send(first).unwrap();
            arcs.send(shared).unwrap();
        }
        drop((boxes, arcs));
        let seen = reader.join().unwrap();
        for (at, shared) in (0..).zip(kept) {
            assert!(shared.is(at * 100 + 1000));
            assert_eq!(PoolArc::count(&shared), 1);
        }
        seen
    });
    assert_eq!(seen, 1000);
    assert!(pool.is_empty());
}

#[test]
fn a_pool_wherever_a_value_can_be() {
    struct Server {
        _port: u16,
        small: Pool<u8, 1>,
        messages: Pool<Message, 128>,
    }
    fn use_all<const N: usize>(pool: &Pool<Message, N>) -> usize
    where
        usize: pool_typed::config::Capacity<N>,
    {
        assert_eq!(pool.capacity(), N);
        let all: Vec<_> = (0..N as u64).map(|number| pool.alloc(Message::new(number)).unwrap()).collect();
        assert!(all.iter().zip(0..).all(|(message, number)| message.is(number)));
        assert!(pool.alloc_zeroed().is_err());
        let ids: Vec<_> = all.into_iter().map(PoolBox::into_id).collect();
        assert_eq!(pool.iter().collect::<BTreeSet<_>>(), ids.iter().copied().collect());
        for (number, id) in (0..).zip(&ids) {
            assert!(pool.read(*id).unwrap().is(number));
            assert!(pool.take(*id).unwrap().is(number));
        }
        assert!(pool.is_empty());
        N
    }
    let server = Server { _port: 1, small: Pool::new(), messages: Pool::default() };
    let mut count = use_all(&server.messages);
    let byte = server.small.alloc(7).unwrap();
    assert_eq!(server.small.alloc(8).unwrap_err().into_value(), 8);
    drop(byte);
    // Moving it is nothing special, as long as nothing is borrowed.
    let moved = Box::new(server);
    count += use_all(&moved.messages);
    assert!(moved.small.is_empty());
    count += use_all(&Pool::<Message, 256>::new());
    count += use_all(&Pool::<Message, 65_536>::boxed());
    // Leaking makes it one for ever.
    let forever: &'static Pool<Message, 64> = Box::leak(Pool::boxed());
    let message: LocalBox<'static, Message> = forever.alloc(Message::new(1)).unwrap();
    count += thread::spawn(move || usize::from(message.is(1))).join().unwrap();
    assert_eq!(count, 128 + 128 + 256 + 65_536 + 1);
}

#[test]
fn handles_of_another_pool_of_the_process() {
    let pools: [Pool<Message, 64>; 8] = [const { Pool::new() }; 8];
    let ids: Vec<_> = pools.iter().map(|pool| PoolBox::into_id(pool.alloc(Message::new(1)).unwrap())).collect();
    let mut foreign = 0;
    for (at, pool) in pools.iter().enumerate() {
        for (of, id) in ids.iter().enumerate() {
            if at == of {
                assert!(pool.get(*id).unwrap().is(1));
                continue;
            }
            for error in [pool.take(*id).unwrap_err(), pool.get(*id).unwrap_err(), pool.free(*id).unwrap_err()] {
                let HandleError::Foreign { expected, found } = error else { panic!("{error:?}") };
                assert_ne!(expected, found);
                foreign += 1;
            }
        }
    }
    assert_eq!(foreign, 8 * 7 * 3);
    for (pool, id) in pools.iter().zip(ids) {
        pool.free(id).unwrap();
        assert_eq!(pool.free(id), Err(HandleError::Stale));
        assert!(pool.is_empty());
    }
}

#[test]
fn what_guards_of_a_local_pool_do() {
    let pool = Pool::<Message, 16>::new();
    let mut count = 0;
    // Addresses and handles.
    let message = pool.alloc(Message::new(1)).unwrap();
    assert_eq!(pool.id_of(&message), None, "an owned object has no handle");
    let shared = PoolBox::into_shared(message);
    assert_eq!(pool.id_of(&shared), Some(PoolArc::id(&shared)));
    assert_eq!(pool.id_of(&Message::new(1)), None, "it is not in the pool");
    count += 1;
    // Raw pointers.
    let raw = PoolBox::into_raw(pool.alloc(Message::new(2)).unwrap());
    assert_eq!(pool.len(), 2);
    #[expect(unsafe_code, reason = "frees an object by its address alone")]
    // SAFETY: it came from `into_raw`, and is given back once.
    let message = unsafe { pool.from_raw(raw) };
    assert!(message.is(2));
    drop(message);
    count += 1;
    // References of handles.
    let id = PoolArc::to_id(&shared).unwrap();
    let shared = PoolArc::try_into_box(shared).expect_err("a handle has a reference, too");
    assert_eq!(pool.take(id).unwrap_err(), HandleError::InUse { holders: 1, handles: 1 });
    let adopted = pool.adopt(id).unwrap();
    assert_eq!(PoolArc::count(&shared), 2);
    drop(shared);
    let id = PoolArc::into_id(adopted).unwrap();
    assert!(pool.take(id).unwrap().is(1));
    count += 1;
    // Several at once, or none.
    let eight: [_; 8] = pool.alloc_many(|at| Message::new(at as u64)).unwrap();
    assert!(pool.alloc_many::<9>(|_| unreachable!("there are no nine places")).is_err());
    assert!(eight.iter().zip(0..).all(|(message, at)| message.is(at)));
    drop(eight);
    assert!(pool.is_empty());
    count += 1;
    // A panic while a value is built frees its place.
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        drop(pool.alloc_many::<4>(|at| if at == 2 { panic!("on purpose") } else { Message::new(0) }));
    }));
    assert!(result.is_err() && pool.is_empty());
    count += 1;
    // What is leaked stays.
    mem::forget(pool.alloc(Message::new(3)).unwrap());
    assert_eq!(pool.len(), 1);
    count += 1;
    assert_eq!(count, 6);
}
