//! The operating system below a region: mappings, byte locks, processes and names, on Linux.
//!
//! Everything here goes through `rustix`, which makes system calls directly and reports errors by value, so that nothing
//! touches `errno` and most of it can run in a signal handler; each module says what can. The one exception is
//! [`locks`]: `rustix` has no open-file-description locks.

pub(crate) mod huge;
pub(crate) mod locks;
pub(crate) mod mapping;
pub(crate) mod name;
pub(crate) mod private;
pub(crate) mod proc;
pub(crate) mod process;
#[cfg(test)]
pub(crate) mod testing;

use rustix::io::Errno;

use crate::error::OsError;

pub(crate) type Result<T> = core::result::Result<T, OsError>;

/// How often an interrupted call is made again before the interruption counts as its error.
const INTERRUPTIONS: u32 = 64;

/// Makes a call again while signals interrupt it. It gives up in the end: a program may want its signal handled.
pub(crate) fn uninterrupted<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> rustix::io::Result<T> {
    for _ in 0..INTERRUPTIONS {
        match call() {
            Err(Errno::INTR) => {}
            other => return other,
        }
    }
    call()
}
