//! The pools under test, alike: sessions of a region, and a pool of this process.
#![allow(
    unsafe_code,
    reason = "sessions and their guards live side by side here, in an order that the compiler cannot see"
)]

use core::ops::{Deref, DerefMut};

use pool_tests::message::Message;
use pool_typed::{
    Audit, Full, HandleError, LocalArc, LocalBox, Mapped, ObjId, Pool, PoolArc, PoolBox, Session, SessionPool,
    config::Capacity,
};

/// What can be done with a pool, whether a session's or a local one.
pub(crate) trait Api: Copy {
    type Boxed: DerefMut<Target = Message>;
    type Shared: Deref<Target = Message> + Clone;

    fn alloc(self, message: Message) -> Result<Self::Boxed, Full<Message>>;
    fn alloc_three(self, number: u64) -> Result<[Self::Boxed; 3], Full<()>>;
    fn take(self, id: ObjId<Message>) -> Result<Self::Boxed, HandleError>;
    fn get(self, id: ObjId<Message>) -> Result<Self::Shared, HandleError>;
    fn adopt(self, id: ObjId<Message>) -> Result<Self::Shared, HandleError>;
    fn free(self, id: ObjId<Message>) -> Result<(), HandleError>;
    fn read(self, id: ObjId<Message>) -> Result<Message, HandleError>;
    fn id_of(self, message: &Message) -> Option<ObjId<Message>>;
    fn ids(self) -> Vec<ObjId<Message>>;
    fn len(self) -> usize;
    fn through_raw(self, boxed: Self::Boxed) -> Self::Boxed;

    fn into_id(boxed: Self::Boxed) -> ObjId<Message>;
    fn into_shared(boxed: Self::Boxed) -> Self::Shared;
    fn id(shared: &Self::Shared) -> ObjId<Message>;
    fn to_id(shared: &Self::Shared) -> Result<ObjId<Message>, HandleError>;
    fn shared_into_id(shared: Self::Shared) -> Result<ObjId<Message>, Self::Shared>;
    fn try_into_box(shared: Self::Shared) -> Result<Self::Boxed, Self::Shared>;
    fn count(shared: &Self::Shared) -> u64;
}

macro_rules! api {
    ($pool:ty, $boxed:ty, $shared:ty) => {
        impl<const N: usize> Api for &'static $pool
        where
            usize: Capacity<N>,
        {
            type Boxed = $boxed;
            type Shared = $shared;

            fn alloc(self, message: Message) -> Result<$boxed, Full<Message>> {
                self.alloc(message)
            }

            fn alloc_three(self, number: u64) -> Result<[$boxed; 3], Full<()>> {
                self.alloc_many(|index| Message::new(number + index as u64))
            }

            fn take(self, id: ObjId<Message>) -> Result<$boxed, HandleError> {
                self.take(id)
            }

            fn get(self, id: ObjId<Message>) -> Result<$shared, HandleError> {
                self.get(id)
            }

            fn adopt(self, id: ObjId<Message>) -> Result<$shared, HandleError> {
                self.adopt(id)
            }

            fn free(self, id: ObjId<Message>) -> Result<(), HandleError> {
                self.free(id)
            }

            fn read(self, id: ObjId<Message>) -> Result<Message, HandleError> {
                self.read(id)
            }

            fn id_of(self, message: &Message) -> Option<ObjId<Message>> {
                self.id_of(message)
            }

            fn ids(self) -> Vec<ObjId<Message>> {
                self.iter().collect()
            }

            fn len(self) -> usize {
                self.len()
            }

            fn through_raw(self, boxed: $boxed) -> $boxed {
                let object = PoolBox::into_raw(boxed);
                // SAFETY: it comes from a box of this pool and session, and is used once.
                unsafe { self.from_raw(object) }
            }

            fn into_id(boxed: $boxed) -> ObjId<Message> {
                PoolBox::into_id(boxed)
            }

            fn into_shared(boxed: $boxed) -> $shared {
                PoolBox::into_shared(boxed)
            }

            fn id(shared: &$shared) -> ObjId<Message> {
                PoolArc::id(shared)
            }

            fn to_id(shared: &$shared) -> Result<ObjId<Message>, HandleError> {
                PoolArc::to_id(shared)
            }

            fn shared_into_id(shared: $shared) -> Result<ObjId<Message>, $shared> {
                PoolArc::into_id(shared)
            }

            fn try_into_box(shared: $shared) -> Result<$boxed, $shared> {
                PoolArc::try_into_box(shared)
            }

            fn count(shared: &$shared) -> u64 {
                PoolArc::count(shared)
            }
        }
    };
}

