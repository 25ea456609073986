//! The memory of a region in this process.
//!
//! A region of `len` bytes is mapped at a multiple of `len` rounded up to a power of two, so that the address of anything in
//! it, with the low bits cleared, is the address of its header. The kernel aligns to pages only. So enough address space
//! for an aligned place is reserved first, without access and without memory behind it; the region takes its place in it,
//! and what is left on both sides is given back.
//!
//! The header area is read-only: whoever writes through offset 0 gets a fault instead of a damaged region.

#![allow(unsafe_code, reason = "mapping memory is unsafe where it replaces or removes what is mapped")]

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use std::os::fd::AsFd;

use rustix::io::Errno;
use rustix::mm::{
    Advice, MapFlags, MlockFlags, MprotectFlags, ProtFlags, madvise, mlock, mlock_with, mmap, mmap_anonymous, mprotect,
    munmap,
};
use rustix::param::page_size;

use super::{Result, uninterrupted};
use crate::error::OsError;

/// A region's memory in this process; unmapped when dropped.
#[derive(Debug)]
pub(crate) struct Mapping {
    base: NonNull<u8>,
    len: usize,
    header_len: usize,
    alignment: usize,
}

// SAFETY: the memory belongs to the process and not to a thread, and it is given out as a pointer only.
unsafe impl Send for Mapping {}
// SAFETY: as for `Send`; no method changes the value.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps the first `len` bytes of a file, shared with all that map it, and the first `header_len` of them read-only.
    ///
    /// The mapping is a reference to the descriptor's description: it must not be one that carries locks (see
    /// [`super::locks`]).
    pub(crate) fn shared(file: impl AsFd, len: u64, header_len: usize) -> Result<Self> {
        let mapping = Self::reserve(len, header_len)?;
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::SHARED | MapFlags::FIXED;
        // SAFETY: it replaces pages of our own reservation, which nobody else knows of.
        let mapped = unsafe { mmap(mapping.address(), mapping.pages(), protection, flags, file, 0) };
        if let Err(errno) = mapped {
            // Some kernels remove what is to be replaced before they find that they cannot replace it. Then another thread
            // may have mapped its own there, so the address space is lost rather than unmapped.
            core::mem::forget(mapping);
            return Err(OsError::new("map the region", errno));
        }
        mapping.protect_header()?;
        Ok(mapping)
    }

    /// Maps zeroed memory of this process alone, with `header` at its start.
    ///
    /// Memory is taken as it is touched; none is set aside.
    pub(crate) fn private(len: u64, header: &[u8]) -> Result<Self> {
        let mapping = Self::reserve(len, header.len())?;
        let access = MprotectFlags::READ | MprotectFlags::WRITE;
        // SAFETY: these are pages of our own reservation.
        unsafe { mprotect(mapping.address(), mapping.pages(), access) }
            .map_err(OsError::of("give access to the region"))?;
        // SAFETY: `reserve` checked that the header fits; the pages are ours and writable since the call above.
        unsafe { ptr::copy_nonoverlapping(header.as_ptr(), mapping.base.as_ptr(), header.len()) };
        mapping.protect_header()?;
        Ok(mapping)
    }

    /// Returns the address of the header.
    pub(crate) const fn base(&self) -> NonNull<u8> {
        self.base
    }

    #[cfg(test)]
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) const fn header_len(&self) -> usize {
        self.header_len
    }

    /// Returns the power of two that [`base`](Self::base) is a multiple of: at least as large as the region.
    pub(crate) const fn alignment(&self) -> usize {
        self.alignment
    }

    /// Fills the page tables for writing, with memory where there was none yet.
    pub(crate) fn populate(&self) -> Result<()> {
        self.advise(Advice::LinuxPopulateWrite, "fill the page tables of the region")
    }

    /// Advises to use huge pages.
    pub(crate) fn advise_huge_pages(&self) -> Result<()> {
        self.advise(Advice::LinuxHugepage, "ask for huge pages")
    }

    /// Keeps pages in memory: all of them now, or each from its first use on.
    pub(crate) fn lock(&self, now: bool) -> Result<()> {
        uninterrupted(|| {
            if now {
                // SAFETY: these are our own pages, and locking does not change what is in them.
                unsafe { mlock(self.address(), self.pages()) }
            } else {
                // SAFETY: see above.
                unsafe { mlock_with(self.address(), self.pages(), MlockFlags::ONFAULT) }
            }
        })
        .map_err(OsError::of("keep the region in memory"))
    }

    fn advise(&self, advice: Advice, operation: &'static str) -> Result<()> {
        let start = self.base.as_ptr().wrapping_add(self.header_len).cast::<c_void>();
        // SAFETY: these are the pages after the header, and neither advice changes what is in them.
        uninterrupted(|| unsafe { madvise(start, self.pages() - self.header_len, advice) })
            .map_err(OsError::of(operation))
    }

    /// Reserves an aligned place for so many bytes.
    fn reserve(len: u64, header_len: usize) -> Result<Self> {
        let impossible = |errno| OsError::new("reserve address space for the region", errno);
        let len = usize::try_from(len).map_err(|_| impossible(Errno::NOMEM))?;
        if len == 0 || header_len > len || !header_len.is_multiple_of(page_size()) {
            return Err(impossible(Errno::INVAL));
        }
        let pages = len.checked_next_multiple_of(page_size()).ok_or(impossible(Errno::NOMEM))?;
        let alignment = pages.checked_next_power_of_two().ok_or(impossible(Errno::NOMEM))?;
        // Of so many bytes from a page on, `pages` bytes start at a multiple of `alignment`.
        let room = pages.checked_add(alignment - page_size()).ok_or(impossible(Errno::NOMEM))?;

        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: without an address, new pages are put where nothing is.
        let start = unsafe { mmap_anonymous(ptr::null_mut(), room, ProtFlags::empty(), flags) }.map_err(impossible)?;
        let start = start.cast::<u8>();
        let before = start.addr().next_multiple_of(alignment) - start.addr();
        let base = start.wrapping_add(before);
        let after = base.wrapping_add(pages);
        give_back(start, before);
        give_back(after, room - before - pages);
        let base = NonNull::new(base).ok_or(impossible(Errno::NOMEM))?;
        Ok(Self { base, len, header_len, alignment })
    }

    fn protect_header(&self) -> Result<()> {
        // SAFETY: these are our own pages, and nobody has a reference into them yet.
        unsafe { mprotect(self.address(), self.header_len, MprotectFlags::READ) }
            .map_err(OsError::of("protect the header of the region"))
    }

    fn address(&self) -> *mut c_void {
        self.base.as_ptr().cast()
    }

    /// The length in whole pages.
    fn pages(&self) -> usize {
        self.len.next_multiple_of(page_size())
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        give_back(self.base.as_ptr(), self.pages());
    }
}

