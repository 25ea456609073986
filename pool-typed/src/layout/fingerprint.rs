//! The fingerprint of a layout: FNV-1a, 64 bits, computed by the compiler.

use core::fmt;

use super::{NameArg, TypeName};

/// A hash over everything that two processes must agree on.
///
/// It depends on names, offsets, sizes and kinds only: not on the compiler, not on alignment, not on the width of a
/// pointer. Equal definitions in two crates have equal fingerprints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub u64);

impl Fingerprint {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;

    /// Starts a fingerprint of something of this kind.
    #[must_use]
    pub const fn start(kind: &str) -> Self {
        Self(Self::BASIS).text(kind)
    }

    /// Goes on with bytes.
    #[must_use]
    pub const fn bytes(mut self, bytes: &[u8]) -> Self {
        let mut at = 0;
        while at < bytes.len() {
            self = self.byte(bytes[at]);
            at += 1;
        }
        self
    }

    const fn byte(self, byte: u8) -> Self {
        Self((self.0 ^ byte as u64).wrapping_mul(Self::PRIME))
    }

    /// Goes on with a number: 7 bits to a byte, the lowest first, so that the many small ones cost the compiler little.
    #[must_use]
    pub const fn number(mut self, mut number: u128) -> Self {
        while number >= 0x80 {
            self = self.byte(number as u8 | 0x80);
            number >>= 7;
        }
        self.byte(number as u8)
    }

    /// Goes on with a text. Its length goes first, so that `"ab", "c"` and `"a", "bc"` differ.
    #[must_use]
    pub const fn text(self, text: &str) -> Self {
        self.number(text.len() as u128).bytes(text.as_bytes())
    }

    /// Goes on with what another fingerprint stands for.
    #[must_use]
    pub const fn fingerprint(self, inner: Self) -> Self {
        self.bytes(&inner.0.to_le_bytes())
    }

    /// Goes on with a name and its arguments.
    #[must_use]
    pub const fn name(self, name: TypeName) -> Self {
        let mut hash = self.text(name.base).number(name.args.len() as u128);
        let mut at = 0;
        while at < name.args.len() {
            hash = match name.args[at] {
                NameArg::Type(name) => hash.text("type").name(name),
                NameArg::Const(value) => hash.text("const").number(value),
                NameArg::Signed(value) => hash.text("signed").number(value.cast_unsigned()),
            };
            at += 1;
        }
        hash
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn bytes_hash_as_the_published_vectors_of_fnv_1a() {
        for (text, hash) in
            [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)]
        {
            assert_eq!(Fingerprint(Fingerprint::BASIS).bytes(text.as_bytes()), Fingerprint(hash));
        }
    }

    #[test]
    fn borders_between_texts_count() {
        let one = Fingerprint::start("type").text("ab").text("c");
        let other = Fingerprint::start("type").text("a").text("bc");
        assert_ne!(one, other);
    }

    #[test]
    fn borders_between_numbers_count() {
        let numbers = [0, 1, 0x7f, 0x80, 0x81, 0x3fff, 0x4000, u128::MAX];
        let all: Vec<_> = numbers.iter().flat_map(|&one| numbers.map(|two| (one, two))).collect();
        let hashes: HashSet<_> =
            all.iter().map(|&(one, two)| Fingerprint::start("pair").number(one).number(two)).collect();
        assert_eq!(hashes.len(), all.len());
    }

    #[test]
    fn shows_all_16_digits() {
        assert_eq!(Fingerprint(0xa1).to_string(), "00000000000000a1");
    }
}
