//! Names of regions, and where in the file system they are.
//!
//! A name such as `/broker` stands in the shm filesystem, as for `shm_open`; a path stands where it says. Both become a
//! directory and a last component, since a region is made in its directory before it gets its name.

use core::ffi::CStr;
use core::fmt;
use std::ffi::{CString, OsStr};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, openat};

use super::uninterrupted;
use crate::error::{NameError, OsError};

/// Where Linux keeps POSIX shared memory.
const SHM: &str = "/dev/shm";

/// The greatest length of a name with its slash, and of a path's last component.
const NAME_LIMIT: usize = 255;

/// A directory, and a name in it.
pub(crate) struct Location {
    directory: PathBuf,
    entry: CString,
    shown: String,
}

impl Location {
    /// Finds the place of a name such as `/broker`.
    pub(crate) fn named(name: &str) -> Result<Self, NameError> {
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        if name.len() > NAME_LIMIT {
            return Err(NameError::TooLong { len: name.len(), limit: NAME_LIMIT });
        }
        let entry = name.strip_prefix('/').ok_or(NameError::NoSlash)?;
        if let Some(at) = entry.find('/') {
            return Err(NameError::InnerSlash { at: at + 1 });
        }
        match entry {
            "" => return Err(NameError::Empty),
            "." | ".." => return Err(NameError::Dots),
            _ => {}
        }
        let entry = CString::new(entry).map_err(|error| NameError::Nul { at: error.nul_position() + 1 })?;
        Ok(Self { directory: PathBuf::from(SHM), entry, shown: name.to_owned() })
    }

    /// Finds the place of a file.
    pub(crate) fn file(path: &Path) -> Result<Self, NameError> {
        let bytes = path.as_os_str().as_bytes();
        if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
            return Err(NameError::Nul { at });
        }
        let (directory, entry) = match bytes.iter().rposition(|byte| *byte == b'/') {
            Some(0) => ("/".as_ref(), bytes.get(1..)),
            Some(at) => (OsStr::from_bytes(bytes.get(..at).unwrap_or(b".")), bytes.get(at + 1..)),
            None => (".".as_ref(), Some(bytes)),
        };
        let entry = entry.unwrap_or_default();
        match entry {
            b"" => return Err(NameError::Empty),
            b"." | b".." => return Err(NameError::Dots),
            _ if entry.len() > NAME_LIMIT => {
                return Err(NameError::TooLong { len: entry.len(), limit: NAME_LIMIT });
            }
            _ => {}
        }
        let entry = CString::new(entry).map_err(|error| NameError::Nul { at: error.nul_position() })?;
        Ok(Self { directory: PathBuf::from(directory), entry, shown: path.display().to_string() })
    }

    /// Opens the directory as a mere place.
    pub(crate) fn open_directory(&self) -> Result<OwnedFd, OsError> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        uninterrupted(|| openat(CWD, &self.directory, flags, Mode::empty()))
            .map_err(OsError::of("open the directory of the region"))
    }

    pub(crate) fn entry(&self) -> &CStr {
        &self.entry
    }
}

/// As the user wrote it.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(found: Result<Location, NameError>) -> Result<(String, String), NameError> {
        let text = |location: &Location| {
            (location.directory.display().to_string(), location.entry.to_str().unwrap().to_owned())
        };
        found.as_ref().map(text).map_err(|error| *error)
    }

    fn pair(directory: &str, entry: &str) -> Result<(String, String), NameError> {
        Ok((directory.to_owned(), entry.to_owned()))
    }

    #[test]
    fn names_stand_in_the_shm_filesystem() {
        assert_eq!(split(Location::named("/broker")), pair("/dev/shm", "broker"));
        assert_eq!(split(Location::named("/...")), pair("/dev/shm", "..."));
        let longest = format!("/{}", "n".repeat(254));
        assert_eq!(split(Location::named(&longest)), pair("/dev/shm", &longest[1..]));
        assert_eq!(Location::named("/broker").unwrap().to_string(), "/broker");
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let faults = [
            ("", NameError::Empty),
            ("/", NameError::Empty),
            ("broker", NameError::NoSlash),
            ("/.", NameError::Dots),
            ("/..", NameError::Dots),
            ("/a/b", NameError::InnerSlash { at: 2 }),
            ("//a", NameError::InnerSlash { at: 1 }),
            ("/../etc/passwd", NameError::InnerSlash { at: 3 }),
            ("/a\0b", NameError::Nul { at: 2 }),
        ];
        for (name, fault) in faults {
            assert_eq!(split(Location::named(name)), Err(fault), "{name:?}");
        }
        let long = format!("/{}", "n".repeat(255));
        assert_eq!(split(Location::named(&long)), Err(NameError::TooLong { len: 256, limit: 255 }));
    }

    #[test]
    fn paths_split_into_directory_and_entry() {
        assert_eq!(split(Location::file(Path::new("region"))), pair(".", "region"));
        assert_eq!(split(Location::file(Path::new("/region"))), pair("/", "region"));
        assert_eq!(split(Location::file(Path::new("a/b/region"))), pair("a/b", "region"));
        assert_eq!(split(Location::file(Path::new("../region"))), pair("..", "region"));
        assert_eq!(split(Location::file(Path::new(""))), Err(NameError::Empty));
        assert_eq!(split(Location::file(Path::new("a/"))), Err(NameError::Empty));
        assert_eq!(split(Location::file(Path::new("/"))), Err(NameError::Empty));
        assert_eq!(split(Location::file(Path::new("a/.."))), Err(NameError::Dots));
        assert_eq!(split(Location::file(Path::new(OsStr::from_bytes(b"a\0")))), Err(NameError::Nul { at: 1 }));
        let long = format!("/tmp/{}", "n".repeat(256));
        assert_eq!(split(Location::file(Path::new(&long))), Err(NameError::TooLong { len: 256, limit: 255 }));
    }
}
