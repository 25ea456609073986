//! Helpers shared by the tests of this crate.

#[cfg(loom)]
pub mod model;

#[cfg(not(loom))]
pub mod descriptors;
#[cfg(not(loom))]
pub mod fork;
#[cfg(not(loom))]
pub mod message;
#[cfg(not(loom))]
pub mod names;
#[cfg(not(loom))]
pub mod process;
#[cfg(not(loom))]
pub mod users;
#[cfg(not(loom))]
pub mod words;
#[cfg(not(loom))]
pub mod yard;
