//! Paths below `/proc`, spelled on the stack, and opening a descriptor's file anew through one of them.
//!
//! A description (what `open` makes, and what `dup`, `fork` and a socket share) carries locks; a file has many. Opening the
//! magic link of a descriptor gives a new description of exactly the same file, even if its name is gone or now belongs to
//! another file.
//!
//! The link is taken from `/proc/thread-self` and not `/proc/self`: the latter is the directory of the first thread, and
//! has no descriptors left where that thread has ended and others go on.
//!
//! Nothing here allocates or touches `errno`; all of it may run in a signal handler.

use core::ffi::CStr;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Mode, OFlags, Stat, fstat};
use rustix::io::Errno;
use rustix::path::DecInt;

use super::{Result, uninterrupted};
use crate::error::OsError;

/// A path below `/proc`.
pub(crate) struct ProcPath {
    /// Longer than every path made here; zero-terminated.
    bytes: [u8; 64],
}

impl ProcPath {
    /// The magic link of a descriptor.
    pub(crate) fn of_descriptor(fd: impl AsFd) -> Self {
        Self::join([b"/proc/thread-self/fd/", DecInt::from_fd(fd).as_bytes(), b""])
    }

    /// The `stat` file of a process.
    pub(crate) fn stat_of(pid: u32) -> Self {
        Self::join([b"/proc/", DecInt::new(pid).as_bytes(), b"/stat"])
    }

    pub(crate) fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or(c"")
    }

    fn join(parts: [&[u8]; 3]) -> Self {
        let mut path = Self { bytes: [0; 64] };
        let end = path.bytes.len() - 1;
        for (to, from) in path.bytes.iter_mut().take(end).zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        path
    }
}

/// Opens a new description, for reading and writing, of the file behind a descriptor.
///
/// The new one is closed by `exec`. Opening neither blocks nor makes a terminal the controlling one.
pub(crate) fn reopen(fd: impl AsFd) -> Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let path = ProcPath::of_descriptor(&fd);
    let fresh = uninterrupted(|| rustix::fs::open(path.as_c_str(), flags, Mode::empty()))
        .map_err(OsError::of("open the region anew through /proc/thread-self/fd"))?;
    if !same_file(&stat(&fd)?, &stat(&fresh)?) {
        return Err(OsError::new("find the region behind /proc/thread-self/fd", Errno::STALE));
    }
    Ok(fresh)
}

pub(crate) fn stat(fd: impl AsFd) -> Result<Stat> {
    fstat(fd).map_err(OsError::of("look at the region's file"))
}

fn same_file(one: &Stat, other: &Stat) -> bool {
    (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}

#[cfg(test)]
mod tests {
    use std::os::fd::BorrowedFd;

    use super::*;
    use crate::sys::testing::{Exit, alone, end_this_thread, exit_now, memory};

    #[test]
    fn paths_are_spelled_out() {
        assert_eq!(ProcPath::stat_of(u32::MAX).as_c_str(), c"/proc/4294967295/stat");
        let fd = memory(1);
        let path = ProcPath::of_descriptor(&fd).as_c_str().to_str().unwrap().to_owned();
        assert_eq!(path, format!("/proc/thread-self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&fd)));
    }

    #[test]
    fn a_reopened_file_is_the_same_file_and_another_description() {
        let first = memory(4096);
        let second = reopen(&first).unwrap();
        assert!(same_file(&stat(&first).unwrap(), &stat(&second).unwrap()));
        rustix::fs::seek(&first, rustix::fs::SeekFrom::Start(7)).unwrap();
        assert_eq!(rustix::fs::tell(&second).unwrap(), 0);
        assert!(rustix::io::fcntl_getfd(&second).unwrap().contains(rustix::io::FdFlags::CLOEXEC));
    }

    #[test]
    fn a_file_without_a_name_can_be_reopened() {
        let path = std::env::temp_dir().join(format!("reopen-{}", std::process::id()));
        let file = std::fs::File::options().create_new(true).read(true).write(true).open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        reopen(&file).unwrap();
    }

    /// `/proc/self/fd` answers `ENOENT` here.
    #[test]
    fn descriptors_can_be_reopened_after_the_first_thread_has_ended() {
        let fd = memory(4096);
        let leader_ended = || {
            let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
            stat.contains(") Z ")
        };
        let exit = alone().in_child(|| {
            std::thread::spawn(move || {
                while !leader_ended() {
                    std::thread::yield_now();
                }
                let self_fails = std::fs::metadata("/proc/self/fd/0").is_err();
                exit_now(i32::from(!self_fails) + 2 * i32::from(reopen(&fd).is_err()))
            });
            end_this_thread()
        });
        assert_eq!(exit, Exit::Code(0));
    }

    #[test]
    fn a_closed_descriptor_is_an_error() {
        // In a child, which has one thread, nobody takes the number again.
        let exit = alone().in_child(|| {
            let gone = borrow(std::os::fd::AsRawFd::as_raw_fd(&memory(1)));
            i32::from(reopen(gone).map_err(|error| error.errno()).err() != Some(Errno::NOENT))
        });
        assert_eq!(exit, Exit::Code(0));
    }

    #[allow(unsafe_code, reason = "to name a descriptor that is not open")]
    fn borrow(raw: i32) -> BorrowedFd<'static> {
        // SAFETY: only the number is used, for a path.
        unsafe { BorrowedFd::borrow_raw(raw) }
    }
}
