//! `PoolBox`: exclusive ownership of an object.
#![expect(unsafe_code, reason = "turns the address of an owned slot into references")]

use core::{
    borrow::{Borrow, BorrowMut},
    fmt,
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::{Deref, DerefMut},
    ptr::NonNull,
};

use pool_core::objects::Objects;

use super::PoolArc;
use crate::{
    ObjId,
    home::{AnyThread, Home, InPool, InSession},
};

/// Owns an object of a pool; dropping it frees the object.
///
/// While a box exists no handle of its object is valid, so it may give out `&mut T`. The object stays where it is for
/// all its life: passing it on moves 8 bytes.
///
/// # Examples
///
/// ```
/// use pool_typed::{Pool, PoolBox};
///
/// static POOL: Pool<[u32; 4], 16> = Pool::new();
/// let mut numbers = POOL.alloc([1, 2, 3, 4])?;
/// numbers[0] = 7;
/// let id = PoolBox::into_id(numbers);
/// assert_eq!(POOL.take(id)?[0], 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropping a `PoolBox` frees the object"]
pub struct PoolBox<'a, T: ?Sized, H: Home = InSession<'a>> {
    object: NonNull<T>,
    home: H,
    slot: u32,
    tainted: bool,
    _owned: PhantomData<(&'a (), T)>,
}

/// A [`PoolBox`] of a pool outside of shared memory: it may cross threads.
pub type LocalBox<'a, T> = PoolBox<'a, T, InPool<'a>>;

// SAFETY: the box owns its object as a `Box` does; its home may cross threads.
unsafe impl<T: ?Sized + Send, H: Home + AnyThread> Send for PoolBox<'_, T, H> {}
// SAFETY: a shared box gives out `&T` only; its home may be shared between threads.
unsafe impl<T: ?Sized + Sync, H: Home + AnyThread> Sync for PoolBox<'_, T, H> {}

impl<'a, T, H: Home + 'a> PoolBox<'a, T, H> {
    /// # Safety
    ///
    /// * The caller owns the slot (in the words of [`Objects`]) and passes it on.
    /// * The slots of `home` hold values of `T`: the slot's bytes are a valid one.
    #[inline]
    pub(crate) unsafe fn from_slot(home: H, slot: u32, tainted: bool) -> Self {
        // SAFETY: the slots of `home` hold values of `T`, and the caller got this one from it.
        let object = unsafe { home.place(slot) };
        Self { object, home, slot, tainted, _owned: PhantomData }
    }

    /// Gives up the box without freeing the object.
    #[inline]
    fn into_parts(this: Self) -> (H, u32, bool) {
        let this = ManuallyDrop::new(this);
        (this.home, this.slot, this.tainted)
    }

    /// Moves the object into a handle, which owns it from now on.
    ///
    /// The handle may go anywhere: into another object, over a pipe, to another process. Whoever has it can take the
    /// object out again, once. Costs two stores and no read-modify-write.
    ///
    /// A channel that carries handles must synchronize (any does that the operating system or `std` provides);
    /// otherwise the other side may find the handle stale for a moment on a weakly ordered machine.
    ///
    /// In a forked child this does nothing: the object is the parent's, and the handle is that of its last publication.
    #[inline]
    #[must_use = "the object stays allocated until the handle is taken or freed"]
    pub fn into_id(this: Self) -> ObjId<T> {
        let (home, slot, tainted) = Self::into_parts(this);
        ObjId::from_raw(home.with(|objects| objects.publish(slot, tainted)))
    }

    /// Turns exclusive ownership into shared: the object is read-only from now on and counted.
    #[inline]
    pub fn into_shared(this: Self) -> PoolArc<'a, T, H> {
        let (home, slot, tainted) = Self::into_parts(this);
        home.with(|objects| objects.share(slot, tainted));
        // SAFETY: `share` turned our owned slot into a held one, whose object is a `T`.
        unsafe { PoolArc::from_slot(home, slot) }
    }

    /// Gives up the box and returns the address of the object, which stays allocated.
    ///
    /// `from_raw` of the pool makes it a box again.
    #[inline]
    #[must_use = "the object stays allocated until the pointer is given to `from_raw`"]
    pub fn into_raw(this: Self) -> NonNull<T> {
        ManuallyDrop::new(this).object
    }

    /// Gives up the box and returns the object for as long as its session or pool lives.
    ///
    /// A leaked object of a session is freed when the session leaves or dies.
    #[inline]
    pub fn leak(this: Self) -> &'a mut T {
        let mut object = ManuallyDrop::new(this).object;
        // SAFETY: we own the object and nobody frees it any more before `'a` ends: `'a` borrows the session or pool,
        // and a session frees what was leaked when it is dropped.
        unsafe { object.as_mut() }
    }
}

impl<T: ?Sized, H: Home> Drop for PoolBox<'_, T, H> {
    #[inline]
    fn drop(&mut self) {
        self.home.with(|objects| objects.free_slot(self.slot));
    }
}

impl<T: ?Sized, H: Home> Deref for PoolBox<'_, T, H> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the slot is OWNED by us until the box is dropped or moved into something else, so nobody writes it,
        // and its bytes are a valid `T`.
        unsafe { self.object.as_ref() }
    }
}

impl<T: ?Sized, H: Home> DerefMut for PoolBox<'_, T, H> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; handles of an OWNED slot are stale, so nobody else has access at all.
        unsafe { self.object.as_mut() }
    }
}

impl<T: ?Sized, H: Home> AsRef<T> for PoolBox<'_, T, H> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: ?Sized, H: Home> AsMut<T> for PoolBox<'_, T, H> {
    fn as_mut(&mut self) -> &mut T {
        self
    }
}

impl<T: ?Sized, H: Home> Borrow<T> for PoolBox<'_, T, H> {
    fn borrow(&self) -> &T {
        self
    }
}

impl<T: ?Sized, H: Home> BorrowMut<T> for PoolBox<'_, T, H> {
    fn borrow_mut(&mut self) -> &mut T {
        self
    }
}

impl<T: ?Sized + fmt::Debug, H: Home> fmt::Debug for PoolBox<'_, T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display, H: Home> fmt::Display for PoolBox<'_, T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
