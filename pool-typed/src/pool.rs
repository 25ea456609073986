//! `Pool<T, N>`: a pool of this process, and the description of a pool in a region.
#![expect(unsafe_code, reason = "the slots are shared memory between the owners of their objects")]

use core::{
    cell::UnsafeCell,
    fmt,
    mem::{MaybeUninit, offset_of},
    ptr::NonNull,
};

use generic_array::GenericArray;
use pool_core::{
    cache::Cache,
    geometry::{Geometry, round_up},
    hints::{self, Hints},
    local::{Desk, Local},
    member::Member,
    objects::Objects,
    slot::Record,
};

use crate::{
    Full, HandleError, LocalArc, LocalBox, ObjId, SessionPool, Shared,
    config::{Storage, ValidCapacity},
    home::{Home, InPool, LocalPool, Seated, access},
    layout::{Extent, FieldKind, Place, PoolLayout, RootField, RootLayout, TypeName},
    memory,
    root::{Field, Root},
    seat::Seat,
};

/// A pool of `N` objects of type `T`, with `N` a power of two from 1 to 2^30.
///
/// As a value (a `static`, a field, on the stack, in a `Box`) it serves this process: any thread and any signal handler
/// may use it without a session. As a root, or a field of one, it describes a pool of a region, which sessions see as a
/// [`SessionPool`].
///
/// `V` is the proof that `N` is a capacity; it is computed, leave it out.
///
/// # Cost
///
/// A pair of `alloc` and drop is one compare-exchange and one more locked instruction, alone or beside other threads:
/// threads keep apart by the place where they search. A session's pool is several times faster. State costs
/// [`Pool::STATE_BYTES`] an object, and a bit for each 64.
///
/// # Examples
///
/// ```
/// use pool_typed::{Pool, PoolBox};
///
/// static POOL: Pool<u64, 1024> = Pool::new();
///
/// let number = POOL.alloc(7)?;
/// let id = PoolBox::into_id(number);
/// let same = std::thread::spawn(move || POOL.take(id).map(|number| *number)).join().unwrap()?;
/// assert_eq!(same, 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(C)]
pub struct Pool<T, const N: usize, V: Storage<N> = ValidCapacity<N>> {
    desk: Desk,
    hints: GenericArray<hints::Word, V::HintWords>,
    records: [Record; N],
    slots: [UnsafeCell<MaybeUninit<T>>; N],
}

// SAFETY: an object is accessed by its one owner, or read by those who share it; the records say who, and hand it over
// with release and acquire. So the pool is to threads what a channel of `T` and an `Arc` of `T` are.
unsafe impl<T: Send + Sync, const N: usize, V: Storage<N>> Sync for Pool<T, N, V> {}
// SAFETY: the pool owns its objects.
unsafe impl<T: Send + Sync, const N: usize, V: Storage<N>> Send for Pool<T, N, V> {}

// The bound on `T` stands on the constructors: on the impl it would be another error (E0599), without our text.
impl<T, const N: usize, V: Storage<N>> Pool<T, N, V> {
    /// Makes an empty pool; as a `static` it costs no time and no memory before its use.
    ///
    /// A large pool is better in a region or a [`Pool::boxed`]: the compiler needs 13 s for a `static` of 1 GiB.
    #[must_use]
    pub const fn new() -> Self
    where
        T: Shared,
    {
        let _: PoolLayout = Self::LAYOUT;
        // SAFETY: all-zero is a fresh desk, fresh records, open hints, and slots whose content does not matter.
        unsafe { MaybeUninit::zeroed().assume_init() }
    }

    /// Makes an empty pool on the heap, in place: however large, it never is on the stack.
    ///
    /// # Panics
    ///
    /// Aborts like `Box::new` where there is no memory.
    #[must_use]
    pub fn boxed() -> Box<Self>
    where
        T: Shared,
    {
        let _: PoolLayout = Self::LAYOUT;
        let pool = Box::<Self>::new_zeroed();
        // SAFETY: as in `new`.
        unsafe { pool.assume_init() }
    }
}

impl<T: Shared, const N: usize, V: Storage<N>> Pool<T, N, V> {
    /// How many bytes of state an object costs, beside its slot and a bit in the hints for each 64.
    pub const STATE_BYTES: usize = size_of::<Record>();

    /// How many bytes a slot has in a region: the size of `T`, rounded up to a power of two.
    pub const SLOT_BYTES: usize = 1 << Self::GEOMETRY.stride_log2;

    /// How many bytes of a region the pool takes up that are not slots.
    pub const OVERHEAD: usize = Self::GEOMETRY.slots;

