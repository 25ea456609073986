//! A region that has no name yet.
//!
//! Where the filesystem can, the file never has a name before its own (`O_TMPFILE`), so that a creator killed at any point
//! leaves nothing. Where it cannot, the file has a name of its own kind, `.pool-region-<pid>-<number>`, until it is linked; a
//! creator killed meanwhile leaves that one behind, and never a half-made region under the name that was asked for.

use std::ffi::CString;
use std::os::fd::OwnedFd;

use rustix::fs::{
    AtFlags, CWD, FallocateFlags, Mode, OFlags, fallocate, fchmod, ftruncate, linkat, openat, statat, unlinkat,
};
use rustix::io::{Errno, pwrite};
use rustix::process::{Resource, getpid, getrlimit};

use super::Spec;
use crate::error::{CreateError, OsError};
use crate::sys::name::Location;
use crate::sys::proc::ProcPath;
use crate::sys::uninterrupted;

/// How many temporary names are tried: each is free unless another thread uses it, or a process that had our number was
/// killed and left it.
const TEMPORARY_NAMES: u32 = 256;

const READ_WRITE: OFlags = OFlags::RDWR.union(OFlags::CLOEXEC);

/// Nobody but the owner, until the mode is set.
const OWNER: Mode = Mode::RUSR.union(Mode::WUSR);

/// A region's file that is complete but for its name.
pub(super) struct Staged<'a> {
    location: &'a Location,
    entry: Entry,
    file: OwnedFd,
}

/// The directory, and the name that the file has in it meanwhile, where it must have one.
struct Entry {
    directory: OwnedFd,
    temporary: Option<CString>,
}

impl<'a> Staged<'a> {
    /// Makes the file in the directory of its name.
    pub(super) fn new(location: &'a Location, spec: &Spec<'_>) -> Result<Self, CreateError> {
        let directory = location.open_directory()?;
        match uninterrupted(|| openat(&directory, c".", READ_WRITE | OFlags::TMPFILE, OWNER)) {
            Ok(file) => {
                let entry = Entry { directory, temporary: None };
                Self { location, entry, file }.complete(spec)
            }
            // The filesystem, or the kernel, does not know such files.
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::NOENT | Errno::INVAL) => {
                Self::with_temporary_name(location, spec)
            }
            Err(errno) => Err(OsError::new("create a file for the region", errno).into()),
        }
    }

    pub(super) fn with_temporary_name(location: &'a Location, spec: &Spec<'_>) -> Result<Self, CreateError> {
        let failed = OsError::of("create a file for the region");
        let directory = location.open_directory()?;
        let flags = READ_WRITE | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        for number in 0..TEMPORARY_NAMES {
            let name = format!(".pool-region-{}-{number}", getpid().as_raw_pid());
            let name = CString::new(name).map_err(|_| failed(Errno::INVAL))?;
            match uninterrupted(|| openat(&directory, &name, flags, OWNER)) {
                Ok(file) => {
                    let entry = Entry { directory, temporary: Some(name) };
                    return Self { location, entry, file }.complete(spec);
                }
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(failed(errno).into()),
            }
        }
        Err(failed(Errno::EXIST).into())
    }

    pub(super) fn file(&self) -> &OwnedFd {
        &self.file
    }

    /// Gives the file its name: from here on others can attach.
    pub(super) fn publish(self) -> Result<OwnedFd, CreateError> {
        let Entry { directory, temporary } = &self.entry;
        let name = self.location.entry();
        let linked = match temporary {
            Some(temporary) => linkat(directory, temporary, directory, name, AtFlags::empty()),
            None => {
                let path = ProcPath::of_descriptor(&self.file);
                linkat(CWD, path.as_c_str(), directory, name, AtFlags::SYMLINK_FOLLOW)
            }
        };
        match linked {
            Ok(()) => Ok(self.file),
            Err(Errno::EXIST) => Err(self.exists()),
            Err(errno) => Err(OsError::new("give the region its name", errno).into()),
        }
    }

    /// Sets all but the name. What fails here fails before anybody could see the region.
    fn complete(self, spec: &Spec<'_>) -> Result<Self, CreateError> {
        // Only to spare the work: linking decides.
        if statat(&self.entry.directory, self.location.entry(), AtFlags::SYMLINK_NOFOLLOW).is_ok() {
            return Err(self.exists());
        }
        fchmod(&self.file, spec.mode()).map_err(OsError::of("set the mode of the region"))?;
        fill(&self.file, spec)?;
        Ok(self)
    }

    fn exists(&self) -> CreateError {
        CreateError::Exists { name: self.location.to_string() }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // What cannot be removed does no harm: it is never taken for a region that somebody named.
            let _ = unlinkat(&self.directory, temporary, AtFlags::empty());
        }
    }
}

/// Gives a new file its length, its header and, where wanted, its memory.
pub(super) fn fill(file: &OwnedFd, spec: &Spec<'_>) -> Result<(), OsError> {
    // Beyond this limit the kernel does not only refuse, it also sends a signal that ends the process.
    if getrlimit(Resource::Fsize).current.is_some_and(|limit| limit < spec.len) {
        return Err(OsError::new("make the file of the region as long as it must be", Errno::FBIG));
    }
    uninterrupted(|| ftruncate(file, spec.len))
        .map_err(OsError::of("make the file of the region as long as it must be"))?;
    if spec.options.reserve {
        uninterrupted(|| fallocate(file, FallocateFlags::empty(), 0, spec.len))
            .map_err(OsError::of("reserve the memory of the region"))?;
    }
    write_header(file, spec.header).map_err(OsError::of("write the header of the region"))
}

/// Writes up to the last byte that is not zero anyway, so that the rest takes no memory.
fn write_header(file: &OwnedFd, header: &[u8]) -> rustix::io::Result<()> {
    let end = header.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let mut written = 0;
    while let Some(rest) = header.get(written..end).filter(|rest| !rest.is_empty()) {
        match uninterrupted(|| pwrite(file, rest, written as u64))? {
            0 => return Err(Errno::NOSPC),
            more => written += more,
        }
    }
    Ok(())
}
