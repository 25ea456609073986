//! The bytes of a region, all but its header: taken, compared, and put over another region.
#![allow(unsafe_code, reason = "looks at the bytes of a mapped region")]

use core::{ptr, slice};

use pool_tests::words::header_of;

use crate::stage::Region;

/// The bytes of a region at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    bytes: Vec<u8>,
    /// Where the root begins.
    root: usize,
}

/// Where the bytes after the header are, how many, and where among them the root begins.
fn place(region: &Region) -> (*mut u8, usize, usize) {
    let fields = header_of(region).fields;
    let start = fields.session_table as usize;
    (region.base().as_ptr().wrapping_add(start), region.bytes() - start, fields.root as usize - start)
}

impl Snapshot {
    /// Takes the bytes of a region in which nobody works just now.
    pub(crate) fn of(region: &Region) -> Self {
        let (start, len, root) = place(region);
        // SAFETY: within the mapping, whose every other user stands still.
        let bytes = unsafe { slice::from_raw_parts(start, len) };
        Self { bytes: bytes.to_vec(), root }
    }

    /// Takes the bytes of the region again where they have changed; returns whether they had.
    pub(crate) fn renew(&mut self, region: &Region) -> bool {
        let (start, len, _) = place(region);
        // SAFETY: as in `of`.
        let bytes = unsafe { slice::from_raw_parts(start, len) };
        let changed = bytes != self.bytes;
        if changed {
            self.bytes.copy_from_slice(bytes);
        }
        changed
    }

    /// Puts the bytes over those of another region with the same root, in which nobody works.
    pub(crate) fn put(&self, region: &Region) {
        let (start, len, _) = place(region);
        assert_eq!(len, self.bytes.len(), "a region of the same size");
        // SAFETY: within the mapping, whose other users are this thread's and have no references into it but to atomics
        // and objects that these bytes leave as they are.
        unsafe { ptr::copy_nonoverlapping(self.bytes.as_ptr(), start, len) };
    }

    /// A number for the bytes of the root: two regions with the same number are in the same state. The times and
    /// processes in the records of sessions are left out.
    pub(crate) fn digest(&self) -> u64 {
        self.bytes[self.root..].chunks(8).fold(0xCBF2_9CE4_8422_2325, |hash, chunk| {
            let word = chunk.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
            (hash ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29)
        })
    }
}

/// Makes a region as it was when it was created.
pub(crate) fn wipe(region: &Region) {
    let (start, len, _) = place(region);
    // SAFETY: as in `put`; nobody has joined.
    unsafe { ptr::write_bytes(start, 0, len) };
}