api!(SessionPool<'static, Message, N>, PoolBox<'static, Message>, PoolArc<'static, Message>);
api!(Pool<Message, N>, LocalBox<'static, Message>, LocalArc<'static, Message>);

/// A pool, and those who use it.
pub(crate) trait Place {
    type Api: Api;

    fn capacity(&self) -> u64;
    /// How many sessions there are. A local pool is like one session that never leaves.
    fn sessions(&self) -> usize;
    fn api(&self, session: usize) -> Self::Api;
    fn audit(&self) -> Option<Audit>;
    fn give_back_cache(&self, session: usize);
    /// Leaves, and joins again.
    ///
    /// # Safety
    ///
    /// No guard of the session is used again: each was dropped or forgotten.
    unsafe fn leave_and_join(&mut self, session: usize);
    /// Leaves with all sessions; returns the last audit.
    ///
    /// # Safety
    ///
    /// As for `leave_and_join`, of all sessions.
    unsafe fn end(self) -> Option<Audit>;
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum MakeRegion {
    Heap,
    Memfd,
}

const SESSIONS: usize = 3;

type Seat<const N: usize> = Session<'static, Pool<Message, N>>;

/// A region with three sessions, all on this thread.
pub(crate) struct RegionPlace<const N: usize>
where
    usize: Capacity<N>,
{
    region: *mut Mapped<Pool<Message, N>>,
    seats: [*mut Seat<N>; SESSIONS],
}

impl<const N: usize> RegionPlace<N>
where
    usize: Capacity<N>,
{
    /// Returns what makes such a place.
    pub(crate) fn new(make: MakeRegion) -> impl Fn() -> Self {
        move || {
            let region = match make {
                MakeRegion::Heap => Mapped::<Pool<Message, N>>::heap(),
                MakeRegion::Memfd => Mapped::<Pool<Message, N>>::memfd(),
            };
            let region = Box::into_raw(Box::new(region.unwrap()));
            Self { region, seats: [(); SESSIONS].map(|()| Self::join(region)) }
        }
    }

    fn join(region: *mut Mapped<Pool<Message, N>>) -> *mut Seat<N> {
        // SAFETY: the region lives until `end`, which drops the sessions first.
        let region: &'static _ = unsafe { &*region };
        Box::into_raw(Box::new(region.join().unwrap()))
    }
}

impl<const N: usize> Place for RegionPlace<N>
where
    usize: Capacity<N>,
{
    type Api = &'static SessionPool<'static, Message, N>;

    fn capacity(&self) -> u64 {
        N as u64
    }

    fn sessions(&self) -> usize {
        SESSIONS
    }

    fn api(&self, session: usize) -> Self::Api {
        // SAFETY: the session lives until `leave_and_join` or `end`, after which its guards are not used.
        let seat: &'static Seat<N> = unsafe { &*self.seats[session] };
        seat
    }

    fn audit(&self) -> Option<Audit> {
        // SAFETY: the region lives until `end`.
        let region = unsafe { &*self.region };
        Some(region.audit())
    }

    fn give_back_cache(&self, session: usize) {
        self.api(session).give_back_cache();
    }

    unsafe fn leave_and_join(&mut self, session: usize) {
        // SAFETY: it came from a box, and its guards are not used any more, says the caller.
        let seat = unsafe { Box::from_raw(self.seats[session]) };
        let number = Session::number(&seat);
        drop(seat);
        self.seats[session] = Self::join(self.region);
        // SAFETY: joined just now.
        let seat = unsafe { &*self.seats[session] };
        assert_eq!(Session::number(seat), number, "its record is the one that is free");
    }

    unsafe fn end(self) -> Option<Audit> {
        for seat in self.seats {
            // SAFETY: as in `leave_and_join`.
            drop(unsafe { Box::from_raw(seat) });
        }
        let audit = self.audit();
        // SAFETY: it came from a box, and its sessions are gone.
        drop(unsafe { Box::from_raw(self.region) });
        audit
    }
}

/// A local pool in a box.
pub(crate) struct LocalPlace<const N: usize>
where
    usize: Capacity<N>,
{
    pool: *mut Pool<Message, N>,
}

impl<const N: usize> LocalPlace<N>
where
    usize: Capacity<N>,
{
    pub(crate) fn new() -> Self {
        Self { pool: Box::into_raw(Pool::boxed()) }
    }
}

impl<const N: usize> Place for LocalPlace<N>
where
    usize: Capacity<N>,
{
    type Api = &'static Pool<Message, N>;

    fn capacity(&self) -> u64 {
        N as u64
    }

    fn sessions(&self) -> usize {
        1
    }

    fn api(&self, _: usize) -> Self::Api {
        // SAFETY: the pool lives until `end`, after which no guard is used.
        unsafe { &*self.pool }
    }

    fn audit(&self) -> Option<Audit> {
        None
    }

    fn give_back_cache(&self, _: usize) {}

    unsafe fn leave_and_join(&mut self, _: usize) {}

    unsafe fn end(self) -> Option<Audit> {
        // SAFETY: it came from a box, and no guard is used any more.
        drop(unsafe { Box::from_raw(self.pool) });
        None
    }
}
