//! Handles of objects: 8 bytes that mean the same in every process.
#![expect(clippy::disallowed_types, reason = "an `AtomicObjId` is an atomic of the user, who orders it")]

use core::{cmp, fmt, hash, marker::PhantomData, num::NonZeroU64};

use pool_core::{
    handle,
    sync::{AtomicU64, Ordering},
};

/// The handle of an object of type `T` in one of the pools of a region.
///
/// It is the one thing that may be copied, stored in other objects, and sent to other threads and processes. It is not
/// a reference: a pool checks it each time, and refuses it for certain once the object was freed or taken since.
///
/// A handle may own a reference (`PoolBox::into_id` moves one into it) or not; that is between the one who sends it and
/// the one who receives it. An `Option<ObjId<T>>` takes 8 bytes, and all bytes zero are `None`.
///
/// ```compile_fail
/// # use pool_typed::{ObjId, Shared};
/// # #[derive(Shared)] #[repr(C)] struct Message { seq: u64 }
/// # #[derive(Shared)] #[repr(C)] struct Node { key: u64 }
/// fn same(a: ObjId<Message>, b: ObjId<Node>) -> bool {
///     a == b // expected `ObjId<Message>`, found `ObjId<Node>`
/// }
/// ```
#[repr(transparent)]
pub struct ObjId<T: ?Sized> {
    bits: NonZeroU64,
    target: PhantomData<fn() -> T>,
}

/// The bits were 0, and 0 is no handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NullId;

impl<T: ?Sized> ObjId<T> {
    /// Reads a handle from the bits that [`ObjId::to_bits`] gave.
    ///
    /// Any bits are safe to try: whether they name an object is found out by the pool.
    ///
    /// # Errors
    ///
    /// [`NullId`] where the bits are 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use pool_typed::{NullId, ObjId};
    ///
    /// let id = ObjId::<u64>::from_bits(0x0100_0000_0000_0001)?;
    /// assert_eq!(id.to_bits(), 0x0100_0000_0000_0001);
    /// assert_eq!(ObjId::<u64>::from_bits(0), Err(NullId));
    /// # Ok::<(), NullId>(())
    /// ```
    #[inline]
    pub const fn from_bits(bits: u64) -> Result<Self, NullId> {
        match NonZeroU64::new(bits) {
            Some(bits) => Ok(Self::from_raw(bits)),
            None => Err(NullId),
        }
    }

    /// Returns the bits of the handle, to be sent over any channel. They are never 0.
    #[inline]
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        self.bits.get()
    }

    #[inline]
    pub(crate) const fn from_raw(bits: NonZeroU64) -> Self {
        Self { bits, target: PhantomData }
    }

    #[inline]
    pub(crate) const fn raw(self) -> NonZeroU64 {
        self.bits
    }
}

// By hand: a derive would ask the same of `T`.
impl<T: ?Sized> Copy for ObjId<T> {}

impl<T: ?Sized> Clone for ObjId<T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> PartialEq for ObjId<T> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.bits == other.bits
    }
}

impl<T: ?Sized> Eq for ObjId<T> {}

impl<T: ?Sized> PartialOrd for ObjId<T> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: ?Sized> Ord for ObjId<T> {
    #[inline]
    fn cmp(&self, other: &Self) -> cmp::Ordering {
        self.bits.cmp(&other.bits)
    }
}

impl<T: ?Sized> hash::Hash for ObjId<T> {
    #[inline]
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.bits.hash(state);
    }
}

impl<T: ?Sized> fmt::Debug for ObjId<T> {
    /// Shows the ordinal of the pool within its region and the bits: `ObjId(1: 0x0100000000000040)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjId({}: {:#018x})", handle::source_of(self.bits), self.bits)
    }
}

impl fmt::Display for NullId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected the bits of an object's handle, found 0")
    }
}

impl core::error::Error for NullId {}

/// A handle that several processes read and write: `None` or an [`ObjId`], in one atomic word.
///
/// It can be a field of a root or of an object. It owns nothing: storing a handle moves no reference, and dropping or
/// overwriting one frees nothing. All bytes zero are `None`.
///
/// # Examples
///
/// ```
/// use core::sync::atomic::Ordering::{Acquire, Release};
/// use pool_typed::{AtomicObjId, ObjId};
///
/// let inbox = AtomicObjId::<u64>::new(None);
/// let id = ObjId::from_bits(0x0100_0000_0000_0001)?;
/// inbox.store(Some(id), Release);
/// assert_eq!(inbox.swap(None, Acquire), Some(id));
/// assert_eq!(inbox.load(Acquire), None);
/// # Ok::<(), pool_typed::NullId>(())
/// ```
#[repr(transparent)]
pub struct AtomicObjId<T: ?Sized> {
    bits: AtomicU64,
    target: PhantomData<fn() -> T>,
}

impl<T: ?Sized> AtomicObjId<T> {
    /// Makes a cell with this handle.
    #[inline]
    #[must_use]
    pub const fn new(id: Option<ObjId<T>>) -> Self {
        Self { bits: AtomicU64::new(pack(id)), target: PhantomData }
    }

