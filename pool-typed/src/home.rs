//! Where a guard's object lives: in a region, reached through a session, or in a pool of this process.
//!
//! Guards are the same types in both places. They differ in this parameter only, because the places differ in what a
//! guard may do: a session and its guards stay on one thread, guards of a local pool cross threads like any `Box`.
//!
//! A place hands out pointers to slots; that a slot is one's own is the protocol's business
//! ([`pool_core::slot`]).
#![expect(unsafe_code, reason = "computes the address of a slot from its number")]

use core::{cell::Cell, ptr::NonNull};

use pool_core::{
    geometry::Geometry,
    local::Local,
    member::Member,
    objects::{Denied, Objects},
    table::Refusal,
};

use crate::{HandleError, region::Region};

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::InSession<'_> {}
    impl Sealed for super::InPool<'_> {}
}

/// What a guard needs of the place of its object.
#[doc(hidden)]
pub trait Home: Copy + sealed::Sealed {
    type Objects: Objects;

    /// Does something with the slots of the pool.
    fn with<R>(self, f: impl FnOnce(&Self::Objects) -> R) -> R;

    /// Returns where the object of a slot is.
    ///
    /// # Safety
    ///
    /// * `T` is the type of the pool's objects.
    /// * The slot is one of the pool: it came from an operation of `Objects`, all of which give slots below the capacity.
    unsafe fn place<T>(self, slot: u32) -> NonNull<T>;

    /// Returns the slot whose object begins at this address.
    fn slot_at(self, address: usize) -> Option<u32>;

    /// Looks for the dead among those who keep something from us; returns whether it is worth another try.
    fn recover(self, trouble: Trouble) -> bool;

    /// Returns how many the holders in a word are: sessions with a bit each, or a plain count.
    fn count(holders: u64) -> u64;

    /// Says that nobody was in the way of an access.
    fn got_through(self);
}

/// The places whose guards may cross threads. No session's do: its private memory is not synchronized.
///
/// What must not be sent says so with this trait in the bounds of its `Send`, because the compiler's own words would be
/// about the cells and pointers inside.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a session and its guards stay on the thread that joined",
    label = "belongs to a session of one thread",
    note = "pass a handle instead: `PoolBox::into_id` here, `take` there; each thread joins by itself"
)]
pub trait AnyThread: sealed::Sealed {}

// `InPool` refers to a pool that is `Sync`.
#[diagnostic::do_not_recommend]
impl AnyThread for InPool<'_> {}

/// What keeps an operation from its object.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// Nothing is free.
    Full,
    /// These sessions hold the object.
    Held(u64),
}

/// The place of an object in a region, reached through a session.
#[derive(Clone, Copy, Debug)]
pub struct InSession<'a>(pub(crate) &'a Seated<'a>);

/// The place of an object in a local pool.
#[derive(Clone, Copy, Debug)]
pub struct InPool<'a>(pub(crate) &'a (dyn LocalPool + Sync));

/// A session's part in one pool of a region.
#[derive(Debug)]
pub(crate) struct Seated<'m> {
    pub(crate) member: Member<'m>,
    slots: NonNull<u8>,
    stride_log2: u32,
    last_slot: u32,
    region: &'m Region,
    /// How many accesses in a row found somebody in their way.
    blocked: Cell<u32>,
    when_full: Patience,
    when_full_thorough: Patience,
    when_blocked: Patience,
}

/// How often operations that fail in a row look for the dead: at the 1st, 2nd, 4th, .. failure, and from then on so
/// rarely that looking costs 25 ns a failure. A look costs 0.2 us for each session that it finds alive, and 4 us where it
/// is thorough and asks after its process too.
#[derive(Debug, Default)]
struct Patience {
    spread: Cell<u32>,
}

impl Patience {
    const EARLY: u32 = 64;
    const PLAIN: u32 = 8;
    const THOROUGH: u32 = 160;

    /// Looks for the dead in `among`, where it is time to at the `failures`-th failure in a row.
    fn look(&self, failures: u32, region: &Region, among: u64, thorough: bool) -> bool {
        let early = failures.is_power_of_two() && failures <= Self::EARLY;
        if !early && !failures.is_multiple_of(self.spread.get().max(Self::EARLY)) {
            return false;
        }
        let looked = region.reap_dead(among, thorough);
        self.spread.set(looked.alive * if thorough { Self::THOROUGH } else { Self::PLAIN });
        looked.reaped != 0
    }
}

impl<'m> Seated<'m> {
    /// # Safety
    ///
    /// `slots` points to the objects of the pool whose words `member` has, laid out by `geometry`, for `'m`.
    pub(crate) unsafe fn new(member: Member<'m>, slots: NonNull<u8>, geometry: &Geometry, region: &'m Region) -> Self {
        let last_slot = geometry.shape.slots() - 1;
        Self {
            member,
            slots,
            stride_log2: geometry.stride_log2,
            last_slot,
            region,
            blocked: Cell::new(0),
            when_full: Patience::default(),
            when_full_thorough: Patience::default(),
            when_blocked: Patience::default(),
        }
    }
}

