//! What can be shared.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unreachable_pub)]
use pool_typed::{AtomicObjId, ObjId, Shared};
use std::{
    num::{NonZero, NonZeroU8},
    sync::atomic::{AtomicI64, AtomicU8, AtomicU16, AtomicU32},
};

#[derive(Shared)]
#[repr(C)]
struct Numbers(u8, i8, u16, u32, f64, i128, u128, i64, f32, f32, u64, [i16; 4]);

#[derive(Shared)]
#[repr(C)]
struct Atomics {
    a: AtomicI64,
    b: AtomicU32,
    c: AtomicU16,
    d: [AtomicU8; 2],
}

#[derive(Shared)]
#[repr(C)]
struct Links<T> {
    this: Option<ObjId<Self>>,
    other: Option<pool_typed::ObjId<T>>,
    cell: AtomicObjId<Self>,
    count: core::option::Option<NonZero<u32>>,
    small: [Option<NonZeroU8>; 4],
}

#[derive(Shared)]
#[repr(transparent)]
struct Outgoing(Numbers);

#[derive(Shared)]
#[repr(C, packed)]
struct Packed {
    tag: u8,
    len: u32,
}

#[derive(Shared)]
#[repr(C, align(64))]
struct Line {
    bytes: [u8; 64],
}

/// A number of a type that is called like one of std.
#[derive(Shared)]
#[repr(C)]
struct Cell<T, const N: usize = 2>
where
    T: Copy,
{
    r#type: [T; N],
}

#[derive(Shared)]
#[shared(name = "board::Grid", crate = "pool_typed")]
#[repr(C)]
struct Grid {
    cells: [self::Cell<u32>; Self::CELLS],
    signed: Signed<-1, true, 'x'>,
}

impl Grid {
    const CELLS: usize = 64;
}

#[derive(Shared)]
#[repr(transparent)]
struct Signed<const A: i8, const B: bool, const C: char>(u64);

macro_rules! structs {
    ($($name:ident { $($field:ident: $ty:ty),* })*) => { $(
        #[derive(Shared)]
        #[repr(C)]
        struct $name { $($field: $ty),* }
    )* };
}

structs! { FromMacro { a: u64, b: [u32; 2], c: Option<ObjId<FromMacro>> } }

fn main() {
    let all = [
        Numbers::NAME,
        Atomics::NAME,
        <Links<Grid>>::NAME,
        Outgoing::NAME,
        Packed::NAME,
        Line::NAME,
        Grid::LAYOUT.fields[1].ty.name,
        FromMacro::NAME,
    ];
    let expected = "Numbers Atomics Links<board::Grid> Outgoing Packed Line Signed<-1, 1, 120> FromMacro";
    assert_eq!(all.map(|name| name.to_string()).join(" "), expected);
}
