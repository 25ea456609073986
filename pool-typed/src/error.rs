//! What can go wrong when a region is made, found or removed.
//!
//! Every error says what was expected and what was found. Failed system calls are an [`OsError`]: the call and the error
//! number, without the crate that made the call.

mod join;

use core::error::Error;
use core::fmt;
use std::io;

use pool_core::header::HeaderError;
use rustix::fs::SealFlags;
use rustix::io::Errno;

pub use join::JoinError;

/// A system call that failed: what it was for, and the error number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OsError {
    operation: &'static str,
    errno: Errno,
}

impl OsError {
    pub(crate) const fn new(operation: &'static str, errno: Errno) -> Self {
        Self { operation, errno }
    }

    /// Returns a converter for `map_err`.
    pub(crate) fn of(operation: &'static str) -> impl Fn(Errno) -> Self {
        move |errno| Self { operation, errno }
    }

    pub(crate) const fn errno(&self) -> Errno {
        self.errno
    }

    /// Returns what the call was for.
    #[must_use]
    pub const fn operation(&self) -> &'static str {
        self.operation
    }

    /// Returns the number of the error, as in `errno`.
    #[must_use]
    pub const fn raw_os_error(&self) -> i32 {
        self.errno.raw_os_error()
    }

    /// Returns the kind of the error, in the terms of the standard library.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        self.errno.kind()
    }
}

impl fmt::Display for OsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {}: {}", self.operation, io::Error::from(self.errno))
    }
}

impl fmt::Debug for OsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OsError({self})")
    }
}

impl Error for OsError {}

/// Keeps the error number, and so the kind; the operation is lost.
impl From<OsError> for io::Error {
    fn from(error: OsError) -> Self {
        error.errno.into()
    }
}

/// Why something is not the name of a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// There is nothing in it.
    Empty,
    /// It does not start with a slash.
    NoSlash,
    /// It has a slash after the first.
    InnerSlash {
        /// Where.
        at: usize,
    },
    /// It has a zero byte.
    Nul {
        /// Where.
        at: usize,
    },
    /// It is `/.` or `/..`, or a path that ends so.
    Dots,
    /// It is longer than names can be.
    TooLong {
        /// Its length in bytes.
        len: usize,
        /// The greatest length.
        limit: usize,
    },
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Empty => f.write_str("the name is empty; a name looks like `/broker`"),
            Self::NoSlash => f.write_str("the name does not start with `/`; a name looks like `/broker`"),
            Self::InnerSlash { at } => {
                write!(f, "the name has a second `/` at byte {at}; use a name without directories, or a file path")
            }
            Self::Nul { at } => write!(f, "the name has a zero byte at byte {at}"),
            Self::Dots => f.write_str("the name ends in `.` or `..`, which are directories"),
            Self::TooLong { len, limit } => write!(f, "the name has {len} bytes; names have at most {limit}"),
        }
    }
}

impl Error for NameError {}

/// Why a region could not be created.
#[derive(Debug)]
#[non_exhaustive]
pub enum CreateError {
    /// The name is none.
    Name(NameError),
    /// Something with this name is there already.
    Exists {
        /// The name or path.
        name: String,
    },
    /// The mode has bits that are no permissions, or keeps the region from its own owner.
    Mode {
        /// The mode that was asked for.
        found: u32,
        /// The bits that it must have.
        needed: u32,
    },
    /// The mode lets other users write, and trusting them was not chosen.
    WritableByOthers {
        /// The mode that was asked for.
        mode: u32,
    },
    /// The root does not fit into a header: the region would be too large, or its description too long.
    Header(HeaderError),
    /// A system call failed.
    Io(OsError),
}

impl fmt::Display for CreateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => error.fmt(f),
            Self::Exists { name } => write!(f, "`{name}` exists already; attach to it, or unlink it first"),
            Self::Mode { found, needed } => {
                write!(f, "mode {found:#o} does not do for a region; expected permission bits that contain {needed:#o}")
            }
            Self::WritableByOthers { mode } => write!(
                f,
                "mode {mode:#o} lets other users write to the region; expected none of {OTHERS_WRITE:#o} unless they are trusted"
            ),
            Self::Header(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl Error for CreateError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Name(error) => Some(error),
            Self::Header(error) => Some(error),
            Self::Io(error) => Some(error),
            Self::Exists { .. } | Self::Mode { .. } | Self::WritableByOthers { .. } => None,
        }
    }
}

impl From<NameError> for CreateError {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}

impl From<HeaderError> for CreateError {
    fn from(error: HeaderError) -> Self {
        Self::Header(error)
    }
}

impl From<OsError> for CreateError {
    fn from(error: OsError) -> Self {
        Self::Io(error)
    }
}

/// Permission bits by which the group and all others write.
pub(crate) const OTHERS_WRITE: u32 = 0o022;

/// Why a region could not be attached.
#[derive(Debug)]
#[non_exhaustive]
pub enum AttachError {
    /// The name is none.
    Name(NameError),
    /// Nothing has this name.
    NotFound {
        /// The name or path.
        name: String,
    },
    /// What has this name is no regular file.
    NotAFile {
        /// What it is.
        found: &'static str,
    },
    /// The descriptor does not allow to read and write.
    ReadOnly,
    /// The region belongs to somebody else, and trusting others was not chosen.
    Owner {
        /// The effective user of this process.
        expected: u32,
        /// The owner of the region.
        found: u32,
    },
    /// Other users may write to the region, and trusting them was not chosen.
    WritableByOthers {
        /// The mode of the region.
        mode: u32,
    },
    /// The memory behind the descriptor could shrink or grow at any time.
    Unsealed {
        /// The seals that it has, as in `F_GET_SEALS`; none where it can have none.
        found: u32,
    },
    /// It is no region, or none that this build can read.
    Header(HeaderError),
    /// The file is shorter or longer than its header says.
    Length {
        /// The length that the header says.
        expected: u64,
        /// The length of the file.
        found: u64,
    },
    /// The region has another layout than the root of this program.
    Layout {
        /// The fingerprint of this program's root.
        expected: u64,
        /// The fingerprint of the region.
        found: u64,
        /// Where the two layouts first differ.
        difference: String,
    },
    /// A system call failed.
    Io(OsError),
}