/// Unmaps pages of ours that nobody uses any more.
fn give_back(start: *mut u8, len: usize) {
    if len != 0 {
        // SAFETY: the callers own these pages: the edges of a fresh reservation, or a mapping that is dropped.
        let result = unsafe { munmap(start.cast(), len) };
        // It fails where removing a part needs one more mapping than the process may have: the pages then stay reserved.
        debug_assert!(matches!(result, Ok(()) | Err(Errno::NOMEM)), "munmap: {result:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::testing::{Exit, alone, memory};

    const HEADER: usize = 64 * 1024;
    const LEN: u64 = 3 * HEADER as u64 + 5;

    fn get(mapping: &Mapping, at: usize) -> u8 {
        assert!(at < mapping.len());
        let byte = mapping.base().as_ptr().wrapping_add(at);
        // SAFETY: it lies in the mapping.
        unsafe { byte.read_volatile() }
    }

    fn put(mapping: &Mapping, at: usize, byte: u8) {
        assert!(at < mapping.len());
        let place = mapping.base().as_ptr().wrapping_add(at);
        // SAFETY: it lies in the mapping; nobody has a reference to it.
        unsafe { place.write_volatile(byte) }
    }

    fn is_aligned(mapping: &Mapping) -> bool {
        let alignment = mapping.alignment();
        alignment.is_power_of_two()
            && alignment >= mapping.len()
            && mapping.base().addr().get().is_multiple_of(alignment)
    }

    #[test]
    fn any_address_finds_the_header_by_its_high_bits() {
        let file = memory(1 << 22);
        for len in [1, 4096, 4097, 65_536, 65_537, 3 << 20, 1 << 22] {
            let mapping = Mapping::shared(&file, len, 0).unwrap();
            assert!(is_aligned(&mapping), "{len}");
            assert_eq!(mapping.len() as u64, len);
            let last = mapping.base().addr().get() + mapping.len() - 1;
            assert_eq!(last & !(mapping.alignment() - 1), mapping.base().addr().get());
        }
        let mapping = Mapping::shared(&file, LEN, HEADER).unwrap();
        assert_eq!((mapping.alignment(), mapping.header_len()), (4 * HEADER, HEADER));
    }

    #[test]
    fn two_mappings_of_a_file_show_the_same_bytes() {
        let file = memory(LEN);
        let one = Mapping::shared(&file, LEN, HEADER).unwrap();
        let other = Mapping::shared(&file, LEN, HEADER).unwrap();
        assert_ne!(one.base(), other.base());
        for at in [HEADER, LEN as usize - 1] {
            put(&one, at, 7);
            assert_eq!(get(&other, at), 7);
        }
        drop(one);
        assert_eq!(get(&other, HEADER), 7);
    }

    #[test]
    fn private_memory_is_zero_behind_its_header() {
        let header: Vec<u8> = (0..HEADER).map(|at| at as u8).collect();
        let mapping = Mapping::private(LEN, &header).unwrap();
        assert!(is_aligned(&mapping));
        assert!((0..HEADER).all(|at| get(&mapping, at) == at as u8));
        assert!((HEADER..LEN as usize).all(|at| get(&mapping, at) == 0));
        put(&mapping, LEN as usize - 1, 1);
    }

    #[test]
    fn the_header_is_a_guard() {
        let alone = alone();
        let file = memory(LEN);
        for mapping in [Mapping::shared(&file, LEN, HEADER), Mapping::private(LEN, &[0; HEADER])] {
            let mapping = mapping.unwrap();
            for (at, exit) in
                [(0, Exit::Signal(libc::SIGSEGV)), (HEADER - 1, Exit::Signal(libc::SIGSEGV)), (HEADER, Exit::Code(0))]
            {
                let found = alone.in_child(|| {
                    put(&mapping, at, 1);
                    0
                });
                assert_eq!(found, exit, "a write at {at}");
            }
        }
    }

    #[test]
    fn nothing_of_a_dropped_mapping_is_left() {
        let _alone = alone();
        let file = memory(1 << 24);
        let maps = || std::fs::read_to_string("/proc/self/maps").unwrap();
        let mapping = Mapping::shared(&file, 1 << 24, HEADER).unwrap();
        let start = format!("{:x}-", mapping.base().addr());
        assert!(maps().lines().any(|line| line.starts_with(&start)));
        let shared: Vec<_> = maps().lines().filter(|line| line.contains("memfd:test")).map(str::to_owned).collect();
        drop(mapping);
        let left = maps();
        assert!(shared.iter().any(|line| line.starts_with(&start) && !left.contains(line.as_str())));
    }

    #[test]
    fn sizes_up_to_four_tebibytes_can_be_mapped() {
        let len = 1 << 42;
        let file = memory(len);
        let shared = Mapping::shared(&file, len, HEADER).unwrap();
        let private = Mapping::private(len, &[0; HEADER]).unwrap();
        for mapping in [&shared, &private] {
            assert!(is_aligned(mapping));
            put(mapping, len as usize - 1, 1);
            put(mapping, len as usize / 2, 1);
            assert_eq!(get(mapping, len as usize - 2), 0);
        }
    }

    #[test]
    fn what_cannot_be_reserved_is_an_error() {
        let file = memory(4096);
        for len in [1 << 46, 1 << 47, 1 << 62, u64::MAX] {
            let errno = |result: Result<Mapping>| result.map(|_| ()).map_err(|error| error.errno());
            assert_eq!(errno(Mapping::shared(&file, len, 0)), Err(Errno::NOMEM), "{len:#x}");
            assert_eq!(errno(Mapping::private(len, &[])), Err(Errno::NOMEM), "{len:#x}");
        }
        for (len, header_len) in [(0, 0), (4096, 8192), (8192, 100)] {
            let error = Mapping::shared(&file, len, header_len).unwrap_err();
            assert_eq!(error.errno(), Errno::INVAL, "{len} {header_len}");
        }
    }

    #[test]
    fn a_descriptor_that_cannot_be_written_cannot_be_mapped() {
        let file = std::fs::File::open("/proc/self/exe").unwrap();
        let error = Mapping::shared(&file, 4096, 0).unwrap_err();
        assert_eq!((error.operation(), error.errno()), ("map the region", Errno::ACCESS));
    }

    #[test]
    fn populating_takes_the_memory_at_once() {
        let file = memory(LEN);
        let mapping = Mapping::shared(&file, LEN, HEADER).unwrap();
        let blocks = || rustix::fs::fstat(&file).unwrap().st_blocks as u64 * 512;
        assert_eq!(blocks(), 0);
        mapping.populate().unwrap();
        assert!((LEN - HEADER as u64..LEN).contains(&blocks()), "all but the header: {}", blocks());
    }

    #[test]
    fn locking_from_the_first_use_on_takes_none() {
        let file = memory(LEN);
        let mapping = Mapping::shared(&file, LEN, HEADER).unwrap();
        mapping.lock(false).unwrap();
        assert_eq!(rustix::fs::fstat(&file).unwrap().st_blocks, 0);
        mapping.lock(true).unwrap();
        assert!(rustix::fs::fstat(&file).unwrap().st_blocks as u64 * 512 >= LEN);
    }

    #[test]
    fn a_refused_lock_is_an_error() {
        let alone = alone();
        let exit = alone.in_child(|| {
            let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
            rustix::process::setrlimit(rustix::process::Resource::Memlock, none).unwrap();
            // Without the privilege to lock more than the limit.
            if rustix::process::geteuid().is_root() {
                // SAFETY: it has no preconditions.
                unsafe { libc::syscall(libc::SYS_setuid, 65_534) };
            }
            let mapping = Mapping::private(1 << 20, &[]).unwrap();
            match mapping.lock(true).map_err(|error| error.errno()) {
                Err(Errno::PERM | Errno::NOMEM | Errno::AGAIN) => 0,
                other => panic!("{other:?}"),
            }
        });
        assert_eq!(exit, Exit::Code(0));
    }
}
