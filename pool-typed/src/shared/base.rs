//! The types that are `Shared` by themselves.
//!
//! Not among them: `bool`, `char` and bare `NonZero` and `ObjId` (some bytes are invalid), `usize` (its size depends on
//! the target), tuples (the compiler chooses their layout).
#![expect(clippy::disallowed_types, reason = "names the atomics that users may place in shared memory")]

use core::{
    num::NonZero,
    sync::atomic::{AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicU8, AtomicU16, AtomicU32, AtomicU64},
};

use super::{Shared, check};
use crate::{
    id::{AtomicObjId, ObjId},
    layout::{NameArg, TypeKind, TypeLayout, TypeName},
    root::plain_field,
};

macro_rules! primitives {
    ($($ty:ident)*) => { $(
        // SAFETY: a number: every byte pattern is a value, there is no padding, and the atomics change atomically.
        #[diagnostic::do_not_recommend]
        unsafe impl Shared for $ty {
            const NAME: TypeName = TypeName::plain(stringify!($ty));
            const LAYOUT: &'static TypeLayout =
                &TypeLayout::leaf(Self::NAME, size_of::<Self>(), TypeKind::Primitive);
        }
        plain_field!([] $ty);
    )* };
}

primitives! {
    u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 f32 f64
    AtomicU8 AtomicU16 AtomicU32 AtomicU64 AtomicI8 AtomicI16 AtomicI32 AtomicI64
}

macro_rules! optional_non_zeros {
    ($($ty:ident)*) => { $(
        // SAFETY: `Option<NonZero<_>>` has the size of the number, with zero for `None` (guaranteed by core): every
        // byte pattern is a value and there is no padding.
        #[diagnostic::do_not_recommend]
        unsafe impl Shared for Option<NonZero<$ty>> {
            const NAME: TypeName = TypeName {
                base: "Option",
                args: &[NameArg::Type(TypeName {
                    base: "NonZero",
                    args: &[NameArg::Type(<$ty as Shared>::NAME)],
                })],
            };
            const LAYOUT: &'static TypeLayout =
                &TypeLayout::leaf(Self::NAME, size_of::<Self>(), TypeKind::Primitive);
        }
        plain_field!([] Option<NonZero<$ty>>);
    )* };
}

optional_non_zeros! { u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 }

// SAFETY: `ObjId` is a transparent `NonZero<u64>`, so the optional one is 8 bytes, every pattern a value. A handle
// means the same in every process.
#[diagnostic::do_not_recommend]
unsafe impl<T: Shared> Shared for Option<ObjId<T>> {
    const NAME: TypeName = TypeName {
        base: "Option",
        args: &[NameArg::Type(TypeName { base: "ObjId", args: &[NameArg::Type(T::NAME)] })],
    };
    // Only the name of `T`, so that `T` may hold handles of itself.
    const LAYOUT: &'static TypeLayout = &TypeLayout::leaf(Self::NAME, 8, TypeKind::Handle { target: T::NAME });
}
plain_field!([T: Shared] Option<ObjId<T>>);

// SAFETY: a transparent `AtomicU64`: every byte pattern is a value, and it changes atomically.
#[diagnostic::do_not_recommend]
unsafe impl<T: Shared> Shared for AtomicObjId<T> {
    const NAME: TypeName = TypeName { base: "AtomicObjId", args: &[NameArg::Type(T::NAME)] };
    const LAYOUT: &'static TypeLayout = &TypeLayout::leaf(Self::NAME, 8, TypeKind::Handle { target: T::NAME });
}
plain_field!([T: Shared] AtomicObjId<T>);

// SAFETY: items of a `Shared` type back to back; none is refused by `LAYOUT`.
#[diagnostic::do_not_recommend]
unsafe impl<T: Shared, const N: usize> Shared for [T; N] {
    const NAME: TypeName =
        TypeName { base: TypeName::ARRAY, args: &[NameArg::Type(T::NAME), NameArg::Const(N as u128)] };
    const LAYOUT: &'static TypeLayout = &{
        check::has_size::<Self>();
        let array = TypeKind::Array { item: T::LAYOUT, len: N };
        TypeLayout::leaf(Self::NAME, size_of::<Self>(), array)
    };
}
plain_field!([T: Shared, const N: usize] [T; N]);
