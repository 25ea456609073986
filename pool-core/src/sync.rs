//! The atomics of the project: `core`'s, or loom's when a model is checked.
//!
//! The other modules take them from here, and no other crate of the workspace uses any (`clippy.toml` refuses them), so
//! a model checked under `--cfg loom` sees every shared access.

#[cfg(not(loom))]
pub use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
#[cfg(loom)]
pub use model::{AtomicU32, AtomicU64, Ordering, fence};

#[cfg(loom)]
pub mod model;
