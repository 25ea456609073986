//! The untyped core of typed object pools in shared memory.
//!
//! This crate knows slots, sessions and regions, but no types and no system calls. It is `no_std`, allocates
//! nothing, and every atomic operation of the project with its ordering argument is in it. Users want
//! [`pool-typed`](https://docs.rs/pool-typed), which puts types, guards and mappings around it.
//!
//! Where each rule of the protocol stands:
//!
//! | rule | module |
//! |---|---|
//! | the bits of a state word | [`word`] |
//! | who holds an object: a session's bit, or a plain count | [`holder`] |
//! | every transition of an object, each one atomic change of one word | [`slot`] |
//! | the bits of a handle | [`handle`] |
//! | who may turn free slots into owned ones | [`lease`] |
//! | where to look for a free slot | [`hints`] |
//! | where the words of a pool stand | [`geometry`] |
//! | slots by handle | [`table`] |
//! | the words of a pool in a region; claiming and giving back | [`pool`] |
//! | a pool without sessions | [`local`] |
//! | a session's private part of a pool | [`cache`] |
//! | a pool as a session sees it | [`member`] |
//! | what guards do in either of the two | [`objects`] |
//! | what is done for the dead | [`reap`] |
//! | the table of sessions | [`registry`] |
//! | counting and checking a pool | [`audit`] |
//! | the first bytes of a region | [`header`] |
#![cfg_attr(not(any(loom, test)), no_std)]
#![deny(unsafe_code)]
#![allow(clippy::disallowed_types, reason = "this is the crate that atomics belong to")]

pub mod audit;
pub mod cache;
pub mod geometry;
pub mod handle;
pub mod header;
pub mod hints;
pub mod holder;
pub mod lease;
pub mod local;
pub mod member;
pub mod objects;
pub mod pool;
pub mod reap;
pub mod registry;
pub mod slot;
pub mod sync;
pub mod table;
pub mod word;
