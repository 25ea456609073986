//! Which types may cross threads, as a table that the compiler checks.
#![cfg(not(loom))]

use core::marker::PhantomData;
use std::collections::BTreeSet;

use pool_typed::{
    AtomicObjId, AttachError, Audit, CreateError, CreateOrAttachError, Departed, Fault, Full, FullCause, HandleError,
    Holdings, InPool, InSession, JoinError, LocalArc, LocalBox, Mapped, NullId, ObjId, Options, Outcome, Pool, PoolArc,
    PoolAudit, PoolBox, Report, Root, Session, SessionInfo, SessionPool, Shared, Tally, UnlinkError,
    error::{NameError, OsError},
};

#[derive(Shared)]
#[repr(C)]
struct Message {
    body: [u64; 8],
}

#[derive(Root)]
#[repr(C)]
struct World {
    messages: Pool<Message, 64>,
    last: AtomicObjId<Message>,
}

/// Whether `T` has a trait: an inherent constant where it has, and one of a trait, which comes second, where it has not.
struct Has<T: ?Sized>(PhantomData<T>);

trait HasNot {
    const SEND: bool = false;
    const SYNC: bool = false;
    const COPY: bool = false;
}

impl<T: ?Sized> HasNot for Has<T> {}

impl<T: ?Sized + Send> Has<T> {
    const SEND: bool = true;
}

impl<T: ?Sized + Sync> Has<T> {
    const SYNC: bool = true;
}

impl<T: Copy> Has<T> {
    const COPY: bool = true;
}

/// A row says what a type is; `-` stands for what it is not. A wrong one does not compile.
macro_rules! table {
    ($($ty:ty: $send:tt $sync:tt $copy:tt;)*) => {
        const TABLE: &[&str] = &[$({
            assert!(<Has<$ty>>::SEND == table!(@ $send), concat!("Send: ", stringify!($ty)));
            assert!(<Has<$ty>>::SYNC == table!(@ $sync), concat!("Sync: ", stringify!($ty)));
            assert!(<Has<$ty>>::COPY == table!(@ $copy), concat!("Copy: ", stringify!($ty)));
            stringify!($ty)
        }),*];
    };
    (@ -) => { false };
    (@ $name:ident) => { true };
}

type NotSend = *const u8;
type S = &'static str;

table! {
    // A mapping belongs to the process, a session and all that comes of it to one thread.
    Mapped<World>: Send Sync -;
    Mapped<Pool<Message, 64>>: Send Sync -;
    Options<World>: Send Sync -;
    Session<'static, World>: - - -;
    Session<'static, Pool<Message, 64>>: - - -;
    WorldView<'static>: - - -;
    SessionPool<'static, Message, 64>: - - -;
    PoolBox<'static, Message>: - - -;
    PoolArc<'static, Message>: - - -;
    PoolBox<'static, [u64]>: - - -;
    InSession<'static>: - - Copy;

    // A pool of the process and its guards go where their objects may go.
    Pool<Message, 64>: Send Sync -;
    &'static Pool<Message, 64>: Send Sync Copy;
    LocalBox<'static, Message>: Send Sync -;
    LocalArc<'static, Message>: Send Sync -;
    LocalBox<'static, NotSend>: - - -;
    LocalArc<'static, NotSend>: - - -;
    LocalArc<'static, core::cell::Cell<u8>>: - - -;
    LocalBox<'static, core::cell::Cell<u8>>: Send - -;
    InPool<'static>: Send Sync Copy;

    // Handles go everywhere, whatever they are handles of.
    ObjId<Message>: Send Sync Copy;
    Option<ObjId<Message>>: Send Sync Copy;
    ObjId<NotSend>: Send Sync Copy;
    ObjId<dyn Fn()>: Send Sync Copy;
    AtomicObjId<Message>: Send Sync -;
    AtomicObjId<NotSend>: Send Sync -;
    NullId: Send Sync Copy;

    // Results and reports are values.
    Full<Message>: Send Sync -;
    Full<NotSend>: - - -;
    FullCause: Send Sync Copy;
    HandleError: Send Sync Copy;
    CreateError: Send Sync -;
    AttachError: Send Sync -;
    CreateOrAttachError: Send Sync -;
    JoinError: Send Sync -;
    UnlinkError: Send Sync Copy;
    NameError: Send Sync Copy;
    OsError: Send Sync Copy;
    Audit: Send Sync -;
    PoolAudit: Send Sync -;
    Holdings: Send Sync Copy;
    SessionInfo: Send Sync -;
    Departed: Send Sync -;
    Fault: Send Sync Copy;
    Tally: Send Sync Copy;
    Report: Send Sync Copy;
    Outcome: Send Sync Copy;

    // The table itself is right.
    NotSend: - - Copy;
    core::cell::Cell<u8>: Send - -;
    String: Send Sync -;
    S: Send Sync Copy;
}

#[test]
fn the_table_is_right() {
    assert_eq!(TABLE.len(), 51);
    let of_sessions = TABLE.iter().filter(|name| name.starts_with("Session<") || name.starts_with("PoolBox<")).count();
    assert_eq!(of_sessions, 4);
}

/// Errors go through `?` into what most programs use, also between threads.
#[test]
fn errors_are_errors() {
    fn is_error<E: core::error::Error + Send + Sync + 'static>() -> &'static str {
        core::any::type_name::<E>()
    }
    let names = BTreeSet::from([
        is_error::<CreateError>(),
        is_error::<AttachError>(),
        is_error::<CreateOrAttachError>(),
        is_error::<JoinError>(),
        is_error::<UnlinkError>(),
        is_error::<NameError>(),
        is_error::<OsError>(),
        is_error::<HandleError>(),
        is_error::<NullId>(),
        is_error::<Full<Message>>(),
    ]);
    assert_eq!(names.len(), 10);

    // A full pool of what is no error itself goes through `?`, too.
    fn fill() -> Result<(), Box<dyn core::error::Error + Send + Sync>> {
        let pool = Pool::<Message, 1>::new();
        let _one = pool.alloc(Message { body: [0; 8] })?;
        let _two = pool.alloc(Message { body: [0; 8] })?;
        Ok(())
    }
    assert_eq!(fill().unwrap_err().to_string(), "the pool is full: none of its 1 slots is free");
}

/// What people expect of a handle: a small value, whatever it is a handle of.
#[test]
fn handles_are_small_values() {
    fn is_value<V: Copy + Ord + core::hash::Hash + core::fmt::Debug + Unpin>() -> usize {
        size_of::<V>()
    }
    let sizes = [
        is_value::<ObjId<Message>>(),
        is_value::<Option<ObjId<Message>>>(),
        is_value::<ObjId<dyn Fn()>>(),
        size_of::<AtomicObjId<Message>>(),
    ];
    assert_eq!(sizes, [8; 4]);
}
