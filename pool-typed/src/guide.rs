//! Recipes: what deployments ask.
//!
//! # Passing objects
//!
//! A handle is 8 bytes: [`ObjId::to_bits`](crate::ObjId::to_bits) on one side, [`ObjId::from_bits`](crate::ObjId::from_bits)
//! on the other, over any channel that synchronizes (a pipe, a socket, a mutex, an [`AtomicObjId`](crate::AtomicObjId)
//! in the root). Ownership travels with it: after `into_id` the object belongs to whoever has the handle, and survives
//! its sender. Whoever gets it says what it wants:
//!
//! | the handle is | and wanted is | use |
//! |---|---|---|
//! | the only reference | the object for oneself | `take` |
//! | one reference of several | to keep that reference | `adopt` |
//! | known, and owned by others | one more reference | `get` |
//! | known, and its owner not trusted | a copy | `read` |
//! | not needed any more | to give it up | `free` |
//!
//! # Linking objects
//!
//! Store an `Option<ObjId<T>>` in an object: a reference owned by data. Freeing an object does not free what it refers
//! to; take its handles out first:
//!
//! ```
//! use pool_typed::{Mapped, ObjId, Pool, PoolBox, Shared};
//!
//! #[derive(Shared)]
//! #[repr(C)]
//! struct Node {
//!     key: u64,
//!     next: Option<ObjId<Node>>,
//! }
//!
//! let region = Mapped::<Pool<Node, 64>>::heap()?;
//! let nodes = region.join()?;
//! let mut head = None;
//! for key in 0..10 {
//!     head = Some(PoolBox::into_id(nodes.alloc(Node { key, next: head })?));
//! }
//! let mut sum = 0;
//! while let Some(id) = head {
//!     let node = nodes.take(id)?; // freed at the end of the turn
//!     sum += node.key;
//!     head = node.next;
//! }
//! assert_eq!(sum, 45);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Threads, handlers, async tasks
//!
//! * One session for each thread; a thread pool joins once in each worker. [`Mapped`](crate::Mapped) is `Sync`: keep it
//!   in an `Arc`, or [`leak`](crate::Mapped::leak) it.
//! * A signal handler uses a session of its own, joined before the handler is installed: it may interrupt any
//!   instruction of another session. After `join` nothing takes a lock, allocates, or waits.
//! * Guards do not cross `.await`: a task may wake up on another thread. Handles do. `into_id` before the await and `take`
//!   after it cost two stores and one compare-exchange.
//!
//! # Changing a layout
//!
//! The fingerprint of a root covers every name, order, type and capacity in it, so a new build with another layout gets
//! [`AttachError::Layout`](crate::AttachError::Layout), with the first difference, and touches nothing. To change it:
//!
//! 1. Give the new layout a new name (`/broker.2`): old and new processes run beside each other.
//! 2. Drain the old one: stop its producers, let its consumers finish;
//!    [`audit`](crate::Mapped::audit)`.is_empty()` says when.
//! 3. [`unlink`](crate::Mapped::unlink) the old name. Its memory goes with the last process that maps it.
//!
//! A type that is only renamed keeps its fingerprint with `#[shared(name = "OldName")]`.
//!
//! # After a crash, after a reboot
//!
//! After a crash of some processes there is nothing to do: `attach` and `join` take back what the dead had. Objects that
//! handles own are still there; a program that kept its handles in the region (in the root, or in other objects) goes on
//! where it was. One that kept them elsewhere finds all of them with [`iter`](crate::SessionPool::iter):
//!
//! ```no_run
//! # use pool_typed::{Mapped, Pool};
//! let region = Mapped::<Pool<u64, 1024>>::create_or_attach("/broker")?;
//! for departed in region.reap() {
//!     eprintln!("{departed}");
//! }
//! let pool = region.join()?;
//! for id in pool.iter() {
//!     pool.free(id)?; // or adopt it
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Named regions live in memory: after a reboot they are gone, and `create_or_attach` makes a new one. A region in a
//! *file* on a disk survives a clean shutdown. It is not a database: nothing is synced, and after a crash of the machine
//! its pages are of different ages. Delete such a file before the first start.
//!
//! # What a format version means
//!
//! The header of a region has a format version besides the fingerprint. It changes when this library changes what stands
//! where, or what a word means, and is listed in the changelog under *Layout*. Another version is refused: restart all
//! processes of a region with the same version, under a new name or after `unlink`.
//!
//! # What a kill leaves
//!
//! | killed while it | then |
//! |---|---|
//! | had boxes, references, a cache | they are free, or others', at the next reap |
//! | was in the middle of any operation | the operation happened, or it did not |
//! | had a handle in its own memory that was stored nowhere | the object stays until somebody finds it by `iter` |
//! | was writing a box | the object is free: nobody ever sees it |
//! | was creating a region | there is no region |
//!
//! A reap happens by itself: at `attach` and `join`, when a pool seems full, and when a dead session is in the way of a
//! `take`. Call [`reap`](crate::Mapped::reap) to have it now, and to know what was reaped.
