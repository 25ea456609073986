//! `SessionPool`: a pool of a region, as a session sees it.
#![expect(unsafe_code, reason = "offers the unchecked ways to an object")]

use core::{fmt, marker::PhantomData, ptr::NonNull};

use pool_core::objects::Objects;

use crate::{
    Full, HandleError, ObjId, PoolArc, PoolBox, Shared,
    home::{AnyThread, InSession, Seated, access},
    memory,
};

/// A pool of a region, bound to a session: what the field of a [`Root`](crate::Root) is in the session's view.
///
/// Allocating and dropping a [`PoolBox`] are a pop and a push in the session's private memory, without an atomic
/// read-modify-write; now and then one refills half of that cache, or empties half of it. All caches together keep at
/// most a quarter of the pool, and one cache 512 slots: of 4096, session 0 keeps up to 268, session 1 up to 140, the
/// last one 12. A pool of less than 16 slots has none.
///
/// # Examples
///
/// ```
/// use pool_typed::{Mapped, Pool, PoolBox};
///
/// let region = Mapped::<Pool<u64, 1024>>::heap()?;
/// let pool = region.join()?;
/// let mut number = pool.alloc(7)?;
/// *number += 1;
/// let id = PoolBox::into_id(number);
/// assert_eq!(*pool.take(id)?, 8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SessionPool<'m, T, const N: usize> {
    seated: Seated<'m>,
    _objects: PhantomData<fn(T) -> T>,
}

// SAFETY: never so: the bound does not hold. It is here for what it says where somebody needs it to.
unsafe impl<'m, T, const N: usize> Send for SessionPool<'m, T, N> where InSession<'m>: AnyThread {}
// SAFETY: as above.
unsafe impl<'m, T, const N: usize> Sync for SessionPool<'m, T, N> where InSession<'m>: AnyThread {}

impl<'m, T: Shared, const N: usize> SessionPool<'m, T, N> {
    /// # Safety
    ///
    /// The slots of `seated` are laid out for `N` objects of type `T`.
    pub(crate) unsafe fn new(seated: Seated<'m>) -> Self {
        Self { seated, _objects: PhantomData }
    }

