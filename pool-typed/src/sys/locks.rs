//! Byte locks that the kernel releases when their process dies, however it dies.
//!
//! They are open-file-description locks. A lock belongs to a description (what `open` makes) and goes with the last
//! descriptor and mapping of it. It works across PID namespaces, needs no timeout, and positions past the end of the file
//! are as good as others.
//!
//! The kernel's rules that decide how they may be used, each shown by a test below:
//!
//! * One description never conflicts with itself, and its own locks do not show in [`LockFile::is_locked`]. Who wants to
//!   know about a lock of this same process asks through a description of its own: [`LockFile::fresh`].
//! * A child gets the parent's description. Its unlock releases the parent's lock; its close does not. So an owner leaves
//!   by [`LockFile::unlock`] and then closes, and a child only closes.
//! * A child that lives on keeps the lock of its dead parent: then only the parent's process tells (see [`super::process`]).
//! * A mapping made through the lock's descriptor keeps the lock after the close. So [`LockFile`] does not give its
//!   descriptor away, and regions are mapped through another.
//!
//! Nothing here allocates, and `errno` is as before after every call, so all of it may run in a signal handler. The lock
//! calls are made through the `libc` crate, since `rustix` 1.1 offers per-process record locks only (these vanish as soon
//! as the process closes *any* descriptor of the file).

#![allow(unsafe_code, reason = "open-file-description locks are a raw system call, and it leaves errno to put back")]

use core::ffi::{c_int, c_short};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

#[cfg(target_pointer_width = "64")]
use libc::{SYS_fcntl as SYS_FCNTL, flock as Lock};
#[cfg(target_pointer_width = "32")]
use libc::{SYS_fcntl64 as SYS_FCNTL, flock64 as Lock};
use rustix::io::Errno;

use super::{Result, proc, uninterrupted};
use crate::error::OsError;

/// Which file a descriptor is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Inode {
    device: u64,
    number: u64,
}

impl Inode {
    pub(crate) fn of(fd: impl AsFd) -> Result<Self> {
        let stat = proc::stat(fd)?;
        Ok(Self { device: stat.st_dev, number: stat.st_ino })
    }
}

/// A description of a region's file for locks, and for nothing else.
#[derive(Debug)]
pub(crate) struct LockFile(OwnedFd);

impl LockFile {
    /// Opens a description of its own for the file behind `fd`, where that is still the one with this identity: the
    /// program may have closed the number and used it for another file.
    pub(crate) fn fresh_of(fd: impl AsFd, inode: Inode) -> Result<Self> {
        let lock = Self::fresh(fd)?;
        if Inode::of(&lock.0)? == inode {
            Ok(lock)
        } else {
            Err(OsError::new("find the region's file again", Errno::STALE))
        }
    }

    /// Opens a description of its own for the file behind `fd`.
    pub(crate) fn fresh(fd: impl AsFd) -> Result<Self> {
        proc::reopen(fd).map(Self)
    }

    /// Takes a byte for this description; `false` where another one has it.
    ///
    /// A byte that this description has already is taken again, and one unlock releases it.
    pub(crate) fn try_lock(&self, byte: u64) -> Result<bool> {
        match self.call(libc::F_OFD_SETLK, libc::F_WRLCK, byte) {
            Ok(_) => Ok(true),
            Err(Errno::AGAIN | Errno::ACCESS) => Ok(false),
            Err(errno) => Err(OsError::new("lock a byte of the region's file", errno)),
        }
    }

    /// Releases a byte, whoever of those that share this description took it.
    pub(crate) fn unlock(&self, byte: u64) -> Result<()> {
        self.call(libc::F_OFD_SETLK, libc::F_UNLCK, byte)
            .map(|_| ())
            .map_err(OsError::of("unlock a byte of the region's file"))
    }

    /// Tells whether *another* description has a byte.
    pub(crate) fn is_locked(&self, byte: u64) -> Result<bool> {
        self.call(libc::F_OFD_GETLK, libc::F_WRLCK, byte)
            .map(|kind| kind != libc::F_UNLCK)
            .map_err(OsError::of("look at a byte lock of the region's file"))
    }

    /// Returns the kind of lock that the kernel wrote back.
    fn call(&self, command: c_int, kind: c_int, byte: u64) -> rustix::io::Result<c_int> {
        let start = i64::try_from(byte).map_err(|_| Errno::OVERFLOW)?;
        uninterrupted(|| {
            // SAFETY: the record is a C struct of integers, for which zeros are values.
            let mut lock: Lock = unsafe { core::mem::zeroed() };
            // These are small numbers; the `libc` crate types them differently from the field.
            lock.l_type = kind as c_short;
            lock.l_whence = libc::SEEK_SET as c_short;
            lock.l_start = start;
            lock.l_len = 1;
            fcntl(&self.0, command, &mut lock).map(|()| c_int::from(lock.l_type))
        })
    }
}

