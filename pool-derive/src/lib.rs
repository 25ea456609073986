//! `#[derive(Shared)]` and `#[derive(Root)]` of `pool-typed`, which re-exports them.
//!
//! | question | module |
//! |---|---|
//! | what do the attributes say | `attr` |
//! | is the layout fixed | `repr` |
//! | which types are refused by their spelling, and why | `refuse` |
//! | what are the generics of the impls | `params` |
//! | what is emitted for plain data | `shared` |
//! | what is emitted for a root | `root` |
//!
//! What an expansion leaves to the compiler (is this type `Shared`, is there padding) is spanned at the field in
//! question, so that its errors stand there, and equal ones fall together.

mod attr;
mod params;
mod refuse;
mod repr;
mod root;
mod shared;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a type plain data that may lie in shared memory, and a field of roots that sessions see by reference.
///
/// A struct needs `#[repr(C)]` or `#[repr(transparent)]` (with `align` and `packed`, as you like), no padding, and
/// fields of `Shared` types. An enum needs `#[repr(u8)]` and all 256 variants: everything else would have invalid
/// values. Type parameters get a bound `Shared`; what depends on them, such as padding, is checked where a pool or a
/// root is built.
///
/// To derive it is to say that *any* bytes are a value: another process may have written them.
///
/// What is refused has a reason in its error, and most often a remedy.
///
/// * `#[shared(name = "broker::Message")]`: the name in layouts. It survives renaming the type.
/// * `#[shared(crate = "path::to::pool_typed")]`: where the library is, if it is not `::pool_typed`.
#[proc_macro_derive(Shared, attributes(shared))]
pub fn derive_shared(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    shared::expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Makes a struct of pools the root of a region, and a view of it for sessions.
///
/// The struct needs `#[repr(C)]` and named fields: pools, atomics, `AtomicObjId`, `Shared` types, other roots. It is a
/// description: no value of it is ever made, and padding does not matter. For `World` the view is
/// `WorldView<'session>`, with the same visibility and the same fields, each bound to the session: a `Pool<T, N>` is a
/// `SessionPool<T, N>` there, a plain field is a reference. It may be generic over types and constants, with the bounds
/// that its fields need.
///
/// * `#[shared(name = "broker::World")]`: the name in layouts.
/// * `#[shared(view = "Broker")]`: the name of the view.
/// * `#[shared(crate = "path::to::pool_typed")]`: where the library is, if it is not `::pool_typed`.
#[proc_macro_derive(Root, attributes(shared))]
pub fn derive_root(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    root::expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}
