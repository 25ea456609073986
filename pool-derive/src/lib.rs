//! `#[derive(Shared)]` and `#[derive(Root)]` of `pool-typed`, where they are documented.
//!
//! | question | module |
//! |---|---|
//! | what does an attribute say | [`attr`] |
//! | is the layout fixed | [`repr`] |
//! | which types are refused by their spelling, and why | [`refuse`] |
//! | what are the generics of the impls | [`params`] |
//! | what is emitted for plain data | [`shared`] |
//! | what is emitted for a root | [`root`] |
//!
//! What an expansion leaves to the compiler (is this type `Shared`, is there padding) is spanned at the field in question.

mod attr;
mod params;
mod refuse;
mod repr;
mod root;
mod shared;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct plain data that may lie in shared memory.
#[proc_macro_derive(Shared, attributes(shared))]
pub fn derive_shared(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    shared::expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Makes a struct of pools the root of a region, and a view of it with the same field names for sessions.
#[proc_macro_derive(Root, attributes(shared))]
pub fn derive_root(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    root::expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}
