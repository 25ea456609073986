//! What can lie in shared memory.

#![expect(unsafe_code, reason = "the trait promises that any bytes are a valid value")]

mod adapters;
mod base;
pub(crate) mod check;

#[cfg(feature = "bytemuck")]
pub use adapters::Bytemuck;
#[cfg(feature = "zerocopy")]
pub use adapters::Zerocopy;

use crate::layout::{TypeLayout, TypeName};

/// Plain data that may lie in memory that several processes share.
///
/// Derive it:
///
/// ```
/// use pool_typed::{ObjId, Shared};
///
/// #[derive(Shared)]
/// #[repr(C)]
/// struct Node {
///     key: u64,
///     next: Option<ObjId<Node>>,
/// }
/// ```
///
/// `Shared` are the integers of fixed width, `f32` and `f64`, their atomics, arrays, `Option<NonZero<..>>`,
/// `Option<ObjId<T>>`, `AtomicObjId<T>`, and structs of these that derive it. The derive refuses what would be wrong in
/// another process, each with its reason: references, owners of heap memory, values with invalid bytes (`bool`, `char`,
/// most enums), sizes that depend on the target (`usize`), padding, and destructors.
///
/// # Safety
///
/// * Every byte pattern of the size of the type is a valid value, all zero too, and there is no padding.
/// * It is at least one byte large, and aligned to at most 4096 bytes.
/// * It holds no address, and nothing else that has a meaning in one process only.
/// * What changes through `&Self` is atomic.
/// * It has no destructor.
/// * `LAYOUT` describes it, and `NAME` is its name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be placed in shared memory",
    label = "not `Shared`",
    note = "shared memory holds plain data: numbers of fixed width, atomics, arrays, and structs of these",
    note = "derive `Shared` for a struct of your own; refer to another object by an `Option<ObjId<T>>`"
)]
pub unsafe trait Shared: Sized + Send + Sync + 'static {
    /// The name with its generic arguments, the same in every build.
    const NAME: TypeName;
    /// How the type lies in memory. Its evaluation fails where a check that needs the concrete type does.
    const LAYOUT: &'static TypeLayout;
}
