//! Typed object pools in shared memory, configured at compile time.
#![deny(unsafe_code)]

extern crate self as pool_typed;

mod audit;
mod backing;
mod builder;
pub mod config;
pub mod error;
mod guard;
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
        shared::check::{NoDrop, NoGap, NoTail, checked, destructors},
    };
}
