//! A file that may be a region: opened and checked, not mapped.
//!
//! The order matters. The file is first opened as a mere path, which has no effect on a device or a FIFO and cannot block;
//! only a regular file is then opened for reading and writing, through that path, so that it is the same file. Owner, mode
//! and seals are looked at, and the header is read. A file that is shorter than its header says is refused, since touching
//! a mapping past the end of its file is a signal. After that only its owner, or whom the caller trusts, can still cut it.

use std::borrow::Cow;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use pool_core::header::{self, FIXED_BYTES, Header, HeaderError, HeaderFields};
use rustix::fs::{FileType, Mode, OFlags, SealFlags, Stat, fcntl_get_seals, fcntl_getfl, openat};
use rustix::io::{Errno, pread};
use rustix::process::geteuid;

use super::Backing;
use crate::error::{AttachError, OTHERS_WRITE, OsError};
use crate::options::RegionOptions;
use crate::sys::huge::Memory;
use crate::sys::name::Location;
use crate::sys::{proc, uninterrupted};

/// An opened region whose header can be read, whose length is right, and which the caller may trust.
#[derive(Debug)]
pub(crate) struct Candidate {
    file: OwnedFd,
    fields: HeaderFields,
    description: Vec<u8>,
    memory: Memory,
}

impl Candidate {
    /// Opens the region with this name in the shm filesystem.
    pub(crate) fn named(name: &str, options: &RegionOptions) -> Result<Self, AttachError> {
        Self::at(&Location::named(name)?, options)
    }

    /// Opens the region in this file.
    pub(crate) fn file(path: &Path, options: &RegionOptions) -> Result<Self, AttachError> {
        Self::at(&Location::file(path)?, options)
    }

    /// Takes a region that somebody handed over as a descriptor.
    ///
    /// It must be sealed, as [`memfd`](super::memfd) does it, unless others are trusted not to cut it.
    pub(crate) fn from_fd(file: OwnedFd, options: &RegionOptions) -> Result<Self, AttachError> {
        check(&file, options)?;
        let flags = fcntl_getfl(&file).map_err(OsError::of("look at the descriptor of the region"))?;
        if flags.contains(OFlags::PATH) || flags & OFlags::RWMODE != OFlags::RDWR {
            return Err(AttachError::ReadOnly);
        }
        let needed = SealFlags::SHRINK | SealFlags::GROW;
        let seals = match fcntl_get_seals(&file) {
            // It stands in a filesystem that has no seals.
            Err(Errno::INVAL) => SealFlags::empty(),
            other => other.map_err(OsError::of("look at the seals of the region"))?,
        };
        let sealed = seals.contains(needed);
        if !sealed && !options.trust_others {
            return Err(AttachError::Unsealed { found: seals.bits() });
        }
        Self::read(file, if sealed { Memory::Unnamed } else { Memory::Named })
    }

    pub(super) fn at(location: &Location, options: &RegionOptions) -> Result<Self, AttachError> {
        let not_found = || AttachError::NotFound { name: location.to_string() };
        let directory = match location.open_directory() {
            Err(error) if error.errno() == Errno::NOENT => return Err(not_found()),
            other => other?,
        };
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let path = match uninterrupted(|| openat(&directory, location.entry(), flags, Mode::empty())) {
            Err(Errno::NOENT) => return Err(not_found()),
            other => other.map_err(OsError::of("find the file of the region"))?,
        };
        check(&path, options)?;
        Self::read(proc::reopen(&path)?, Memory::Named)
    }

    /// Reads the header, which decides everything else.
    fn read(file: OwnedFd, memory: Memory) -> Result<Self, AttachError> {
        let mut bytes = Vec::new();
        let mut wanted = FIXED_BYTES;
        // A header says in its fixed part how long it is. Two readings do, unless the file changes meanwhile.
        for _ in 0..3 {
            extend(&file, &mut bytes, wanted).map_err(OsError::of("read the header of the region"))?;
            match header::parse(&bytes) {
                Err(HeaderError::TooShort { needed, .. }) if bytes.len() == wanted && needed > wanted => {
                    wanted = needed;
                }
                Err(error) => return Err(error.into()),
                Ok(Header { fields, description }) => {
                    let (expected, found) = (fields.region_len, length(&proc::stat(&file)?));
                    if expected != found {
                        return Err(AttachError::Length { expected, found });
                    }
                    let description = description.to_vec();
                    return Ok(Self { file, fields, description, memory });
                }
            }
        }
        Err(HeaderError::TooShort { len: bytes.len(), needed: wanted }.into())
    }

    /// Returns what the header says; nothing of it is to be trusted before it is compared.
    pub(crate) fn fields(&self) -> &HeaderFields {
        &self.fields
    }

    /// Returns the layout description that the region carries.
    pub(crate) fn description(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.description)
    }

    /// Maps the region.
    pub(crate) fn map(self, options: &RegionOptions) -> Result<Backing, AttachError> {
        let HeaderFields { region_len, header_len, .. } = self.fields;
        let (mapping, report) = super::map(&self.file, region_len, header_len as usize, options, self.memory)?;
        Ok(Backing { mapping, file: Some(self.file), report })
    }
}

/// Checks that a file is one, and whose.
fn check(file: impl AsFd, options: &RegionOptions) -> Result<(), AttachError> {
    let stat = proc::stat(file)?;
    let found = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => return if options.trust_others { Ok(()) } else { check_owner(&stat) },
        FileType::Directory => "a directory",
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a FIFO",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        _ => "something else",
    };
    Err(AttachError::NotAFile { found })
}

fn check_owner(stat: &Stat) -> Result<(), AttachError> {
    let (expected, found) = (geteuid().as_raw(), stat.st_uid);
    if expected != found {
        return Err(AttachError::Owner { expected, found });
    }
    let mode = Mode::from_raw_mode(stat.st_mode).as_raw_mode() & 0o7777;
    if mode & OTHERS_WRITE != 0 {
        return Err(AttachError::WritableByOthers { mode });
    }
    Ok(())
}

fn length(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

/// Reads on until there are so many bytes, or the file ends.
fn extend(file: &OwnedFd, bytes: &mut Vec<u8>, wanted: usize) -> rustix::io::Result<()> {
    let mut len = bytes.len();
    bytes.resize(wanted, 0);
    while let Some(rest) = bytes.get_mut(len..).filter(|rest| !rest.is_empty()) {
        match uninterrupted(|| pread(file, &mut *rest, len as u64))? {
            0 => break,
            more => len += more,
        }
    }
    bytes.truncate(len);
    Ok(())
}
