//! The words of a region's pool, below the typed shell: for faults that only a kill at one instruction would leave.
#![allow(unsafe_code, reason = "finds the words of a mapped region")]

use core::slice;

use pool_core::{
    header::{self, HEADER_BYTES},
    pool::Pool as Words,
};
use pool_typed::{
    Mapped, Pool, Root, Shared,
    config::Capacity,
    layout::{FieldKind, PoolLayout},
};

/// The header of a region, as it stands in memory.
///
/// # Panics
///
/// Where it is no header.
#[must_use]
pub fn header_of<R: Root>(region: &Mapped<R>) -> header::Header<'_> {
    // SAFETY: every region begins with at least so many bytes of header, which nobody writes as long as it is mapped.
    let bytes = unsafe { slice::from_raw_parts(region.base().as_ptr(), HEADER_BYTES) };
    header::parse(bytes).expect("the header of a region that is mapped")
}

/// The words of the pool that is the root of a region.
///
/// # Panics
///
/// Where it has another layout than its type says.
#[must_use]
pub fn words_of<T: Shared, const N: usize>(region: &Mapped<Pool<T, N>>) -> Words<'_>
where
    usize: Capacity<N>,
{
    let root = header_of(region).fields.root as usize;
    let field = &<Pool<T, N> as Root>::LAYOUT.fields[0];
    let FieldKind::Pool(PoolLayout { geometry, .. }) = &field.kind else { panic!("{:?}", field.kind) };
    // SAFETY: the root stands there, within the mapping.
    let base = unsafe { region.base().add(root) };
    // SAFETY: the pool is the root, its words are atomics for everybody, and the mapping lasts as long as the borrow.
    unsafe { Words::from_raw(base, geometry, 1) }
}
