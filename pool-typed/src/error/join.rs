//! Why a session could not be joined.

use core::{error::Error, fmt};

use super::OsError;
use crate::SessionInfo;

/// Why a session could not be joined.
#[derive(Debug)]
#[non_exhaustive]
pub enum JoinError {
    /// All 40 records are taken by sessions that live, or whose death nobody can know of.
    TooManySessions {
        /// Who has them.
        holders: Vec<SessionInfo>,
    },
    /// The region is that of a heap, and this process is a forked child of the one that made it: it has a copy.
    Forked,
    /// A system call failed.
    Io(OsError),
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManySessions { holders } => {
                write!(f, "all {} sessions of the region are taken:", holders.len())?;
                holders.iter().try_for_each(|holder| write!(f, "\n  {holder}"))
            }
            Self::Forked => f.write_str(
                "the region is on the heap of the process that this one was forked from; share a named one or a memfd",
            ),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl Error for JoinError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::TooManySessions { .. } | Self::Forked => None,
            Self::Io(error) => Some(error),
        }
    }
}

impl From<OsError> for JoinError {
    fn from(error: OsError) -> Self {
        Self::Io(error)
    }
}