/// Makes the call and leaves `errno` as it was.
fn fcntl(fd: &OwnedFd, command: c_int, lock: &mut Lock) -> rustix::io::Result<()> {
    // SAFETY: it has no preconditions; the place is this thread's and lives as long as the thread.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: see above.
    let before = unsafe { errno.read() };
    let lock: *mut Lock = lock;
    // SAFETY: the descriptor is open, and these commands read and write one lock record.
    let result = unsafe { libc::syscall(SYS_FCNTL, fd.as_raw_fd(), command, lock) };
    // SAFETY: see above.
    let after = unsafe { errno.read() };
    // SAFETY: see above.
    unsafe { errno.write(before) };
    if result == -1 { Err(Errno::from_raw_os_error(after)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;

    use super::*;
    use crate::sys::mapping::Mapping;
    use crate::sys::testing::{Exit, Line, alone, exit_now, memory, sleep_for_ever};

    /// Past the end of the files below, as in a region.
    const BYTE: u64 = 1 << 40;
    const OTHER: u64 = BYTE + 1;

    fn two() -> (OwnedFd, LockFile, LockFile) {
        let file = memory(4096);
        let one = LockFile::fresh(&file).unwrap();
        let other = LockFile::fresh(&file).unwrap();
        (file, one, other)
    }

    fn duplicate(file: &LockFile) -> LockFile {
        LockFile(file.0.try_clone().unwrap())
    }

    #[test]
    fn a_byte_has_one_owner() {
        let (_file, one, other) = two();
        assert_eq!(one.try_lock(BYTE), Ok(true));
        assert_eq!(other.try_lock(BYTE), Ok(false));
        assert_eq!(other.is_locked(BYTE), Ok(true));
        assert_eq!(other.try_lock(OTHER), Ok(true));
        assert_eq!(other.is_locked(OTHER + 1), Ok(false));
        one.unlock(BYTE).unwrap();
        assert_eq!(other.is_locked(BYTE), Ok(false));
        assert_eq!(other.try_lock(BYTE), Ok(true));
        assert_eq!(one.try_lock(BYTE), Ok(false));
    }

    #[test]
    fn positions_reach_to_the_end_of_the_numbers() {
        let (_file, one, other) = two();
        for byte in [0, 4095, 4096, u64::from(u32::MAX) + 1, i64::MAX as u64 - 1] {
            assert_eq!(one.try_lock(byte), Ok(true));
            assert_eq!(other.is_locked(byte), Ok(true));
        }
        assert_eq!(one.try_lock(u64::MAX).map_err(|error| error.errno()), Err(Errno::OVERFLOW));
    }

    #[test]
    fn closing_releases() {
        let _alone = alone();
        let (_file, one, other) = two();
        assert_eq!(one.try_lock(BYTE), Ok(true));
        drop(one);
        assert_eq!(other.is_locked(BYTE), Ok(false));
    }

    #[test]
    fn a_killed_process_releases() {
        let alone = alone();
        let (file, one, _) = two();
        let line = Line::new();
        let child = alone.child(|| {
            let own = LockFile::fresh(&file).unwrap();
            assert_eq!(own.try_lock(BYTE), Ok(true));
            line.say();
            sleep_for_ever()
        });
        line.hear();
        assert_eq!(one.is_locked(BYTE), Ok(true));
        child.kill();
        assert!(matches!(child.wait(), Exit::Signal(_)));
        assert_eq!(one.is_locked(BYTE), Ok(false));
    }

    #[test]
    fn locks_work_across_pid_namespaces() {
        let alone = alone();
        let (file, one, _) = two();
        let (line, end) = (Line::new(), Line::new());
        let child = alone.child(|| {
            // SAFETY: it changes where children start, and no memory. Without privileges the namespace stays the same.
            let _ = unsafe { libc::unshare(libc::CLONE_NEWPID) };
            let exit = alone.in_child(|| {
                let own = LockFile::fresh(&file).unwrap();
                assert_eq!(own.try_lock(BYTE), Ok(true));
                line.say();
                end.hear();
                0
            });
            i32::from(exit != Exit::Code(0))
        });
        line.hear();
        assert_eq!(one.is_locked(BYTE), Ok(true));
        assert_eq!(one.try_lock(BYTE), Ok(false));
        end.say();
        assert_eq!(child.wait(), Exit::Code(0));
        assert_eq!(one.try_lock(BYTE), Ok(true));
    }

    #[test]
    fn errno_stays_as_it_was() {
        let (_file, one, other) = two();
        assert_eq!(one.try_lock(BYTE), Ok(true));
        // SAFETY: it has no preconditions.
        let errno = unsafe { libc::__errno_location() };
        // SAFETY: the place is this thread's.
        unsafe { errno.write(1234) };
        assert_eq!(other.try_lock(BYTE), Ok(false));
        // SAFETY: the place is this thread's.
        assert_eq!(unsafe { errno.read() }, 1234);
    }

    /// Trap: a reaper that probes through a description which has the byte would take a live session for dead.
    #[test]
    fn a_description_does_not_see_its_own_lock() {
        let (_file, one, other) = two();
        let same = duplicate(&one);
        assert_eq!(one.try_lock(BYTE), Ok(true));
        assert_eq!(one.try_lock(BYTE), Ok(true), "no conflict with itself");
        assert_eq!(same.try_lock(BYTE), Ok(true), "nor with a duplicate");
        assert_eq!(one.is_locked(BYTE), Ok(false));
        assert_eq!(same.is_locked(BYTE), Ok(false));
        assert_eq!(other.is_locked(BYTE), Ok(true), "a description of its own sees it");
        assert_eq!(same.unlock(BYTE), Ok(()));
        assert_eq!(other.is_locked(BYTE), Ok(false), "one unlock releases both");
    }

    /// Trap: after `fork` parent and child are one owner.
    #[test]
    fn a_child_shares_the_parents_description() {
        let alone = alone();
        let (_file, one, _) = two();
        assert_eq!(one.try_lock(BYTE), Ok(true));
        let exit = alone.in_child(|| i32::from(one.try_lock(BYTE) != Ok(true) || one.is_locked(BYTE) != Ok(false)));
        assert_eq!(exit, Exit::Code(0));
    }

    /// Trap: a child must not unlock.
    #[test]
    fn unlocking_in_a_child_releases_the_parents_lock() {
        let alone = alone();
        let (_file, one, other) = two();
        assert_eq!(one.try_lock(BYTE), Ok(true));
        assert_eq!(alone.in_child(|| i32::from(one.unlock(BYTE).is_err())), Exit::Code(0));
        assert_eq!(other.is_locked(BYTE), Ok(false));
    }

    #[test]
    fn closing_in_a_child_does_not_release_the_parents_lock() {
        let alone = alone();
        let (_file, one, other) = two();
        assert_eq!(one.try_lock(BYTE), Ok(true));
        let line = Line::new();
        let child = alone.child(|| {
            // The descriptor is closed while the child lives, as a dropped session of the parent does it there.
            // SAFETY: the parent's value stays in the parent; this copy is not used again.
            drop(unsafe { core::ptr::read(&raw const one) });
            line.say();
            sleep_for_ever()
        });
        line.hear();
        assert_eq!(other.is_locked(BYTE), Ok(true));
        drop(child);
        assert_eq!(other.is_locked(BYTE), Ok(true));
    }

    /// Trap: a mapping is a reference to the description. Regions are therefore never mapped through a lock's descriptor.
    #[test]
    fn a_mapping_keeps_the_lock_after_the_close() {
        let _alone = alone();
        let (_file, one, other) = two();
        assert_eq!(one.try_lock(BYTE), Ok(true));
        let mapping = Mapping::shared(&one.0, 4096, 0).unwrap();
        drop(one);
        assert_eq!(other.is_locked(BYTE), Ok(true));
        drop(mapping);
        assert_eq!(other.is_locked(BYTE), Ok(false));
    }

    #[test]
    fn a_mapping_of_the_file_through_another_description_does_not() {
        let _alone = alone();
        let (file, one, other) = two();
        let _mapping = Mapping::shared(&file, 4096, 0).unwrap();
        assert_eq!(one.try_lock(BYTE), Ok(true));
        drop(one);
        assert_eq!(other.is_locked(BYTE), Ok(false));
    }

    /// Trap: the lock outlives its process in a child, so a held lock does not prove a live process.
    #[test]
    fn a_child_keeps_the_lock_of_its_dead_parent() {
        let alone = alone();
        let (file, one, _) = two();
        let line = Line::new();
        let done = Line::new();
        let parent = alone.child(|| {
            let own = LockFile::fresh(&file).unwrap();
            assert_eq!(own.try_lock(BYTE), Ok(true));
            // SAFETY: both leave by `_exit`.
            if unsafe { libc::fork() } == 0 {
                line.say();
                done.hear();
                exit_now(0);
            }
            exit_now(7)
        });
        assert_eq!(parent.wait(), Exit::Code(7));
        line.hear();
        assert_eq!(one.is_locked(BYTE), Ok(true), "the parent is dead and waited for");
        done.say();
        while one.is_locked(BYTE) == Ok(true) {
            std::thread::yield_now();
        }
    }

    /// Trap: the kind of lock that this module does not use.
    #[test]
    fn closing_any_descriptor_drops_record_locks_of_a_process() {
        let alone = alone();
        let (file, one, _) = two();
        rustix::fs::fcntl_lock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).unwrap();
        assert_eq!(one.is_locked(BYTE), Ok(true));
        drop(LockFile::fresh(&file).unwrap());
        assert_eq!(one.is_locked(BYTE), Ok(false));
        drop(alone);
    }

    /// `exec` closes lock descriptors, so a program that a session starts does not keep it alive. It does so shortly after
    /// `vfork` has let the parent go on.
    #[test]
    fn started_programs_do_not_keep_locks() {
        let alone = alone();
        let (_file, one, other) = two();
        assert_eq!(one.try_lock(BYTE), Ok(true));
        let _program = alone.child(|| {
            let _ = std::process::Command::new("sleep").arg("1000").exec();
            1
        });
        drop(one);
        let start = std::time::Instant::now();
        while other.is_locked(BYTE) == Ok(true) {
            assert!(start.elapsed().as_secs() < 20, "a started program has it");
            std::thread::yield_now();
        }
    }
}
