//! What guards do with slots, wherever these are: the common face of [`Member`](crate::member::Member), a pool as a
//! session sees it, and [`Local`](crate::local::Local), a pool of this process.

use core::num::NonZeroU64;

use crate::table::{Refusal, Table, Taken};

/// Why no slot was handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Nothing is free (in a region: in no group that could be leased).
    Full,
    /// This process is a forked child of the one that joined.
    Forked,
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Full => Self::Full,
            Denied::Forked => Self::Forked,
        }
    }
}

/// The operations of guards, untyped: slots instead of objects, bits instead of handles.
///
/// "Owned" below means that the caller got the slot from `alloc`, `take` or `own` and has not passed it on; "held",
/// that it has a reference from `share`, `get`, `adopt` or `clone_ref`. None of the operations waits, allocates
/// or makes a system call.
pub trait Objects {
    /// Slots by handle.
    fn table(&self) -> Table<'_>;

    /// Hands out a slot.
    ///
    /// # Errors
    ///
    /// See [`Denied`].
    fn alloc(&self) -> Result<u32, Denied>;

    /// Hands out `slots.len()` slots at once, or none.
    ///
    /// # Errors
    ///
    /// See [`Denied`].
    fn alloc_many(&self, slots: &mut [u32]) -> Result<(), Denied>;

    /// Makes an owned slot free.
    fn free_slot(&self, slot: u32);

    /// Moves an owned slot into a handle: one data reference.
    fn publish(&self, slot: u32, tainted: bool) -> NonZeroU64;

    /// Turns an owned slot into a held one.
    fn share(&self, slot: u32, tainted: bool);

    /// Takes an object out of its handle, exclusively.
    ///
    /// An owned object must be able to be published again. Where the slot has come to its last generation the object
    /// moves to another slot: `copy(from, to)` copies its bytes, and the old slot is retired.
    ///
    /// # Errors
    ///
    /// See [`Refusal`]. The object is untouched then.
    fn take(&self, handle: NonZeroU64, copy: impl FnOnce(u32, u32)) -> Result<Taken, Refusal>;

    /// Becomes a holder of the object that a handle names; returns its slot.
    ///
    /// # Errors
    ///
    /// See [`Refusal`].
    fn get(&self, handle: NonZeroU64) -> Result<u32, Refusal>;

    /// Adds a reference to a held object.
    ///
    /// # Errors
    ///
    /// [`Refusal::TooManyReferences`].
    fn clone_ref(&self, slot: u32) -> Result<(), Refusal>;

    /// Drops a reference to a held object.
    fn drop_ref(&self, slot: u32);

    /// Returns how many references to a held object there are: in a region those of this session.
    fn references(&self, slot: u32) -> u64;

    /// Adds a data reference to a held object, and returns it as a handle.
    ///
    /// # Errors
    ///
    /// [`Refusal::TooManyReferences`], [`Refusal::Forked`].
    fn ref_to_handle(&self, slot: u32) -> Result<NonZeroU64, Refusal>;

    /// Moves a reference to a held object into a handle.
    ///
    /// # Errors
    ///
    /// [`Refusal::TooManyReferences`], [`Refusal::Forked`]; the caller then still has its reference.
    fn ref_into_handle(&self, slot: u32) -> Result<NonZeroU64, Refusal>;

    /// Turns the only reference to an object into ownership.
    ///
    /// # Errors
    ///
    /// [`Refusal::InUse`], [`Refusal::Forked`], or [`Refusal::Full`] where the slot has published its last generation;
    /// the caller then still has its reference.
    fn own(&self, slot: u32) -> Result<Taken, Refusal>;

    /// Turns a handle, and the data reference that it is, into a reference.
    ///
    /// Where the object is held already these are two changes: hold it, then remove the data reference. A kill between
    /// them leaves what a kill before the call leaves: the data reference that the dead session carried.
    ///
    /// # Errors
    ///
    /// See [`Refusal`].
    fn adopt(&self, handle: NonZeroU64) -> Result<u32, Refusal>;

    /// Gives up a handle, and the data reference that it is; the last one frees the object.
    ///
    /// # Errors
    ///
    /// See [`Refusal`].
    fn free(&self, handle: NonZeroU64) -> Result<(), Refusal>;
}
