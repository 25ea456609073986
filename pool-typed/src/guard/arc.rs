//! `PoolArc`: shared ownership of an object.
#![expect(unsafe_code, reason = "turns the address of a held slot into references")]

use core::{borrow::Borrow, fmt, marker::PhantomData, mem::ManuallyDrop, ops::Deref, ptr::NonNull};

use pool_core::objects::Objects;

use super::PoolBox;
use crate::{
    HandleError, ObjId,
    home::{AnyThread, Home, InPool, InSession, access},
};

/// Shares an object of a pool, read-only; the last reference frees it.
///
/// References are counted across processes: each session that has any holds the object, and so does each handle made by
/// [`PoolArc::into_id`] or [`PoolArc::to_id`]. Cloning and dropping within a session touches no shared memory but for
/// the last one.
///
/// # Examples
///
/// ```
/// use pool_typed::{Pool, PoolArc, PoolBox};
///
/// static POOL: Pool<u64, 16> = Pool::new();
/// let one = PoolBox::into_shared(POOL.alloc(7)?);
/// let two = POOL.get(PoolArc::id(&one))?;
/// assert!(PoolArc::ptr_eq(&one, &two));
/// drop(one);
/// let mut back = PoolArc::try_into_box(two).expect("nobody else refers to it");
/// *back += 1;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropping the last `PoolArc` frees the object"]
pub struct PoolArc<'a, T: ?Sized, H: Home = InSession<'a>> {
    object: NonNull<T>,
    home: H,
    slot: u32,
    _shared: PhantomData<(&'a (), T)>,
}

/// A [`PoolArc`] of a pool outside of shared memory: it may cross threads.
pub type LocalArc<'a, T> = PoolArc<'a, T, InPool<'a>>;

// SAFETY: as for `Arc`: a reference may be the last one, and others on other threads read the same object.
unsafe impl<T: ?Sized + Send + Sync, H: Home + AnyThread> Send for PoolArc<'_, T, H> {}
// SAFETY: as above: `&PoolArc` can be cloned.
unsafe impl<T: ?Sized + Send + Sync, H: Home + AnyThread> Sync for PoolArc<'_, T, H> {}

impl<'a, T, H: Home + 'a> PoolArc<'a, T, H> {
    /// # Safety
    ///
    /// * The caller holds the slot (in the words of [`Objects`]) and passes its reference on.
    /// * The slots of `home` hold values of `T`: the slot's bytes are a valid one.
    #[inline]
    pub(crate) unsafe fn from_slot(home: H, slot: u32) -> Self {
        // SAFETY: the slots of `home` hold values of `T`, and the caller got this one from it.
        let object = unsafe { home.place(slot) };
        Self { object, home, slot, _shared: PhantomData }
    }

    /// Returns the object's handle. It owns nothing: it is valid for as long as others keep the object alive.
    #[inline]
    #[must_use]
    pub fn id(this: &Self) -> ObjId<T> {
        ObjId::from_raw(this.home.with(|objects| objects.table().handle_of_held(this.slot)))
    }

    /// Returns a handle that owns a reference to the object.
    ///
    /// # Errors
    ///
    /// [`HandleError::TooManyReferences`] where 255 handles own one; [`HandleError::Forked`].
    #[inline]
    pub fn to_id(this: &Self) -> Result<ObjId<T>, HandleError> {
        let handle = this.home.with(|objects| objects.ref_to_handle(this.slot));
        handle.map(ObjId::from_raw).map_err(|refusal| HandleError::of(refusal, H::count))
    }

    /// Moves this reference into a handle.
    ///
    /// # Errors
    ///
    /// Gives the reference back where 255 handles own one, and in a forked child.
    #[inline]
    pub fn into_id(this: Self) -> Result<ObjId<T>, Self> {
        match this.home.with(|objects| objects.ref_into_handle(this.slot)) {
            Ok(handle) => {
                let _moved = ManuallyDrop::new(this);
                Ok(ObjId::from_raw(handle))
            }
            Err(_) => Err(this),
        }
    }

    /// Turns the only reference into exclusive ownership.
    ///
    /// # Errors
    ///
    /// Gives the reference back where others refer to the object (dead sessions do not count), in a forked child, and
    /// where the object's slot has published its last generation.
    pub fn try_into_box(this: Self) -> Result<PoolBox<'a, T, H>, Self> {
        match access(this.home, |objects| objects.own(this.slot)) {
            Ok(taken) => {
                let this = ManuallyDrop::new(this);
                // SAFETY: `own` turned our held slot into an owned one, whose object is a `T`.
                Ok(unsafe { PoolBox::from_slot(this.home, taken.slot, taken.tainted) })
            }
            Err(_) => Err(this),
        }
    }

    /// Whether two references are to the same object.
    #[inline]
    #[must_use]
    pub fn ptr_eq(this: &Self, other: &Self) -> bool {
        this.object == other.object
    }

    /// Returns how many references this session (of a local pool: everybody) has to the object.
    #[inline]
    #[must_use]
    pub fn count(this: &Self) -> u64 {
        this.home.with(|objects| objects.references(this.slot))
    }
}

impl<T: ?Sized, H: Home> Clone for PoolArc<'_, T, H> {
    /// Adds a reference.
    ///
    /// # Panics
    ///
    /// Of a local pool at 2^40 - 1 references. (References of a session stick at 2^32 - 1: the session then holds the
    /// object until it leaves.)
    #[inline]
    fn clone(&self) -> Self {
        if self.home.with(|objects| objects.clone_ref(self.slot)).is_err() {
            panic!("too many references to one object; drop some before cloning more");
        }
        Self { object: self.object, home: self.home, slot: self.slot, _shared: PhantomData }
    }
}

impl<T: ?Sized, H: Home> Drop for PoolArc<'_, T, H> {
    #[inline]
    fn drop(&mut self) {
        self.home.with(|objects| objects.drop_ref(self.slot));
    }
}

impl<T: ?Sized, H: Home> Deref for PoolArc<'_, T, H> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the slot is HELD by us until the last reference is dropped or moved: nobody can own it, so nobody
        // writes it but through `T`'s own atomics, and its bytes are a valid `T`.
        unsafe { self.object.as_ref() }
    }
}

impl<T: ?Sized, H: Home> AsRef<T> for PoolArc<'_, T, H> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: ?Sized, H: Home> Borrow<T> for PoolArc<'_, T, H> {
    fn borrow(&self) -> &T {
        self
    }
}

impl<T: ?Sized + fmt::Debug, H: Home> fmt::Debug for PoolArc<'_, T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display, H: Home> fmt::Display for PoolArc<'_, T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
