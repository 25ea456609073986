//! The object that most tests pass around.

use pool_typed::Shared;

/// A message that shows whether it arrived as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shared)]
#[repr(C)]
pub struct Message {
    /// What tells it from others.
    pub number: u64,
    body: [u64; 6],
    sum: u64,
}

impl Message {
    /// Writes a message.
    #[must_use]
    pub fn new(number: u64) -> Self {
        let mut rng = Rng::new(number);
        let body = [(); 6].map(|()| rng.next());
        Self { number, body, sum: body.iter().fold(number, |sum, word| sum.rotate_left(7) ^ word) }
    }

    /// Whether it is the message with this number, unspoilt.
    #[must_use]
    pub fn is(&self, number: u64) -> bool {
        *self == Self::new(number)
    }
}

/// Numbers that look random, and are the same in each run.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// Starts a sequence.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Returns a number below `end`.
    pub const fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}
