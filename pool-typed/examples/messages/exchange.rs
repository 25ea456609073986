//! What the processes share: one struct, compiled into each of them.
#![expect(clippy::disallowed_types, reason = "counters for people; nothing is handed over by them")]

use core::sync::atomic::AtomicU64;

use pool_typed::{Pool, Root, Shared};

use crate::ring::Ring;

/// How many pairs of processes can work at once: two sessions each, and one for the process that watches, of 40.
pub(crate) const LINKS: usize = 19;

/// Everything that the processes share. Zeroed memory is its empty state, so there is nothing to set up.
#[derive(Root)]
#[repr(C)]
pub(crate) struct Exchange {
    /// The messages: room for all that fits into the rings, and as much again.
    pub messages: Pool<Message, 32_768>,
    /// What connects each pair of processes.
    pub links: [Link; LINKS],
}

/// A producer and a consumer.
#[derive(Debug, Shared)]
#[repr(C)]
pub(crate) struct Link {
    /// From the producer to the consumer.
    pub requests: Ring,
    /// From the consumer to the producer.
    pub answers: Ring,
    /// How far the consumer is.
    pub consumer: Progress,
    /// How far the producer is.
    pub producer: Progress,
}

/// How far a worker is, on a line of its own: it is written all the time.
#[derive(Debug, Shared)]
#[repr(C, align(64))]
pub(crate) struct Progress {
    /// How many messages it has received and found right.
    pub received: AtomicU64,
    /// How many there will be; 0 as long as it does not know.
    pub total: AtomicU64,
    unused: [u64; 6],
}

/// A message. It fills a cache line.
#[derive(Debug, Shared)]
#[repr(C)]
pub(crate) struct Message {
    /// Which message of its direction this is, from 0.
    pub number: u64,
    /// How many there are.
    pub total: u64,
    body: [u64; 5],
    checksum: u64,
}

impl Message {
    /// Writes a message.
    pub(crate) fn new(number: u64, total: u64) -> Self {
        let mut seed = number;
        let body = [(); 5].map(|()| {
            seed = mix(seed, total);
            seed
        });
        let mut message = Self { number, total, body, checksum: 0 };
        message.checksum = message.sum();
        message
    }

    /// Whether this is the message that was expected, and arrived as it was written.
    pub(crate) fn is_right(&self, number: u64) -> bool {
        self.number == number && self.checksum == self.sum()
    }

    fn sum(&self) -> u64 {
        self.body.iter().fold(mix(self.number, self.total), |sum, word| mix(sum, *word))
    }
}

fn mix(sum: u64, word: u64) -> u64 {
    (sum ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29)
}
