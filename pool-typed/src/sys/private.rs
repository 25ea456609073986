//! Memory that a forked child finds empty.
//!
//! What a session keeps to itself must not be used by a child of its process: parent and child would be one session. The
//! kernel wipes such memory in the child (`MADV_WIPEONFORK`), so zero means "not in this process" everywhere in it. A child
//! that shares all memory with its parent until it calls `exec` (`vfork`, `posix_spawn`) is the parent in this respect.

#![allow(unsafe_code, reason = "advice that empties memory is unsafe, and so is unmapping it")]

use core::ptr::{self, NonNull};

use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};
use rustix::param::page_size;

use super::Result;
use crate::error::OsError;

/// Zeroed memory of this process alone; wiped in children, unmapped when dropped.
///
/// It takes memory only where it is touched, so it may be far larger than the machine's.
#[derive(Debug)]
pub(crate) struct PrivateBlock {
    base: NonNull<u8>,
    pages: usize,
}

// SAFETY: the memory belongs to the process and not to a thread, and it is given out as a pointer only.
unsafe impl Send for PrivateBlock {}
// SAFETY: as for `Send`; no method changes the value.
unsafe impl Sync for PrivateBlock {}

impl PrivateBlock {
    /// Maps so many bytes, rounded up to whole pages and to at least one.
    pub(crate) fn new(len: usize) -> Result<Self> {
        let failed = OsError::of("map private memory");
        let pages = len.max(1).checked_next_multiple_of(page_size()).ok_or(failed(Errno::NOMEM))?;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: without an address, new pages are put where nothing is.
        let base = unsafe { mmap_anonymous(ptr::null_mut(), pages, access, flags) }.map_err(&failed)?;
        let base = NonNull::new(base.cast::<u8>()).ok_or(failed(Errno::NOMEM))?;
        let block = Self { base, pages };
        // SAFETY: these are our own pages; only copies in children will be wiped.
        unsafe { madvise(base.as_ptr().cast(), pages, Advice::LinuxWipeOnFork) }
            .map_err(OsError::of("have private memory wiped in children"))?;
        Ok(block)
    }

    /// Returns the address of the first byte, which is the first of a page.
    pub(crate) const fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// Returns the length in bytes, whole pages.
    #[cfg(test)]
    pub(crate) const fn len(&self) -> usize {
        self.pages
    }
}

impl Drop for PrivateBlock {
    fn drop(&mut self) {
        // SAFETY: these are our own pages, and who drops the block does not use them any more.
        let result = unsafe { munmap(self.base.as_ptr().cast(), self.pages) };
        // It fails where neighbours were merged and splitting them needs one mapping too many: the pages then stay.
        debug_assert!(matches!(result, Ok(()) | Err(Errno::NOMEM)), "munmap: {result:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::testing::{Exit, alone};

    fn get(block: &PrivateBlock, at: usize) -> u8 {
        assert!(at < block.len());
        let byte = block.base().as_ptr().wrapping_add(at);
        // SAFETY: it lies in the block.
        unsafe { byte.read_volatile() }
    }

    fn put(block: &PrivateBlock, at: usize, byte: u8) {
        assert!(at < block.len());
        let place = block.base().as_ptr().wrapping_add(at);
        // SAFETY: it lies in the block; nobody has a reference to it.
        unsafe { place.write_volatile(byte) }
    }

    #[test]
    fn blocks_are_zeroed_whole_pages() {
        for len in [0, 1, 4096, 100_000] {
            let block = PrivateBlock::new(len).unwrap();
            assert!(block.len() >= len.max(1));
            assert_eq!(block.len() % page_size(), 0);
            assert_eq!(block.base().addr().get() % page_size(), 0);
            assert!((0..block.len()).all(|at| get(&block, at) == 0));
        }
    }

    #[test]
    fn a_child_finds_zeros_and_changes_nothing() {
        let alone = alone();
        let block = PrivateBlock::new(100_000).unwrap();
        put(&block, 0, 1);
        put(&block, 99_999, 2);
        let exit = alone.in_child(|| {
            let found = get(&block, 0) + get(&block, 99_999);
            put(&block, 0, 9);
            let grandchild = alone.in_child(|| i32::from(get(&block, 0)));
            i32::from(found) + i32::from(grandchild != Exit::Code(0))
        });
        assert_eq!(exit, Exit::Code(0));
        assert_eq!((get(&block, 0), get(&block, 99_999)), (1, 2));
    }

    #[test]
    fn blocks_larger_than_memory_take_what_is_touched() {
        let len = 1 << 40;
        let block = PrivateBlock::new(len).unwrap();
        put(&block, len - 1, 1);
        put(&block, len / 2, 1);
        assert_eq!(get(&block, len / 2 + 1), 0);
        assert_eq!(PrivateBlock::new(1 << 50).unwrap_err().errno(), Errno::NOMEM);
        assert_eq!(PrivateBlock::new(usize::MAX).unwrap_err().errno(), Errno::NOMEM);
    }
}
