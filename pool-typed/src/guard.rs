//! Guards: [`PoolBox`] owns an object, [`PoolArc`] shares it.
//!
//! Both are what `Box` and `Arc` are to the heap. They differ from those in where ownership can go: into an
//! [`ObjId`](crate::ObjId), 8 bytes that any process can turn into a guard again. Their functions are associated
//! functions (`PoolBox::into_id(message)`), since guards deref to the object.
//!
//! | guard | access | becomes |
//! |---|---|---|
//! | `PoolBox` | `&mut T` | free on drop; `into_id`: a handle; `into_shared`: a `PoolArc` |
//! | `PoolArc` | `&T` | free when the last one is dropped and no handle is left; `into_id`, `to_id`: a handle; `try_into_box` |

mod arc;
mod boxed;

pub use arc::{LocalArc, PoolArc};
pub use boxed::{LocalBox, PoolBox};