    /// Its layout in a region; what cannot be a pool is refused here.
    const GEOMETRY: Geometry = Geometry::new(N.trailing_zeros(), size_of::<T>(), align_of::<T>());

    /// The bytes of a session's cache, which stands before its counts.
    const CACHE: usize = round_up(size_of::<Cache>(), 64);

    const LAYOUT: PoolLayout = PoolLayout { slots_log2: N.trailing_zeros(), item: T::LAYOUT, geometry: Self::GEOMETRY };

    fn home(&self) -> InPool<'_> {
        InPool(self)
    }

    /// Returns the number of slots.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        N
    }

    /// Counts the slots that are not free: a walk over all of them, and an estimate while others work.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.iter().filter(|record| !record.is_free()).count()
    }

    /// Whether every slot is free; an estimate while others work.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.iter().all(Record::is_free)
    }

    /// Allocates an object with this value.
    ///
    /// # Errors
    ///
    /// Hands the value back where no slot is free.
    #[inline]
    pub fn alloc(&self, value: T) -> Result<LocalBox<'_, T>, Full<T>> {
        memory::alloc(self.home(), N, value)
    }

    /// Allocates an object and builds its value in place: `build` runs only where there is a slot.
    ///
    /// # Errors
    ///
    /// Where no slot is free.
    #[inline]
    pub fn alloc_with(&self, build: impl FnOnce() -> T) -> Result<LocalBox<'_, T>, Full<()>> {
        memory::alloc_with(self.home(), N, build)
    }

    /// Allocates an object of zeros.
    ///
    /// # Errors
    ///
    /// Where no slot is free.
    #[inline]
    pub fn alloc_zeroed(&self) -> Result<LocalBox<'_, T>, Full<()>> {
        memory::alloc_zeroed(self.home(), N)
    }

    /// Allocates `K` objects, or none; `build` gets the index of each.
    ///
    /// # Errors
    ///
    /// Where fewer slots are free.
    #[inline]
    pub fn alloc_many<const K: usize>(&self, build: impl FnMut(usize) -> T) -> Result<[LocalBox<'_, T>; K], Full<()>> {
        memory::alloc_many(self.home(), N, build)
    }

    /// Takes an object out of its handle, exclusively. The handle is used up.
    ///
    /// # Errors
    ///
    /// See [`HandleError`]; the object is untouched then.
    #[inline]
    pub fn take(&self, id: ObjId<T>) -> Result<LocalBox<'_, T>, HandleError> {
        memory::take(self.home(), id)
    }

    /// Adds a reference to the object that a handle names. The handle keeps its own.
    ///
    /// # Errors
    ///
    /// See [`HandleError`].
    #[inline]
    pub fn get(&self, id: ObjId<T>) -> Result<LocalArc<'_, T>, HandleError> {
        memory::get(self.home(), id)
    }

    /// Turns a handle, and the reference that it owns, into a [`LocalArc`]. The handle is used up.
    ///
    /// # Errors
    ///
    /// See [`HandleError`].
    #[inline]
    pub fn adopt(&self, id: ObjId<T>) -> Result<LocalArc<'_, T>, HandleError> {
        memory::adopt(self.home(), id)
    }

    /// Gives up a handle, and the reference that it owns; the last one frees the object.
    ///
    /// # Errors
    ///
    /// See [`HandleError`].
    #[inline]
    pub fn free(&self, id: ObjId<T>) -> Result<(), HandleError> {
        access(self.home(), |objects| objects.free(id.raw()))
    }

    /// Copies the object that a handle names, without holding it.
    ///
    /// # Errors
    ///
    /// [`HandleError::Stale`], also where the object changed hands during the copy.
    pub fn read(&self, id: ObjId<T>) -> Result<T, HandleError> {
        memory::read(self.home(), id)
    }

    /// Returns the handle of a published object by its address. It owns nothing.
    ///
    /// `None` where no slot begins there, or its object is exclusively owned: then no handle is valid.
    #[must_use]
    pub fn id_of(&self, object: &T) -> Option<ObjId<T>> {
        memory::id_of(self.home(), object)
    }

    /// Makes a box again of what [`PoolBox::into_raw`](crate::PoolBox::into_raw) gave.
    ///
    /// # Safety
    ///
    /// `object` came from `PoolBox::into_raw` of a box of this pool, and was not given to `from_raw` since.
    pub unsafe fn from_raw(&self, object: NonNull<T>) -> LocalBox<'_, T> {
        // SAFETY: by the caller's promise.
        unsafe { memory::from_raw(self.home(), object) }
    }

    /// Iterates over the handles of the objects that handles own. A walk over all slots, and an estimate while others
    /// work.
    pub fn iter(&self) -> impl Iterator<Item = ObjId<T>> {
        (0..N as u32)
            .filter_map(|slot| self.home().with(|objects| objects.table().handle_of_data(slot)).map(ObjId::from_raw))
    }
}

