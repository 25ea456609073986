//! Why an object was not handed out: `Full` and `HandleError`.

use core::{error::Error, fmt};

use pool_core::{objects::Denied, table::Refusal};

/// No object was handed out; the value comes back.
///
/// Implements [`Error`] whatever `T` is, so `?` works.
///
/// # Examples
///
/// ```
/// use pool_typed::Pool;
///
/// static POOL: Pool<u64, 1> = Pool::new();
/// let only = POOL.alloc(1)?;
/// let full = POOL.alloc(2).unwrap_err();
/// assert_eq!(full.to_string(), "the pool is full: none of its 1 slots is free");
/// assert_eq!(full.into_value(), 2);
/// # drop(only);
/// # Ok::<(), pool_typed::Full<u64>>(())
/// ```
pub struct Full<T> {
    value: T,
    cause: FullCause,
}

/// What kept a pool from handing out an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FullCause {
    /// Nothing is free.
    ///
    /// In a region this can come early: by what other sessions keep in their caches (together at most a quarter of the
    /// pool), by the group that each may have leased just now (64 slots; 1/64 of a smaller pool, at least one slot), and
    /// by sessions that are stopped in the middle of marking a stretch of the pool as full. With one session it is exact.
    Exhausted {
        /// The number of slots.
        capacity: usize,
    },
    /// The process is a forked child of the one that joined; it has to join by itself.
    Forked,
}

impl<T> Full<T> {
    pub(crate) fn new(value: T, denied: Denied, capacity: usize) -> Self {
        let cause = match denied {
            Denied::Full => FullCause::Exhausted { capacity },
            Denied::Forked => FullCause::Forked,
        };
        Self { value, cause }
    }

    /// Returns the value that found no place.
    #[must_use]
    pub fn into_value(self) -> T {
        self.value
    }

    /// Returns why it found none.
    #[must_use]
    pub fn cause(&self) -> FullCause {
        self.cause
    }
}

impl<T> fmt::Debug for Full<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Full").field("cause", &self.cause).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for Full<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause {
            FullCause::Exhausted { capacity } => write!(f, "the pool is full: none of its {capacity} slots is free"),
            FullCause::Forked => f.write_str(FORKED),
        }
    }
}

impl<T> Error for Full<T> {}

const FORKED: &str = "this process is a forked child of the one that joined; join again";

/// Why a handle was not accepted.
///
/// # Examples
///
/// ```
/// use pool_typed::{HandleError, Pool, PoolBox};
///
/// static POOL: Pool<u64, 8> = Pool::new();
/// let id = PoolBox::into_id(POOL.alloc(1)?);
/// drop(POOL.take(id)?);
/// assert_eq!(POOL.take(id).unwrap_err(), HandleError::Stale);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandleError {
    /// The object is free, exclusively owned, or was published anew since: the handle names nothing any more.
    Stale,
    /// The object is live, but others refer to it.
    InUse {
        /// How many sessions (of a local pool: references) hold it.
        holders: u64,
        /// How many handles own a reference to it.
        handles: u64,
    },
    /// The handle is of another pool of the region. (Of another region it is most likely `Stale`.)
    Foreign {
        /// The ordinal of this pool in its region.
        expected: u32,
        /// The ordinal of the pool in the handle.
        found: u32,
    },
    /// The object has as many references as can be counted (255 by handles).
    TooManyReferences,
    /// The object's slot has published its last generation, so it must move to another slot to be owned, and none is
    /// free.
    Full,
    /// The process is a forked child of the one that joined; it has to join by itself.
    Forked,
}

impl HandleError {
    /// `count` says how many the holders in a word are.
    #[inline]
    pub(crate) fn of(refusal: Refusal, count: impl Fn(u64) -> u64) -> Self {
        match refusal {
            Refusal::Stale => Self::Stale,
            Refusal::InUse { holders, data } => Self::InUse { holders: count(holders), handles: data },
            Refusal::Foreign { expected, found } => Self::Foreign { expected, found },
            Refusal::TooManyReferences => Self::TooManyReferences,
            Refusal::Full => Self::Full,
            Refusal::Forked => Self::Forked,
        }
    }
}

impl fmt::Display for HandleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale => f.write_str("stale handle: its object is free, exclusively owned, or published anew"),
            Self::InUse { holders, handles } => {
                write!(f, "the object is in use: {holders} hold it and {handles} handles own a reference to it")
            }
            Self::Foreign { expected, found } => {
                write!(f, "handle of another pool: expected ordinal {expected}, found {found}")
            }
            Self::TooManyReferences => f.write_str("the object has as many references as can be counted"),
            Self::Full => f.write_str("the object's slot is worn out, and no other is free to move it to"),
            Self::Forked => f.write_str(FORKED),
        }
    }
}

impl Error for HandleError {}
