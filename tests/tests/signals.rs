//! A signal handler works in a region through a session of its own, which was joined before; and in a `static` pool.
#![cfg(not(loom))]
#![allow(unsafe_code, reason = "installs a signal handler, which reaches its session through a pointer")]
#![expect(clippy::disallowed_types, reason = "counters between a handler and its thread")]

use core::{
    cell::{Cell, RefCell},
    mem, ptr,
    sync::atomic::{
        AtomicPtr, AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
    },
    time::Duration,
};
use std::time::Instant;

use pool_tests::{
    message::{Message, Rng},
    names::Name,
    process::Roles,
    yard::{Yard, clean_up, step},
};
use pool_typed::{AtomicObjId, Mapped, Pool, PoolBox, Session};

/// How long each test lasts.
const LENGTH: Duration = Duration::from_millis(800);

/// Has `handler` called every 100 microseconds on this thread, until dropped. (A timer of the process would choose among
/// its threads, and could call it on two at once.)
struct Alarm(libc::timer_t);

impl Alarm {
    fn start(handler: extern "C" fn(libc::c_int)) -> Self {
        // SAFETY: a C struct of integers, a set and a pointer, for which zeros are values.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_RESTART;
        // SAFETY: the handler has the signature that goes with these flags.
        let result = unsafe { libc::sigaction(libc::SIGALRM, &raw const action, ptr::null_mut()) };
        assert_eq!(result, 0, "sigaction");
        // SAFETY: a C struct of integers and pointers, for which zeros are values.
        let mut event: libc::sigevent = unsafe { mem::zeroed() };
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_signo = libc::SIGALRM;
        event.sigev_notify_thread_id = rustix::thread::gettid().as_raw_nonzero().get();
        let mut timer = ptr::null_mut();
        // SAFETY: it reads one struct and writes the other.
        let result = unsafe { libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer) };
        assert_eq!(result, 0, "timer_create");
        let interval = libc::timespec { tv_sec: 0, tv_nsec: 100_000 };
        let times = libc::itimerspec { it_interval: interval, it_value: interval };
        // SAFETY: the timer was made above; it reads one struct.
        let result = unsafe { libc::timer_settime(timer, 0, &raw const times, ptr::null_mut()) };
        assert_eq!(result, 0, "timer_settime");
        Self(timer)
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        // SAFETY: the timer was made in `start`, and is deleted once.
        let result = unsafe { libc::timer_delete(self.0) };
        assert_eq!(result, 0, "timer_delete");
    }
}

/// What the handler has. It is called on one thread, and not while it runs.
struct Desk {
    session: Session<'static, Yard>,
    rng: RefCell<Rng>,
    calls: Cell<u64>,
    objects: Cell<u64>,
}

static DESK: AtomicPtr<Desk> = AtomicPtr::new(ptr::null_mut());

extern "C" fn work_in_the_region(_: libc::c_int) {
    // SAFETY: null, or a desk that lives until the process ends, of this one thread.
    let Some(desk) = (unsafe { DESK.load(Acquire).as_ref() }) else { return };
    desk.calls.set(desk.calls.get() + 1);
    for _ in 0..3 {
        desk.objects.set(desk.objects.get() + step(&desk.session, &mut desk.rng.borrow_mut()));
    }
}

#[test]
fn a_handler_has_a_session_of_its_own() {
    let roles = Roles::of_test("a_handler_has_a_session_of_its_own");
    roles.play("worker", |line| {
        let region = Mapped::<Yard>::attach(&line.hear()).unwrap().leak();
        let session = region.join_as("handler").unwrap();
        let desk =
            Box::new(Desk { session, rng: RefCell::new(Rng::new(1)), calls: Cell::new(0), objects: Cell::new(0) });
        DESK.store(Box::into_raw(desk), Release);
        let me = region.join_as("thread").unwrap();
        let (mut rng, mut steps, mut objects) = (Rng::new(2), 0_u64, 0);
        let alarm = Alarm::start(work_in_the_region);
        let since = Instant::now();
        while since.elapsed() < LENGTH {
            for _ in 0..200 {
                objects += step(&me, &mut rng);
                steps += 1;
            }
            // Sessions come and go beside it.
            drop(region.join_as("guest").unwrap());
        }
        drop(alarm);
        drop(me);
        // SAFETY: it came out of a box above, and no more signals come.
        let desk = unsafe { Box::from_raw(DESK.swap(ptr::null_mut(), Acquire)) };
        for count in [steps, objects, desk.calls.get(), desk.objects.get()] {
            line.say(count);
        }
        drop(desk);
    });

    let name = Name::new();
    let region = Mapped::<Yard>::create(&name).unwrap();
    let worker = roles.start("worker");
    worker.say(&*name);
    let [steps, objects, calls, handled] = [(); 4].map(|()| worker.hear_value::<u64>());
    worker.end();
    assert!(steps > 0 && objects > 0 && calls > 0 && handled > 0, "{steps} {objects} {calls} {handled}");
    assert_eq!(clean_up(&region), 0, "nothing was lost");
}

static POOL: Pool<Message, 64> = Pool::new();
static MAILBOX: AtomicObjId<Message> = AtomicObjId::new(None);
static HANDLED: AtomicU64 = AtomicU64::new(0);

/// Puts a message into the mailbox, and takes out what was in it. Returns whether there was anything.
fn exchange(number: u64) -> bool {
    let Ok(message) = POOL.alloc(Message::new(number)) else { return false };
    let Some(id) = MAILBOX.swap(Some(PoolBox::into_id(message)), Release) else { return false };
    let message = POOL.take(id).expect("whoever swaps a handle out owns it");
    assert!(message.is(message.number), "{message:?}");
    true
}

extern "C" fn work_in_the_pool(_: libc::c_int) {
    for number in 0..3 {
        HANDLED.fetch_add(u64::from(exchange(number)), Relaxed);
    }
}

#[test]
fn a_handler_uses_a_static_pool_without_a_session() {
    let roles = Roles::of_test("a_handler_uses_a_static_pool_without_a_session");
    roles.play("worker", |line| {
        let alarm = Alarm::start(work_in_the_pool);
        let (since, mut exchanged) = (Instant::now(), 0);
        while since.elapsed() < LENGTH {
            exchanged += u64::from(exchange(7));
        }
        drop(alarm);
        if let Some(id) = MAILBOX.swap(None, Acquire) {
            assert!(POOL.take(id).is_ok());
        }
        assert!(POOL.is_empty(), "{} are left", POOL.len());
        line.say(exchanged);
        line.say(HANDLED.load(Relaxed));
    });

    let worker = roles.start("worker");
    let [exchanged, handled] = [(); 2].map(|()| worker.hear_value::<u64>());
    worker.end();
    assert!(exchanged > 0 && handled > 0, "{exchanged} by the thread, {handled} by the handler");
}