    fn home(&self) -> InSession<'_> {
        InSession(&self.seated)
    }

    /// Returns the number of slots.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        N
    }

    /// Counts the slots that are not free, those in the caches of sessions included: a walk over the part of the pool
    /// that was ever used, and an estimate while others work.
    #[must_use]
    pub fn len(&self) -> usize {
        let pool = self.seated.member.pool();
        pool.used_slots().filter(|slot| !pool.record(*slot).is_free()).count()
    }

    /// Whether every slot is free; an estimate while others work.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Allocates an object with this value.
    ///
    /// # Errors
    ///
    /// Hands the value back where no slot is free; see [`FullCause`](crate::FullCause). What dead sessions keep is taken
    /// back first: a look for them comes with the first failures in a row, and then with about one in 64.
    #[inline]
    pub fn alloc(&self, value: T) -> Result<PoolBox<'_, T>, Full<T>> {
        memory::alloc(self.home(), N, value)
    }

    /// Allocates an object and builds its value in place: `build` runs only where there is a slot.
    ///
    /// # Errors
    ///
    /// Where no slot is free.
    #[inline]
    pub fn alloc_with(&self, build: impl FnOnce() -> T) -> Result<PoolBox<'_, T>, Full<()>> {
        memory::alloc_with(self.home(), N, build)
    }

    /// Allocates an object of zeros.
    ///
    /// # Errors
    ///
    /// Where no slot is free.
    #[inline]
    pub fn alloc_zeroed(&self) -> Result<PoolBox<'_, T>, Full<()>> {
        memory::alloc_zeroed(self.home(), N)
    }

    /// Allocates `K` objects, or none; `build` gets the index of each.
    ///
    /// # Errors
    ///
    /// Where fewer slots are free.
    ///
    /// # Examples
    ///
    /// ```
    /// # let region = pool_typed::Mapped::<pool_typed::Pool<u64, 1024>>::heap()?;
    /// # let pool = region.join()?;
    /// let squares: [_; 8] = pool.alloc_many(|index| (index * index) as u64)?;
    /// assert_eq!(*squares[7], 49);
    /// # drop(squares);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn alloc_many<const K: usize>(&self, build: impl FnMut(usize) -> T) -> Result<[PoolBox<'_, T>; K], Full<()>> {
        memory::alloc_many(self.home(), N, build)
    }

    /// Takes an object out of its handle, exclusively. The handle is used up.
    ///
    /// Costs one compare-exchange. Of several that try, one succeeds.
    ///
    /// # Errors
    ///
    /// See [`HandleError`]; the object is untouched then. Where sessions hold it, the dead among them are reaped first:
    /// a look for them comes with the first failures in a row, and then with about one in 64.
    #[inline]
    pub fn take(&self, id: ObjId<T>) -> Result<PoolBox<'_, T>, HandleError> {
        memory::take(self.home(), id)
    }

    /// Adds a reference to the object that a handle names. The handle keeps its own.
    ///
    /// # Errors
    ///
    /// See [`HandleError`].
    #[inline]
    pub fn get(&self, id: ObjId<T>) -> Result<PoolArc<'_, T>, HandleError> {
        memory::get(self.home(), id)
    }

    /// Turns a handle, and the reference that it owns, into a [`PoolArc`]. The handle is used up.
    ///
    /// # Errors
    ///
    /// See [`HandleError`].
    #[inline]
    pub fn adopt(&self, id: ObjId<T>) -> Result<PoolArc<'_, T>, HandleError> {
        memory::adopt(self.home(), id)
    }

    /// Gives up a handle, and the reference that it owns; the last one frees the object.
    ///
    /// A second `free` of the same handle is refused as stale, unless other handles own references to the object: then
    /// it gives up one of theirs.
    ///
    /// # Errors
    ///
    /// See [`HandleError`].
    #[inline]
    pub fn free(&self, id: ObjId<T>) -> Result<(), HandleError> {
        access(self.home(), |objects| objects.free(id.raw()))
    }

    /// Copies the object that a handle names, without holding it and without trusting anybody who writes it.
    ///
    /// # Errors
    ///
    /// [`HandleError::Stale`], also where the object changed hands during the copy.
    pub fn read(&self, id: ObjId<T>) -> Result<T, HandleError> {
        memory::read(self.home(), id)
    }

    /// Borrows the object that a handle names, without holding it.
    ///
    /// # Errors
    ///
    /// [`HandleError::Stale`], [`HandleError::Foreign`].
    ///
    /// # Safety
    ///
    /// While the reference is used the object stays published: nobody frees it or takes it.
    #[inline]
    pub unsafe fn borrow(&self, id: ObjId<T>) -> Result<&T, HandleError> {
        let object = memory::look(self.home(), id)?;
        // SAFETY: the object was published just now and stays so, by the caller's promise; any bytes are a valid `T`.
        Ok(unsafe { object.as_ref() })
    }

    /// Returns the handle of a published object by its address. It owns nothing.
    ///
    /// `None` where no slot begins there, or its object is exclusively owned: then no handle is valid.
    #[must_use]
    pub fn id_of(&self, object: &T) -> Option<ObjId<T>> {
        memory::id_of(self.home(), object)
    }

    /// Makes a box again of what [`PoolBox::into_raw`] gave.
    ///
    /// # Safety
    ///
    /// `object` came from `PoolBox::into_raw` of a box of this pool in this session, and was not given to `from_raw`
    /// since.
    pub unsafe fn from_raw(&self, object: NonNull<T>) -> PoolBox<'_, T> {
        // SAFETY: by the caller's promise.
        unsafe { memory::from_raw(self.home(), object) }
    }

    /// Iterates over the handles of the objects that handles own: what is still there after a restart, when the program
    /// that had the handles is gone.
    ///
    /// A walk over the part of the pool that was ever used, and an estimate while others work.
    ///
    /// # Examples
    ///
    /// ```
    /// # use pool_typed::PoolBox;
    /// # let region = pool_typed::Mapped::<pool_typed::Pool<u64, 1024>>::heap()?;
    /// # let pool = region.join()?;
    /// let _forgotten = PoolBox::into_id(pool.alloc(7)?);
    /// for id in pool.iter() {
    ///     println!("freeing {}", *pool.take(id)?);
    /// }
    /// assert_eq!(pool.iter().count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = ObjId<T>> {
        self.seated.member.data_handles().map(ObjId::from_raw)
    }

    /// Gives the slots in this session's cache back, for others to use.
    pub fn give_back_cache(&self) {
        self.seated.member.give_back_cache();
    }
}

impl<T, const N: usize> fmt::Debug for SessionPool<'_, T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionPool").field("capacity", &N).finish_non_exhaustive()
    }
}
