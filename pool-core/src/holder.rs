//! Who holds an object: one session's bit, or one more in a plain count.
//!
//! In a region each session has a bit of its own among the holders, because a peer must be able to clear what a dead
//! session held, any number of times, with no count to drift. A pool outside of shared memory dies with its process:
//! there the holders are a plain count, and any number of guards fits.

use crate::word::SESSIONS;

mod sealed {
    pub trait Sealed {}
}

/// A way to be among the holders of an object.
pub trait Holder: Copy + sealed::Sealed {
    /// Returns the holders of an object that only this holder has.
    fn alone(self) -> u64;

    /// Adds this holder to `holders`, or returns `None` where it cannot be added.
    fn join(self, holders: u64) -> Option<u64>;

    /// Removes this holder from `holders`, or returns `None` where it is not among them.
    fn leave(self, holders: u64) -> Option<u64>;
}

/// A session's bit among the holders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bit(u64);

impl Bit {
    /// Returns the bit of the session with this number, or `None` where a region has no such session.
    #[inline]
    #[must_use]
    pub const fn of(session: u32) -> Option<Self> {
        if session < SESSIONS { Some(Self(1 << session)) } else { None }
    }

    /// Returns the bit that [`Bit::mask`] gave, or `None` where `mask` is not one bit of a session.
    #[inline]
    #[must_use]
    pub const fn from_mask(mask: u64) -> Option<Self> {
        if mask.is_power_of_two() && mask < 1 << SESSIONS { Some(Self(mask)) } else { None }
    }

    /// Returns the bit as a mask over the holders.
    #[inline]
    #[must_use]
    pub const fn mask(self) -> u64 {
        self.0
    }

    /// Returns the number of the session.
    #[inline]
    #[must_use]
    pub const fn session(self) -> u32 {
        self.0.trailing_zeros()
    }
}

impl sealed::Sealed for Bit {}

impl Holder for Bit {
    #[inline]
    fn alone(self) -> u64 {
        self.0
    }

    #[inline]
    fn join(self, holders: u64) -> Option<u64> {
        (holders & self.0 == 0).then_some(holders | self.0)
    }

    #[inline]
    fn leave(self, holders: u64) -> Option<u64> {
        (holders & self.0 != 0).then_some(holders & !self.0)
    }
}

/// One more in a plain count, for pools outside of shared memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count;

impl sealed::Sealed for Count {}

impl Holder for Count {
    #[inline]
    fn alone(self) -> u64 {
        1
    }

    #[inline]
    fn join(self, holders: u64) -> Option<u64> {
        (holders < (1 << SESSIONS) - 1).then_some(holders + 1)
    }

    #[inline]
    fn leave(self, holders: u64) -> Option<u64> {
        holders.checked_sub(1)
    }
}
