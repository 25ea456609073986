//! What local pools and pools of sessions do alike: slots become typed guards here.
#![expect(unsafe_code, reason = "reads and writes the objects of owned slots")]

use core::{mem::MaybeUninit, ptr, ptr::NonNull};

use pool_core::objects::Objects;

use crate::{
    Full, HandleError, ObjId, PoolArc, PoolBox, Shared,
    home::{self, Home, access},
};

/// Makes a box of a slot that was just allocated.
#[inline]
fn boxed<'a, T: Shared, H: Home + 'a>(home: H, slot: u32) -> PoolBox<'a, T, H> {
    // SAFETY: `alloc` made us the owner of the slot, its bytes are initialized (zeros, or an earlier object's), and any
    // bytes are a valid `T`.
    unsafe { PoolBox::from_slot(home, slot, false) }
}

#[inline]
pub(crate) fn alloc<'a, T: Shared, H: Home + 'a>(
    home: H,
    capacity: usize,
    value: T,
) -> Result<PoolBox<'a, T, H>, Full<T>> {
    match home::alloc(home) {
        Ok(slot) => {
            let mut object = boxed(home, slot);
            *object = value;
            Ok(object)
        }
        Err(denied) => Err(Full::new(value, denied, capacity)),
    }
}

#[inline]
pub(crate) fn alloc_with<'a, T: Shared, H: Home + 'a>(
    home: H,
    capacity: usize,
    build: impl FnOnce() -> T,
) -> Result<PoolBox<'a, T, H>, Full<()>> {
    let slot = home::alloc(home).map_err(|denied| Full::new((), denied, capacity))?;
    let mut object = boxed(home, slot);
    *object = build();
    Ok(object)
}

#[inline]
pub(crate) fn alloc_zeroed<'a, T: Shared, H: Home + 'a>(
    home: H,
    capacity: usize,
) -> Result<PoolBox<'a, T, H>, Full<()>> {
    let slot = home::alloc(home).map_err(|denied| Full::new((), denied, capacity))?;
    let mut object = boxed::<T, H>(home, slot);
    // SAFETY: we own the object, and all-zero bytes are a valid `T`.
    unsafe { ptr::write_bytes(&raw mut *object, 0, 1) };
    Ok(object)
}

#[inline]
pub(crate) fn alloc_many<'a, T: Shared, H: Home + 'a, const K: usize>(
    home: H,
    capacity: usize,
    mut build: impl FnMut(usize) -> T,
) -> Result<[PoolBox<'a, T, H>; K], Full<()>> {
    let mut slots = [0; K];
    home::alloc_many(home, &mut slots).map_err(|denied| Full::new((), denied, capacity))?;
    // Boxes first, so that all slots are given back where `build` panics.
    let mut objects = slots.map(|slot| boxed(home, slot));
    for (index, object) in objects.iter_mut().enumerate() {
        **object = build(index);
    }
    Ok(objects)
}

#[inline]
pub(crate) fn take<'a, T: Shared, H: Home + 'a>(home: H, id: ObjId<T>) -> Result<PoolBox<'a, T, H>, HandleError> {
    let copy = |from, to| {
        // SAFETY: the slots of `home` hold values of `T`, and `take` gives two of them.
        let from = unsafe { home.place::<T>(from) };
        // SAFETY: as above.
        let to = unsafe { home.place::<T>(to) };
        // SAFETY: `take` calls this while we own both slots, which are two.
        unsafe { ptr::copy_nonoverlapping(from.as_ptr(), to.as_ptr(), 1) };
    };
    let taken = access(home, |objects| objects.take(id.raw(), copy))?;
    // SAFETY: `take` made us the owner of the slot, and any bytes are a valid `T`.
    Ok(unsafe { PoolBox::from_slot(home, taken.slot, taken.tainted) })
}

#[inline]
pub(crate) fn get<'a, T: Shared, H: Home + 'a>(home: H, id: ObjId<T>) -> Result<PoolArc<'a, T, H>, HandleError> {
    let slot = access(home, |objects| objects.get(id.raw()))?;
    // SAFETY: `get` made us a holder of the slot, and any bytes are a valid `T`.
    Ok(unsafe { PoolArc::from_slot(home, slot) })
}

