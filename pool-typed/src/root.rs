//! What a region can hold: fields, and roots of them.
//!
//! A root is a *description*: a struct whose fields name pools, cells and plain values. No value of it is ever made.
//! Its layout says what stands where in the region ([`crate::layout::plan`]), and a session gets a *view* of it: a
//! struct with the same field names, each bound to the session.
#![expect(unsafe_code, reason = "the traits promise what a region's memory looks like")]

use crate::{
    layout::{Extent, FieldKind, Place, RootLayout},
    seat::Seat,
    shared::Shared,
};

/// What can be a field of a root: pools, `AtomicObjId`, every [`Shared`] type, and other roots.
///
/// # Safety
///
/// * [`Field::EXTENT`] covers every byte that [`Field::view`] makes reachable, in the region and in private memory.
/// * Bytes that are all zero are a valid value: they are how a field begins.
/// * `view` trusts nothing that it reads from the region.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a root",
    label = "not a field of a root",
    note = "the fields of a root are pools, atomics, `AtomicObjId<T>`, and structs that derive `Shared` or `Root`"
)]
pub unsafe trait Field: 'static {
    /// What a session sees of it.
    type View<'s>;
    /// What it takes up.
    const EXTENT: Extent;
    /// What it is, for the layout of the root.
    const KIND: FieldKind;

    /// Binds the field to a session.
    ///
    /// # Safety
    ///
    /// `at` is where a value of this type stands, in the region and in the private memory of `seat`.
    #[doc(hidden)]
    unsafe fn view<'s>(seat: &Seat<'s>, at: Place) -> Self::View<'s>;
}

/// What can be the root of a region: a pool, or a struct with `#[derive(Root)]`.
///
/// # Safety
///
/// [`Root::LAYOUT`] describes what [`Field::view`] makes of the region.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the root of a shared region",
    label = "not a root",
    note = "a root is a `Pool<T, N>`, or a struct of pools with `#[derive(Root)]`"
)]
pub unsafe trait Root: Field {
    /// How it lies in the region.
    const LAYOUT: &'static RootLayout;
}

/// Makes a [`Shared`] type a field: a session sees it by reference.
///
/// One impl for each type instead of one for all: only so can an error say which part of a pool is wrong.
macro_rules! plain_field {
    ([$($generics:tt)*] $ty:ty) => {
        // SAFETY: the extent is the size of a value; every bit pattern of a `Shared` type is valid, zero too; the view
        // reads nothing.
        #[diagnostic::do_not_recommend]
        #[expect(unsafe_code, reason = "a `Shared` type is a field")]
        unsafe impl<$($generics)*> $crate::root::Field for $ty {
            type View<'s> = &'s Self;
            const EXTENT: $crate::layout::Extent =
                $crate::layout::Extent::plain(size_of::<Self>(), align_of::<Self>());
            const KIND: $crate::layout::FieldKind = $crate::layout::FieldKind::plain::<Self>();

            unsafe fn view<'s>(seat: &$crate::seat::Seat<'s>, at: $crate::layout::Place) -> &'s Self {
                // SAFETY: a value of this type stands at `at`, says the caller.
                unsafe { $crate::root::plain(seat, at) }
            }
        }
    };
}

pub(crate) use plain_field;

/// Returns the value of a plain field.
///
/// # Safety
///
/// A value of this type stands at `at`, in the region of `seat`.
pub unsafe fn plain<'s, T: Shared>(seat: &Seat<'s>, at: Place) -> &'s T {
    // SAFETY: a value of this type stands at `at`, says the caller, so the offset is within the region.
    let value = unsafe { seat.shared(at) }.cast::<T>();
    // SAFETY: it is aligned and in bounds for `'s` (as above) and any bytes are a valid `T`. Other processes change it
    // through `&T` only, so through atomics: `Shared` has no other interior mutability.
    unsafe { value.as_ref() }
}
