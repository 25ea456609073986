//! The object of all rows, and what is done with it.
#![expect(unsafe_code, reason = "a volatile store is the touch that the compiler cannot leave out")]

use std::ptr;

use pool_typed::Shared;

/// How many objects the rows of batches have at once.
pub(crate) const BATCH: usize = 1000;

/// An object of 64 bytes.
#[derive(Clone, Copy, Debug, Shared)]
#[repr(C)]
pub(crate) struct Message {
    pub(crate) seq: u64,
    pub(crate) len: u32,
    pub(crate) kind: u32,
    pub(crate) body: [u8; 48],
}

const _: () = assert!(size_of::<Message>() == 64);

impl Message {
    #[inline]
    pub(crate) fn new(seq: u64) -> Self {
        Self { seq, len: 0, kind: 0, body: [0; 48] }
    }

    /// Writes 8 bytes of the object, whatever the compiler knows about it.
    #[inline]
    pub(crate) fn touch(&mut self) {
        // SAFETY: `self.seq` can be written.
        unsafe { ptr::write_volatile(&raw mut self.seq, 7) };
    }
}

/// In which order a batch is freed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// As it was allocated.
    Fifo,
    /// The other way round.
    Lifo,
    /// In an order that looks random, the same in each run.
    Random,
}

impl Order {
    pub(crate) fn of(self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        match self {
            Self::Fifo => {}
            Self::Lifo => order.reverse(),
            Self::Random => shuffle(&mut order),
        }
        order
    }
}

/// Mixes a list, always in the same way.
pub(crate) fn shuffle<T>(list: &mut [T]) {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for last in (1..list.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        list.swap(last, (state % (last as u64 + 1)) as usize);
    }
}
