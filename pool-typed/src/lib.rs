//! Typed object pools in shared memory, configured at compile time.
//!
//! A program derives [`Shared`] on plain structs, writes one struct of pools ([`Root`]), and maps it ([`Mapped`]). From
//! then on several processes allocate, pass and free objects through typed handles ([`ObjId`]), without copies and without
//! locks. What is wrong does not compile. What cannot be seen at compile time is an error that says what was expected and
//! what was found. A process may be killed at any instruction: nothing is lost, nothing is corrupted, nobody waits.
//!
//! | word | meaning |
//! |---|---|
//! | region | memory that several processes map: [`Mapped<R>`](Mapped) |
//! | root | what stands in it: a [`Pool`], or a struct with `#[derive(Root)]` |
//! | session | one thread's part in a region: [`Session`]; what it holds dies with it |
//! | box, arc | [`PoolBox`] owns an object, [`PoolArc`] shares it |
//! | handle | [`ObjId`]: 8 bytes that name an object in every process, or own a reference to it |
//! | reaping | taking back what a dead session held; it happens by itself, and by [`Mapped::reap`] |
//!
//! ```
//! use pool_typed::{Mapped, ObjId, Pool, PoolBox, Root, Shared};
//!
//! #[derive(Shared)]
//! #[repr(C)]
//! struct Message {
//!     seq: u64,
//!     body: [u8; 56],
//! }
//!
//! /// Everything that the processes share.
//! #[derive(Root)]
//! #[repr(C)]
//! struct World {
//!     messages: Pool<Message, 1024>,
//! }
//!
//! let world = Mapped::<World>::memfd()?; // or create("/name"), attach("/name"), ..
//! let me = world.join()?;
//! let mut message = me.messages.alloc_zeroed()?;
//! message.seq = 7;
//! let bits = PoolBox::into_id(message).to_bits(); // 8 bytes over any channel
//!
//! let id = ObjId::<Message>::from_bits(bits)?; // in another process
//! assert_eq!(me.messages.take(id)?.seq, 7);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Recipes are in the guide: linking objects, handlers and async tasks, changing a layout, restarting after a crash. The
//! protocol, rule by rule with its proofs, is the documentation of [`pool_core`].
//!
#![doc = include_str!("../doc/region.svg")]
#![deny(unsafe_code)]

extern crate self as pool_typed;

mod audit;
mod backing;
mod builder;
pub mod config;
pub mod error;
mod guard;
#[cfg(any(doc, doctest))]
pub mod guide;
mod home;
mod id;
pub mod layout;
mod mapped;
mod memory;
mod options;
mod pool;
mod refusals;
mod region;
mod root;
mod seat;
mod session;
mod session_pool;
mod shared;
mod sys;

pub use audit::{Audit, Departed, Fault, Holdings, PoolAudit, SessionInfo};
pub use builder::Options;
pub use error::{AttachError, CreateError, CreateOrAttachError, JoinError, UnlinkError};
pub use guard::{LocalArc, LocalBox, PoolArc, PoolBox};
pub use home::{InPool, InSession};
pub use id::{AtomicObjId, NullId, ObjId};
pub use mapped::Mapped;
pub use options::{Outcome, Report};
pub use pool::Pool;
pub use pool_core::reap::Tally;
pub use pool_derive::{Root, Shared};
pub use refusals::{Full, FullCause, HandleError};
pub use root::{Field, Root};
pub use session::Session;
pub use session_pool::SessionPool;
#[cfg(feature = "bytemuck")]
pub use shared::Bytemuck;
pub use shared::Shared;
#[cfg(feature = "zerocopy")]
pub use shared::Zerocopy;

/// What the derives expand to.
#[doc(hidden)]
pub mod __derive {
    pub use crate::{
        root::plain,
        seat::Seat,
        shared::check::{NoDrop, NoGap, NoTail, checked},
    };
}