impl fmt::Display for AttachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => error.fmt(f),
            Self::NotFound { name } => write!(f, "no region `{name}`: it was not created yet, or was unlinked"),
            Self::NotAFile { found } => write!(f, "not a region: expected a regular file, found {found}"),
            Self::ReadOnly => f.write_str("the descriptor is not open for reading and writing; a region needs both"),
            Self::Owner { expected, found } => {
                write!(f, "the region belongs to user {found}; expected user {expected}, who runs this process")
            }
            Self::WritableByOthers { mode } => write!(
                f,
                "the region has mode {mode:#o}, so other users can write to it; expected none of {OTHERS_WRITE:#o}"
            ),
            Self::Unsealed { found } => {
                f.write_str(
                    "the memory behind the descriptor is not sealed: expected the seals `shrink` and `grow`, found ",
                )?;
                write_seals(f, SealFlags::from_bits_retain(*found))
            }
            Self::Header(error) => error.fmt(f),
            Self::Length { expected, found } => {
                write!(f, "the region is {expected} bytes long by its header, but its file has {found} bytes")
            }
            Self::Layout { expected, found, difference } => write!(
                f,
                "the region has another layout: its fingerprint is {found:#018x}, expected {expected:#018x}; {difference}"
            ),
            Self::Io(error) => error.fmt(f),
        }
    }
}

fn write_seals(f: &mut fmt::Formatter<'_>, found: SealFlags) -> fmt::Result {
    let named = [
        (SealFlags::SEAL, "`seal`"),
        (SealFlags::SHRINK, "`shrink`"),
        (SealFlags::GROW, "`grow`"),
        (SealFlags::WRITE, "`write`"),
        (SealFlags::FUTURE_WRITE, "`future write`"),
    ];
    let mut between = "";
    for (_, name) in named.into_iter().filter(|(seal, _)| found.contains(*seal)) {
        write!(f, "{between}{name}")?;
        between = ", ";
    }
    if between.is_empty() { f.write_str("none of these") } else { Ok(()) }
}

impl Error for AttachError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Name(error) => Some(error),
            Self::Header(error) => Some(error),
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<NameError> for AttachError {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}

impl From<HeaderError> for AttachError {
    fn from(error: HeaderError) -> Self {
        Self::Header(error)
    }
}

impl From<OsError> for AttachError {
    fn from(error: OsError) -> Self {
        Self::Io(error)
    }
}

/// Why a region could be neither attached nor created.
#[derive(Debug)]
#[non_exhaustive]
pub enum CreateOrAttachError {
    /// There was none, and it could not be created.
    Create(CreateError),
    /// There was one, and it could not be attached.
    Attach(AttachError),
    /// Others create and unlink the name so fast that it was there for every creation and gone for every attachment.
    Unsettled {
        /// How often both were tried.
        turns: u32,
    },
}

impl fmt::Display for CreateOrAttachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create(error) => error.fmt(f),
            Self::Attach(error) => error.fmt(f),
            Self::Unsettled { turns } => {
                write!(f, "the name appeared and vanished {turns} times; others create and unlink it all the time")
            }
        }
    }
}

impl Error for CreateOrAttachError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Create(error) => error.source(),
            Self::Attach(error) => error.source(),
            Self::Unsettled { .. } => None,
        }
    }
}

impl From<CreateError> for CreateOrAttachError {
    fn from(error: CreateError) -> Self {
        Self::Create(error)
    }
}

impl From<AttachError> for CreateOrAttachError {
    fn from(error: AttachError) -> Self {
        Self::Attach(error)
    }
}

/// Why a name could not be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnlinkError {
    /// The name is none.
    Name(NameError),
    /// Nothing has this name.
    NotFound,
    /// A system call failed.
    Io(OsError),
}

impl fmt::Display for UnlinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => error.fmt(f),
            Self::NotFound => f.write_str("nothing has this name: it was not created yet, or was unlinked before"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl Error for UnlinkError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Name(error) => Some(error),
            Self::NotFound => None,
            Self::Io(error) => Some(error),
        }
    }
}

impl From<NameError> for UnlinkError {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_errors_name_the_operation_and_keep_the_kind() {
        let error = OsError::new("lock a byte of the region", Errno::NOSPC);
        assert!(error.to_string().starts_with("could not lock a byte of the region: No space left"));
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(io::Error::from(error).raw_os_error(), Some(error.raw_os_error()));
    }

    #[test]
    fn seals_are_named() {
        let found = (SealFlags::SHRINK | SealFlags::SEAL).bits();
        let text = AttachError::Unsealed { found }.to_string();
        assert!(text.ends_with("expected the seals `shrink` and `grow`, found `seal`, `shrink`"), "{text}");
        let text = AttachError::Unsealed { found: 0 }.to_string();
        assert!(text.ends_with("found none of these"), "{text}");
    }

    #[test]
    fn modes_are_octal() {
        let text = AttachError::WritableByOthers { mode: 0o666 }.to_string();
        assert_eq!(text, "the region has mode 0o666, so other users can write to it; expected none of 0o22");
    }
}