impl<T: Shared, const N: usize, V: Storage<N>> LocalPool for Pool<T, N, V> {
    #[inline]
    fn local(&self) -> Local<'_> {
        let shape = const { Self::GEOMETRY.shape };
        Local::new(&self.records, Hints::new(&self.hints, shape.groups()), &self.desk, shape)
    }

    #[inline]
    fn place(&self, slot: u32) -> NonNull<u8> {
        NonNull::from(&self.slots[slot as usize & (N - 1)]).cast()
    }

    #[inline]
    fn slot_at(&self, address: usize) -> Option<u32> {
        let offset = address.checked_sub((&raw const *self).addr() + offset_of!(Self, slots))?;
        let slot = offset / size_of::<T>();
        (offset.is_multiple_of(size_of::<T>()) && slot < N).then_some(slot as u32)
    }
}

impl<T: Shared, const N: usize, V: Storage<N>> Default for Pool<T, N, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const N: usize, V: Storage<N>> fmt::Debug for Pool<T, N, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("capacity", &N).finish_non_exhaustive()
    }
}

// SAFETY: the extent is that of the geometry, and of the cache and the counts, which the view is made of. All-zero is
// an empty pool and the cache of nobody. What the view reads from the region are atomics, checked by `pool_core`.
unsafe impl<T: Shared, const N: usize, V: Storage<N>> Field for Pool<T, N, V> {
    type View<'s> = SessionPool<'s, T, N>;
    const EXTENT: Extent = Extent {
        bytes: Self::GEOMETRY.bytes,
        align: Self::GEOMETRY.align,
        sources: 1,
        private: Self::CACHE + round_up(N * size_of::<u32>(), 64),
    };
    const KIND: FieldKind = FieldKind::Pool(Self::LAYOUT);

    unsafe fn view<'s>(seat: &Seat<'s>, at: Place) -> Self::View<'s> {
        // SAFETY: the caller says that this field stands at `at`.
        let seated = unsafe { seated(seat, at, &Self::GEOMETRY) };
        // SAFETY: its slots have the stride and alignment of `T`, and any bytes are a valid `T`.
        unsafe { SessionPool::new(seated) }
    }
}

/// Binds a session to a pool that is known by its geometry only.
///
/// # Safety
///
/// A pool of this geometry stands at `at`.
pub(crate) unsafe fn seated<'s>(seat: &Seat<'s>, at: Place, geometry: &Geometry) -> Seated<'s> {
    // SAFETY: a pool stands at `at`, says the caller.
    let base = unsafe { seat.shared(at) };
    // SAFETY: its `geometry.bytes` bytes are mapped for `'s`; the words before the slots are atomics for everybody.
    let pool = unsafe { pool_core::pool::Pool::from_raw(base, geometry, at.source) };
    // SAFETY: as above, for the private memory.
    let private = unsafe { seat.private(at) };
    // SAFETY: the private memory is aligned to 64, zeroed (all-zero is a cache) and this session's alone.
    let cache = unsafe { private.cast::<Cache>().as_ref() };
    // SAFETY: the counts follow the cache within the private memory of the pool.
    let counts = unsafe { private.add(round_up(size_of::<Cache>(), 64)) };
    let counts = NonNull::slice_from_raw_parts(counts.cast(), geometry.shape.slots() as usize);
    // SAFETY: one count for each slot, aligned, zeroed, and this session's alone.
    let counts = unsafe { counts.as_ref() };
    let member = Member::new(pool, cache, counts, seat.kept(at));
    // SAFETY: the slots are within the pool's bytes.
    let slots = unsafe { base.add(geometry.slots) };
    // SAFETY: `slots` and the words of `member` are of the same pool, for `'s`.
    unsafe { Seated::new(member, slots, geometry, seat.region()) }
}

// SAFETY: the layout has the pool as its one field, at offset 0.
unsafe impl<T: Shared, const N: usize, V: Storage<N>> Root for Pool<T, N, V> {
    const LAYOUT: &'static RootLayout = &RootLayout::new(
        TypeName { base: "Pool", args: &[] },
        Self::EXTENT,
        &[RootField { name: "", place: Place { offset: 0, source: 0, private: 0 }, kind: Self::KIND }],
    );
}
