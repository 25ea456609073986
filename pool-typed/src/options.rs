//! What can be asked of a region's memory, and what became of it.

use core::fmt;

use crate::error::OsError;

/// What is asked of a region when it is created or attached; the builder that users see wraps it.
#[derive(Clone, Debug)]
pub(crate) struct RegionOptions {
    /// Permission bits of what is created, whatever the umask says.
    pub(crate) mode: u32,
    /// Take all memory at creation, so that a lack of it is an error there and not a signal at the first touch.
    pub(crate) reserve: bool,
    /// Fill this process's page tables, so that no first access faults.
    pub(crate) prefault: bool,
    /// Ask for transparent huge pages.
    pub(crate) huge_pages: bool,
    /// Keep the pages in memory.
    pub(crate) lock: bool,
    /// Take regions that others own or can write to or can truncate. Chosen by an unsafe method only.
    pub(crate) trust_others: bool,
}

impl Default for RegionOptions {
    fn default() -> Self {
        Self { mode: 0o600, reserve: false, prefault: false, huge_pages: false, lock: false, trust_others: false }
    }
}

/// What became of the requests of this process for one mapping.
///
/// These requests make a region faster and never wrong, so a refusal is no error; look here where it matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Filling the page tables for writing.
    pub prefault: Outcome,
    /// Transparent huge pages. Granted means that the system takes the advice and its policy for such memory is not off;
    /// where it finds no free huge page it still uses small ones.
    pub huge_pages: Outcome,
    /// Keeping the pages in memory. With `prefault` all of them at once, without it each from its first use on.
    pub locked: Outcome,
}

/// What became of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It was not made.
    #[default]
    NotAsked,
    /// It was granted.
    Granted,
    /// It was refused, and the region works without it.
    Refused(OsError),
}

impl Outcome {
    pub(crate) fn of(result: Result<(), OsError>) -> Self {
        result.map_or_else(Self::Refused, |()| Self::Granted)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAsked => f.write_str("not asked"),
            Self::Granted => f.write_str("granted"),
            Self::Refused(error) => write!(f, "refused: {error}"),
        }
    }
}