    /// Reads the handle.
    ///
    /// # Panics
    ///
    /// Where `order` is `Release` or `AcqRel`, as for every atomic.
    #[inline]
    #[must_use]
    pub fn load(&self, order: Ordering) -> Option<ObjId<T>> {
        unpack(self.bits.load(order))
    }

    /// Writes a handle.
    ///
    /// # Panics
    ///
    /// Where `order` is `Acquire` or `AcqRel`, as for every atomic.
    #[inline]
    pub fn store(&self, id: Option<ObjId<T>>, order: Ordering) {
        self.bits.store(pack(id), order);
    }

    /// Writes a handle and returns the one before.
    #[inline]
    pub fn swap(&self, id: Option<ObjId<T>>, order: Ordering) -> Option<ObjId<T>> {
        unpack(self.bits.swap(pack(id), order))
    }

    /// Writes `new` where the cell holds `current`, and returns what was there.
    ///
    /// # Errors
    ///
    /// What is there, where that is not `current`.
    ///
    /// # Panics
    ///
    /// Where `failure` is `Release` or `AcqRel`, as for every atomic.
    #[inline]
    pub fn compare_exchange(
        &self,
        current: Option<ObjId<T>>,
        new: Option<ObjId<T>>,
        success: Ordering,
        failure: Ordering,
    ) -> Result<Option<ObjId<T>>, Option<ObjId<T>>> {
        let (current, new) = (pack(current), pack(new));
        let outcome = self.bits.compare_exchange(current, new, success, failure);
        outcome.map(unpack).map_err(unpack)
    }

    /// Does the same as [`AtomicObjId::compare_exchange`], but may fail for no reason: for loops.
    ///
    /// # Errors
    ///
    /// What is there.
    ///
    /// # Panics
    ///
    /// Where `failure` is `Release` or `AcqRel`, as for every atomic.
    #[inline]
    pub fn compare_exchange_weak(
        &self,
        current: Option<ObjId<T>>,
        new: Option<ObjId<T>>,
        success: Ordering,
        failure: Ordering,
    ) -> Result<Option<ObjId<T>>, Option<ObjId<T>>> {
        let (current, new) = (pack(current), pack(new));
        let outcome = self.bits.compare_exchange_weak(current, new, success, failure);
        outcome.map(unpack).map_err(unpack)
    }
}

impl<T: ?Sized> Default for AtomicObjId<T> {
    /// Makes a cell without a handle.
    #[inline]
    fn default() -> Self {
        Self::new(None)
    }
}

impl<T: ?Sized> From<Option<ObjId<T>>> for AtomicObjId<T> {
    #[inline]
    fn from(id: Option<ObjId<T>>) -> Self {
        Self::new(id)
    }
}

impl<T: ?Sized> fmt::Debug for AtomicObjId<T> {
    /// Shows the handle: `AtomicObjId(Some(ObjId(1: 0x0100000000000040)))`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // ORDERING: Relaxed: only shown, nothing is read through it.
        f.debug_tuple("AtomicObjId").field(&self.load(Ordering::Relaxed)).finish()
    }
}

#[inline]
const fn pack<T: ?Sized>(id: Option<ObjId<T>>) -> u64 {
    match id {
        Some(id) => id.to_bits(),
        None => 0,
    }
}

#[inline]
fn unpack<T: ?Sized>(bits: u64) -> Option<ObjId<T>> {
    NonZeroU64::new(bits).map(ObjId::from_raw)
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

    use super::*;

    fn id(bits: u64) -> Option<ObjId<str>> {
        ObjId::from_bits(bits).ok()
    }

    #[test]
    fn handles_are_values_whatever_they_refer_to() {
        fn is_value<V: Copy + Ord + hash::Hash + fmt::Debug + Send + Sync + Unpin>() {}
        is_value::<ObjId<str>>();
        is_value::<ObjId<dyn Fn()>>();
        is_value::<ObjId<*mut u8>>();
        fn is_shared<V: Send + Sync + fmt::Debug + Default>() {}
        is_shared::<AtomicObjId<*mut u8>>();
    }

    #[test]
    fn a_handle_shows_its_pool_and_its_bits() {
        let one = id(0x0200_0000_0000_0040).unwrap();
        assert_eq!(format!("{one:?}"), "ObjId(2: 0x0200000000000040)");
        assert_eq!(format!("{:?}", AtomicObjId::new(Some(one))), "AtomicObjId(Some(ObjId(2: 0x0200000000000040)))");
        assert_eq!(NullId.to_string(), "expected the bits of an object's handle, found 0");
    }

    #[test]
    fn a_cell_keeps_the_last_handle() {
        let cell = AtomicObjId::default();
        assert_eq!(cell.load(Acquire), None);
        cell.store(id(1), Release);
        assert_eq!(cell.compare_exchange(None, id(2), Release, Relaxed), Err(id(1)));
        assert_eq!(cell.compare_exchange(id(1), id(2), Release, Relaxed), Ok(id(1)));
        while cell.compare_exchange_weak(id(2), None, Release, Relaxed).is_err() {}
        assert_eq!(cell.swap(id(3), Release), None);
        assert_eq!(cell.load(Relaxed), id(3));
    }
}