#[inline]
pub(crate) fn adopt<'a, T: Shared, H: Home + 'a>(home: H, id: ObjId<T>) -> Result<PoolArc<'a, T, H>, HandleError> {
    let slot = access(home, |objects| objects.adopt(id.raw()))?;
    // SAFETY: `adopt` made us a holder of the slot, and any bytes are a valid `T`.
    Ok(unsafe { PoolArc::from_slot(home, slot) })
}

/// Returns the object of a live handle, which may be freed at any time.
#[inline]
pub(crate) fn look<T, H: Home>(home: H, id: ObjId<T>) -> Result<NonNull<T>, HandleError> {
    let slot =
        home.with(|objects| objects.table().look(id.raw())).map_err(|refusal| HandleError::of(refusal, H::count))?;
    // SAFETY: the slots of `home` hold values of `T`: its handles are `ObjId<T>`; and `look` gives one of them.
    Ok(unsafe { home.place(slot) })
}

pub(crate) fn read<T: Shared, H: Home>(home: H, id: ObjId<T>) -> Result<T, HandleError> {
    let object = look(home, id)?;
    let mut copy = MaybeUninit::<T>::uninit();
    // SAFETY: both are `T`-sized; the slot is mapped whoever owns its object.
    unsafe { copy_volatile(object.cast(), NonNull::from(&mut copy).cast(), size_of::<T>()) };
    // Whoever owned the object in between has published it anew since, or still owns it: its generation has moved. The
    // fence keeps the copy before the second look.
    pool_core::sync::fence(pool_core::sync::Ordering::Acquire);
    look(home, id)?;
    // SAFETY: all bytes were copied, and any bytes are a valid `T`.
    Ok(unsafe { copy.assume_init() })
}

/// Copies bytes that others may write at the same time, a word at a time where both sides are aligned.
///
/// The compiler may neither leave out nor repeat the reads, so what is returned is what was read once.
///
/// # Safety
///
/// `from` can be read and `to` be written for `len` bytes, and they do not overlap.
unsafe fn copy_volatile(from: NonNull<u8>, to: NonNull<u8>, len: usize) {
    let mut at = 0;
    let aligned = (from.addr().get() | to.addr().get()).is_multiple_of(align_of::<u64>());
    while at < len {
        // SAFETY: within the object: `at` is below `len`.
        let from = unsafe { from.add(at) };
        // SAFETY: within its copy, as above.
        let to = unsafe { to.add(at) };
        if aligned && len - at >= size_of::<u64>() {
            // SAFETY: eight bytes are left, aligned.
            let word = unsafe { from.cast::<u64>().read_volatile() };
            // SAFETY: as above.
            unsafe { to.cast::<u64>().write(word) };
            at += size_of::<u64>();
        } else {
            // SAFETY: a byte is left.
            let byte = unsafe { from.read_volatile() };
            // SAFETY: as above.
            unsafe { to.write(byte) };
            at += 1;
        }
    }
}

pub(crate) fn id_of<T, H: Home>(home: H, object: &T) -> Option<ObjId<T>> {
    let slot = home.slot_at((&raw const *object).addr())?;
    home.with(|objects| objects.table().handle_of(slot)).map(ObjId::from_raw)
}

/// # Safety
///
/// `object` came from `PoolBox::into_raw` of a box of this home, and was not given to this function since.
pub(crate) unsafe fn from_raw<'a, T: Shared, H: Home + 'a>(home: H, object: NonNull<T>) -> PoolBox<'a, T, H> {
    let slot = home.slot_at(object.addr().get()).expect("a pointer that `into_raw` of this pool gave");
    let tainted = home.with(|objects| objects.table().record(slot).is_tainted());
    // SAFETY: the caller has the box's ownership of the slot.
    unsafe { PoolBox::from_slot(home, slot, tainted) }
}
