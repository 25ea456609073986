//! What a joined session is made of: where the region and its private memory are.
#![expect(unsafe_code, reason = "hands out addresses within the region and the private memory")]

use core::{fmt, ptr::NonNull};

use pool_core::cache::Kept;

use crate::{layout::Place, region::Region};

/// A session's access to its region, from which the views of the root's fields are made.
#[derive(Clone, Copy)]
pub struct Seat<'s> {
    region: &'s Region,
    private: NonNull<u8>,
    session: u32,
}

impl<'s> Seat<'s> {
    /// # Safety
    ///
    /// `private` points to as many zeroed bytes as the layout of the region's root asks for, aligned to 64 and valid
    /// for `'s`, that nobody but the session with this number uses.
    pub(crate) unsafe fn new(region: &'s Region, private: NonNull<u8>, session: u32) -> Self {
        Self { region, private, session }
    }

    /// The region.
    pub(crate) fn region(&self) -> &'s Region {
        self.region
    }

    /// Returns the address of what stands at `at` in the region.
    ///
    /// # Safety
    ///
    /// `at` is within the root of the region.
    pub(crate) unsafe fn shared(&self, at: Place) -> NonNull<u8> {
        // SAFETY: within the root, says the caller, so within one mapping.
        unsafe { self.region.root().add(at.offset) }
    }

    /// Returns the address of what stands at `at` in the session's private memory.
    ///
    /// # Safety
    ///
    /// `at` is within the root of the region.
    pub(crate) unsafe fn private(&self, at: Place) -> NonNull<u8> {
        // SAFETY: within the private memory that the root's layout asks for.
        unsafe { self.private.add(at.private) }
    }

    /// Where the session shows how many slots of the pool at `at` are in its cache.
    pub(crate) fn kept(&self, at: Place) -> &'s Kept {
        self.region.kept(self.session, at.source)
    }
}

impl fmt::Debug for Seat<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").field("session", &self.session).finish_non_exhaustive()
    }
}