impl<'a> Home for InSession<'a> {
    type Objects = Member<'a>;

    #[inline]
    fn with<R>(self, f: impl FnOnce(&Self::Objects) -> R) -> R {
        f(&self.0.member)
    }

    #[inline]
    unsafe fn place<T>(self, slot: u32) -> NonNull<T> {
        // The stride of the geometry, known here at compile time.
        let stride = const { size_of::<T>().next_power_of_two() };
        debug_assert!(slot <= self.0.last_slot && stride == 1 << self.0.stride_log2, "slot {slot} of the pool's type");
        // SAFETY: within the objects of the pool: the slot is below the capacity and `T` the objects' type, says the
        // caller, and `Seated::new` was promised that there are as many slots of this stride.
        unsafe { self.0.slots.add(slot as usize * stride) }.cast()
    }

    #[inline]
    fn slot_at(self, address: usize) -> Option<u32> {
        let offset = address.checked_sub(self.0.slots.addr().get())?;
        let slot = u32::try_from(offset >> self.0.stride_log2).ok()?;
        let begins = offset & ((1 << self.0.stride_log2) - 1) == 0;
        (begins && slot <= self.0.last_slot).then_some(slot)
    }

    #[cold]
    fn recover(self, trouble: Trouble) -> bool {
        let Seated { region, member, blocked, .. } = self.0;
        match trouble {
            // Locks first; processes from the second failure on, where no lock tells: a forked child may keep the lock
            // of its dead parent.
            Trouble::Full => {
                let failures = member.failures();
                self.0.when_full.look(failures, region, !member.mask(), false)
                    || failures > 1 && self.0.when_full_thorough.look(failures, region, !member.mask(), true)
            }
            Trouble::Held(holders) => {
                blocked.set(blocked.get().saturating_add(1));
                self.0.when_blocked.look(blocked.get(), region, holders, true)
            }
        }
    }

    fn count(holders: u64) -> u64 {
        u64::from(holders.count_ones())
    }

    #[inline]
    fn got_through(self) {
        if self.0.blocked.get() != 0 {
            self.0.blocked.set(0);
        }
    }
}

/// A local pool without its types.
pub(crate) trait LocalPool {
    fn local(&self) -> Local<'_>;
    fn place(&self, slot: u32) -> NonNull<u8>;
    fn slot_at(&self, address: usize) -> Option<u32>;
}

impl core::fmt::Debug for dyn LocalPool + Sync + '_ {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.local().fmt(f)
    }
}

impl<'a> Home for InPool<'a> {
    type Objects = Local<'a>;

    #[inline]
    fn with<R>(self, f: impl FnOnce(&Self::Objects) -> R) -> R {
        f(&self.0.local())
    }

    #[inline]
    unsafe fn place<T>(self, slot: u32) -> NonNull<T> {
        self.0.place(slot).cast()
    }

    #[inline]
    fn slot_at(self, address: usize) -> Option<u32> {
        self.0.slot_at(address)
    }

    #[inline]
    fn recover(self, _: Trouble) -> bool {
        false
    }

    fn count(holders: u64) -> u64 {
        holders
    }

    #[inline]
    fn got_through(self) {}
}

/// Allocates; where nothing is free, once more after the dead have given back what they had.
#[inline]
pub(crate) fn alloc<H: Home>(home: H) -> Result<u32, Denied> {
    match home.with(Objects::alloc) {
        Ok(slot) => Ok(slot),
        Err(denied) => {
            again(denied, denied == Denied::Full && home.recover(Trouble::Full), || home.with(Objects::alloc))
        }
    }
}

/// Allocates several slots, as [`alloc`] does one.
#[inline]
pub(crate) fn alloc_many<H: Home>(home: H, slots: &mut [u32]) -> Result<(), Denied> {
    match home.with(|objects| objects.alloc_many(slots)) {
        Ok(()) => Ok(()),
        Err(denied) => again(denied, denied == Denied::Full && home.recover(Trouble::Full), || {
            home.with(|objects| objects.alloc_many(slots))
        }),
    }
}

/// Does something with a handle; where sessions or a full pool are in the way, once more if some of them were dead.
#[inline]
pub(crate) fn access<H: Home, R>(
    home: H,
    mut step: impl FnMut(&H::Objects) -> Result<R, Refusal>,
) -> Result<R, HandleError> {
    let outcome = match home.with(&mut step) {
        Ok(done) => {
            home.got_through();
            Ok(done)
        }
        Err(refusal) => {
            let recovered = match refusal {
                Refusal::InUse { holders, .. } if holders != 0 => home.recover(Trouble::Held(holders)),
                Refusal::Full => home.recover(Trouble::Full),
                _ => false,
            };
            again(refusal, recovered, || home.with(step))
        }
    };
    outcome.map_err(|refusal| HandleError::of(refusal, H::count))
}

#[inline]
fn again<R, E>(error: E, recovered: bool, step: impl FnOnce() -> Result<R, E>) -> Result<R, E> {
    if recovered { step() } else { Err(error) }
}
