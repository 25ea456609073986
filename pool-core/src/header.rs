//! The header of a region: plain bytes that say what the region is.
//!
//! A region starts with a header area that its creator writes once, before anybody else can see it, and that every process
//! maps read-only. So it doubles as the guard in front of the region: a write through a null handle faults there.
//!
//! ```text
//!   0  magic                8 bytes
//!   8  format version       u32
//!  12  endianness mark      u32, in the byte order of the creator; every other number here is little-endian
//!  16  header length        u32, a multiple of 64 KiB
//!  20  session count        u32
//!  24  region length        u64, the header included
//!  32  layout fingerprint   u64
//!  40  session table        u64, its offset in the region
//!  48  root                 u64, its offset in the region
//!  56  description offset   u32
//!  60  description length   u32
//!  64  name length          u32
//!  72  name of the root     160 bytes, UTF-8, zero-padded
//! 248  checksum             u64, FNV-1a over everything before it and over the description
//! 256  layout description   text
//! ```
//!
//! [`parse`] is total: any bytes give a header or an error that names the fault, in the order in which a reader can know
//! anything at all: enough bytes, the magic, the version, the byte order, the lengths, the checksum, and only then the
//! places of things. The checksum tells garbage from a region. It is no defence against somebody who wants to deceive: what
//! a header says is compared with what the program expects, and never trusted as a length or an index.

use core::fmt;

/// The unit, and the least size, of the header area: pages of every size that Linux uses divide it.
pub const HEADER_BYTES: usize = 64 * 1024;

/// The largest header area that [`parse`] accepts; it bounds what a reader of a foreign file has to read.
pub const MAX_HEADER_BYTES: usize = 256 * HEADER_BYTES;

/// The largest region that [`parse`] accepts. A region is mapped at a multiple of its size, rounded up to a power of two;
/// larger ones find no such place in an address space of 47 bits.
pub const MAX_REGION_BYTES: u64 = 1 << 45;

/// Bytes kept for the name of the root type; longer names are cut.
pub const NAME_BYTES: usize = 160;

/// The length of the fixed fields, and the offset of the layout description.
pub const FIXED_BYTES: usize = 256;

/// The version of the format that this build reads and writes.
pub const FORMAT_VERSION: u32 = 1;

/// The first byte is no ASCII and no UTF-8 start; the line end shows transfers that rewrite line ends.
const MAGIC: [u8; 8] = *b"\xF7POOLS\r\n";

const ENDIANNESS_MARK: u32 = 0x0A0B_0C0D;

const AT_VERSION: usize = 8;
const AT_MARK: usize = 12;
const AT_HEADER_LEN: usize = 16;
const AT_SESSION_COUNT: usize = 20;
const AT_REGION_LEN: usize = 24;
const AT_FINGERPRINT: usize = 32;
const AT_SESSION_TABLE: usize = 40;
const AT_ROOT: usize = 48;
const AT_DESCRIPTION: usize = 56;
const AT_DESCRIPTION_LEN: usize = 60;
const AT_NAME_LEN: usize = 64;
const AT_NAME: usize = 72;
const AT_CHECKSUM: usize = 248;

/// Returns the length of a header area that holds a description of so many bytes, or `None` where that is more than
/// [`MAX_HEADER_BYTES`].
///
/// # Examples
///
/// ```
/// use pool_core::header::{HEADER_BYTES, header_len};
///
/// assert_eq!(header_len(2_000), Some(HEADER_BYTES));
/// assert_eq!(header_len(100_000), Some(2 * HEADER_BYTES));
/// ```
#[must_use]
pub const fn header_len(description_len: usize) -> Option<usize> {
    if description_len > MAX_HEADER_BYTES - FIXED_BYTES {
        return None;
    }
    Some((FIXED_BYTES + description_len).next_multiple_of(HEADER_BYTES))
}

/// The name of a root type, cut to [`NAME_BYTES`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RootName {
    len: u8,
    bytes: [u8; NAME_BYTES],
}

impl RootName {
    /// Keeps as much of `name` as fits, in whole characters.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut len = name.len().min(NAME_BYTES);
        while !name.is_char_boundary(len) {
            len -= 1;
        }
        Self::from_prefix(name.as_bytes(), len)
    }

    /// Returns the bytes of the name: UTF-8 where this library wrote them, anything where somebody else did.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&[])
    }

    /// `len` is at most [`NAME_BYTES`] and the length of `source`; what does not fit is left out.
    fn from_prefix(source: &[u8], len: usize) -> Self {
        let mut name = Self { len: 0, bytes: [0; NAME_BYTES] };
        for (to, from) in name.bytes.iter_mut().zip(source.iter().take(len)) {
            *to = *from;
            name.len += 1;
        }
        name
    }
}

impl fmt::Display for RootName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.as_bytes().utf8_chunks() {
            f.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                f.write_str("\u{FFFD}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for RootName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

/// What a header says about its region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderFields {
    /// Length of the header area: [`header_len`] of the description's length.
    pub header_len: u32,
    /// Length of the whole region, the header included.
    pub region_len: u64,
    /// Fingerprint of the root's layout.
    pub fingerprint: u64,
    /// Offset of the table of session records.
    pub session_table: u64,
    /// How many session records the table has.
    pub session_count: u32,
    /// Offset of the root.
    pub root: u64,
    /// Name of the root type.
    pub name: RootName,
}

/// A header as found in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The fixed fields.
    pub fields: HeaderFields,
    /// The layout description, as text in UTF-8 where this library wrote it.
    pub description: &'a [u8],
}

/// Why some bytes are not the header of a region that this build can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderError {
    /// There are fewer bytes than the header has.
    TooShort {
        /// How many there are.
        len: usize,
        /// How many the header has, as far as can be seen in those that are there.
        needed: usize,
    },
    /// The bytes do not start as a region does.
    NotARegion {
        /// What stands in place of the mark.
        found: [u8; 8],
    },
    /// The region was made by a build that writes another format.
    Version {
        /// The version of this build.
        expected: u32,
        /// The version of the region.
        found: u32,
    },
    /// The region was made on a machine with another byte order.
    Endianness {
        /// The mark as this machine writes it.
        expected: u32,
        /// The mark as it reads here.
        found: u32,
    },
    /// The length of the header area is none that can be.
    HeaderLength {
        /// What the header says.
        found: u32,
        /// The least length for a description as long as this one; lengths are multiples of it.
        unit: usize,
        /// The greatest length.
        highest: usize,
    },
    /// The layout description does not lie in the header area.
    Description {
        /// Where the header says that it starts.
        offset: u32,
        /// Its length.
        len: u32,
        /// The length of the header area.
        header_len: usize,
    },
    /// The header was damaged, or never was one.
    Checksum {
        /// The checksum of what was read.
        expected: u64,
        /// The checksum that stands there.
        found: u64,
    },
    /// The length of the region is none that can be.
    RegionLength {
        /// What the header says.
        found: u64,
        /// The least length: that of the header area.
        lowest: u64,
        /// The greatest length.
        highest: u64,
    },
    /// Something is said to lie outside of the region.
    Place {
        /// What: `session table` or `root`.
        what: &'static str,
        /// The offset that the header says.
        found: u64,
        /// The first offset after the header area.
        lowest: u64,
        /// The length of the region.
        end: u64,
    },
    /// The name of the root is longer than its place.
    Name {
        /// The length that the header says.
        len: u32,
        /// The length of its place.
        limit: usize,
    },
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooShort { len, needed } => {
                write!(f, "the region is cut short: its header takes {needed} bytes, found {len}")
            }
            Self::NotARegion { found } => write!(
                f,
                "not a region: it starts with the bytes \"{}\", expected \"{}\"",
                found.escape_ascii(),
                MAGIC.escape_ascii()
            ),
            Self::Version { expected, found } => {
                write!(f, "the region has format version {found}, this build reads version {expected}")
            }
            Self::Endianness { expected, found } => write!(
                f,
                "the region was made with another byte order: its mark reads {found:#010x}, expected {expected:#010x}"
            ),
            Self::HeaderLength { found, unit, highest } => {
                write!(f, "the header says that it takes {found} bytes, expected a multiple of {unit} up to {highest}")
            }
            Self::Description { offset, len, header_len } => write!(
                f,
                "the layout description is said to take {len} bytes from offset {offset}, expected offset {FIXED_BYTES} and an end within the {header_len} bytes of the header"
            ),
            Self::Checksum { expected, found } => {
                write!(f, "the header is damaged: its checksum is {found:#018x}, expected {expected:#018x}")
            }
            Self::RegionLength { found, lowest, highest } => {
                write!(f, "the header says that the region takes {found} bytes, expected {lowest} to {highest}")
            }
            Self::Place { what, found, lowest, end } => {
                write!(f, "the {what} is said to lie at offset {found}, expected {lowest} to {end}")
            }
            Self::Name { len, limit } => {
                write!(f, "the name of the root is said to take {len} bytes, expected at most {limit}")
            }
        }
    }
}

impl core::error::Error for HeaderError {}

/// Writes the header area of a region into `out`, and zeros after the description.
///
/// `out` has exactly [`HeaderFields::header_len`] bytes, which is [`header_len`] of the description's length.
///
/// # Errors
///
/// [`HeaderError::TooShort`] where `out` is shorter, and the error that [`parse`] would give for such fields otherwise:
/// what this function writes can be read.
pub fn encode(fields: &HeaderFields, description: &[u8], out: &mut [u8]) -> Result<(), HeaderError> {
    let area = checked_header_len(fields.header_len)?;
    let description_len = u32::try_from(description.len()).unwrap_or(u32::MAX);
    check_description(description_len, FIXED_BYTES as u32, area)?;
    check_places(fields)?;
    let len = out.len();
    let out = out.get_mut(..area).ok_or(HeaderError::TooShort { len, needed: area })?;
    out.fill(0);
    put(out, 0, &MAGIC);
    put(out, AT_VERSION, &FORMAT_VERSION.to_le_bytes());
    put(out, AT_MARK, &ENDIANNESS_MARK.to_ne_bytes());
    put(out, AT_HEADER_LEN, &fields.header_len.to_le_bytes());
    put(out, AT_SESSION_COUNT, &fields.session_count.to_le_bytes());
    put(out, AT_REGION_LEN, &fields.region_len.to_le_bytes());
    put(out, AT_FINGERPRINT, &fields.fingerprint.to_le_bytes());
    put(out, AT_SESSION_TABLE, &fields.session_table.to_le_bytes());
    put(out, AT_ROOT, &fields.root.to_le_bytes());
    put(out, AT_DESCRIPTION, &(FIXED_BYTES as u32).to_le_bytes());
    put(out, AT_DESCRIPTION_LEN, &description_len.to_le_bytes());
    put(out, AT_NAME_LEN, &u32::from(fields.name.len).to_le_bytes());
    put(out, AT_NAME, &fields.name.bytes);
    put(out, FIXED_BYTES, description);
    let sum = checksum(out, description);
    put(out, AT_CHECKSUM, &sum.to_le_bytes());
    Ok(())
}

/// Reads the header at the start of `bytes`.
///
/// Bytes after the header area are ignored. Where there are too few, [`HeaderError::TooShort`] tells how many it takes, at
/// most [`MAX_HEADER_BYTES`], so that a reader can start with [`FIXED_BYTES`] and come back.
///
/// # Errors
///
/// Whatever is wrong with the bytes; see [`HeaderError`].
pub fn parse(bytes: &[u8]) -> Result<Header<'_>, HeaderError> {
    let short = |needed| HeaderError::TooShort { len: bytes.len(), needed };
    let found: [u8; 8] = take(bytes, 0).ok_or(short(FIXED_BYTES))?;
    if found != MAGIC {
        return Err(HeaderError::NotARegion { found });
    }
    let fixed = bytes.get(..FIXED_BYTES).ok_or(short(FIXED_BYTES))?;
    let number = |at| take(fixed, at).map_or(0, u32::from_le_bytes);
    let long = |at| take(fixed, at).map_or(0, u64::from_le_bytes);

    let found = number(AT_VERSION);
    if found != FORMAT_VERSION {
        return Err(HeaderError::Version { expected: FORMAT_VERSION, found });
    }
    let found = take(fixed, AT_MARK).map_or(0, u32::from_ne_bytes);
    if found != ENDIANNESS_MARK {
        return Err(HeaderError::Endianness { expected: ENDIANNESS_MARK, found });
    }
    let area = checked_header_len(number(AT_HEADER_LEN))?;
    let description_len = number(AT_DESCRIPTION_LEN);
    check_description(description_len, number(AT_DESCRIPTION), area)?;
    let bytes = bytes.get(..area).ok_or(short(area))?;
    let description =
        bytes.get(FIXED_BYTES..).and_then(|rest| rest.get(..description_len as usize)).ok_or(short(area))?;
    let (expected, found) = (checksum(fixed, description), long(AT_CHECKSUM));
    if expected != found {
        return Err(HeaderError::Checksum { expected, found });
    }

    let name_len = number(AT_NAME_LEN);
    if name_len as usize > NAME_BYTES {
        return Err(HeaderError::Name { len: name_len, limit: NAME_BYTES });
    }
    let name = fixed.get(AT_NAME..).unwrap_or(&[]);
    let fields = HeaderFields {
        header_len: number(AT_HEADER_LEN),
        region_len: long(AT_REGION_LEN),
        fingerprint: long(AT_FINGERPRINT),
        session_table: long(AT_SESSION_TABLE),
        session_count: number(AT_SESSION_COUNT),
        root: long(AT_ROOT),
        name: RootName::from_prefix(name, name_len as usize),
    };
    check_places(&fields)?;
    Ok(Header { fields, description })
}

fn checked_header_len(found: u32) -> Result<usize, HeaderError> {
    let len = found as usize;
    if len == 0 || !len.is_multiple_of(HEADER_BYTES) || len > MAX_HEADER_BYTES {
        return Err(HeaderError::HeaderLength { found, unit: HEADER_BYTES, highest: MAX_HEADER_BYTES });
    }
    Ok(len)
}

/// The header area is as long as the description asks for, no longer: so there is one encoding of every header.
fn check_description(len: u32, offset: u32, header_len: usize) -> Result<(), HeaderError> {
    let fits = offset as usize == FIXED_BYTES && self::header_len(len as usize) == Some(header_len);
    if fits { Ok(()) } else { Err(HeaderError::Description { offset, len, header_len }) }
}

fn check_places(fields: &HeaderFields) -> Result<(), HeaderError> {
    let (lowest, end) = (u64::from(fields.header_len), fields.region_len);
    if !(lowest..=MAX_REGION_BYTES).contains(&end) {
        return Err(HeaderError::RegionLength { found: end, lowest, highest: MAX_REGION_BYTES });
    }
    for (what, found) in [("session table", fields.session_table), ("root", fields.root)] {
        if !(lowest..=end).contains(&found) {
            return Err(HeaderError::Place { what, found, lowest, end });
        }
    }
    Ok(())
}

/// FNV-1a: every step is a bijection of the state, so that a change of any one byte changes the sum for certain.
fn checksum(fixed: &[u8], description: &[u8]) -> u64 {
    fixed
        .iter()
        .take(AT_CHECKSUM)
        .chain(description)
        .fold(0xCBF2_9CE4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3))
}

fn put(out: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = out.get_mut(at..).and_then(|rest| rest.get_mut(..bytes.len())) {
        place.copy_from_slice(bytes);
    }
}

fn take<const K: usize>(bytes: &[u8], at: usize) -> Option<[u8; K]> {
    bytes.get(at..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::ToString;
    use std::{vec, vec::Vec};

    use super::*;

    const TEXT: &[u8] = b"root World\n  messages Pool<Message, 1024>\n";

    fn fields() -> HeaderFields {
        HeaderFields {
            header_len: HEADER_BYTES as u32,
            region_len: 1 << 20,
            fingerprint: 0x0123_4567_89AB_CDEF,
            session_table: HEADER_BYTES as u64,
            session_count: 40,
            root: 2 * HEADER_BYTES as u64,
            name: RootName::new("World"),
        }
    }

    fn image() -> Vec<u8> {
        let mut out = vec![0xAA; HEADER_BYTES];
        encode(&fields(), TEXT, &mut out).unwrap();
        out
    }

    /// Puts a value in and makes the checksum right again: what a hostile writer would do.
    fn forged(at: usize, bytes: &[u8]) -> Vec<u8> {
        let mut out = image();
        put(&mut out, at, bytes);
        let len = u32::from_le_bytes(take(&out, AT_DESCRIPTION_LEN).unwrap()) as usize;
        let end = (FIXED_BYTES + len).min(out.len());
        let sum = checksum(&out, &out[FIXED_BYTES..end]);
        put(&mut out, AT_CHECKSUM, &sum.to_le_bytes());
        out
    }

    /// A small generator, so that a failure repeats.
    fn random(state: &mut u64) -> u64 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *state ^ (*state >> 29)
    }

    #[test]
    fn what_is_written_is_read() {
        let image = image();
        let header = parse(&image).unwrap();
        assert_eq!(header.fields, fields());
        assert_eq!(header.description, TEXT);
        assert!(image[FIXED_BYTES + TEXT.len()..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_long_description_takes_more_units() {
        let text = vec![b'x'; HEADER_BYTES];
        let len = header_len(text.len()).unwrap();
        let fields = HeaderFields { header_len: len as u32, root: len as u64, session_table: len as u64, ..fields() };
        let mut out = vec![0; len];
        encode(&fields, &text, &mut out).unwrap();
        assert_eq!(parse(&out), Ok(Header { fields, description: &text }));
        assert_eq!(parse(&out[..HEADER_BYTES]), Err(HeaderError::TooShort { len: HEADER_BYTES, needed: len }));
        assert_eq!(header_len(MAX_HEADER_BYTES - FIXED_BYTES), Some(MAX_HEADER_BYTES));
        assert_eq!(header_len(MAX_HEADER_BYTES - FIXED_BYTES + 1), None);
        assert_eq!(header_len(usize::MAX), None);
    }

    #[test]
    fn every_truncation_is_told() {
        let image = image();
        for len in 0..image.len() {
            let needed = if len < FIXED_BYTES { FIXED_BYTES } else { HEADER_BYTES };
            assert_eq!(parse(&image[..len]), Err(HeaderError::TooShort { len, needed }));
        }
    }

    #[test]
    fn every_flip_in_the_fixed_part_or_the_description_is_an_error() {
        let image = image();
        for at in 0..FIXED_BYTES + TEXT.len() {
            for bit in 0..8 {
                let mut damaged = image.clone();
                damaged[at] ^= 1 << bit;
                let error = parse(&damaged).expect_err("a flipped bit");
                assert!(!error.to_string().is_empty());
            }
        }
    }

    #[test]
    fn faults_are_named_in_order() {
        let mut other = image();
        other[0] = b'E';
        assert_eq!(parse(&other), Err(HeaderError::NotARegion { found: *b"EPOOLS\r\n" }));
        assert_eq!(
            parse(&forged(AT_VERSION, &2_u32.to_le_bytes())),
            Err(HeaderError::Version { expected: 1, found: 2 })
        );
        assert_eq!(
            parse(&forged(AT_MARK, &ENDIANNESS_MARK.swap_bytes().to_ne_bytes())),
            Err(HeaderError::Endianness { expected: ENDIANNESS_MARK, found: 0x0D0C_0B0A })
        );
        let mut damaged = image();
        damaged[FIXED_BYTES] ^= 1;
        assert!(matches!(parse(&damaged), Err(HeaderError::Checksum { .. })));
    }

    #[test]
    fn a_header_with_a_right_checksum_is_still_checked() {
        for bad in [0_u32, 1, 65_535, 65_537, MAX_HEADER_BYTES as u32 + 65_536, u32::MAX] {
            let image = forged(AT_HEADER_LEN, &bad.to_le_bytes());
            assert!(matches!(parse(&image), Err(HeaderError::HeaderLength { found, .. }) if found == bad));
        }
        for bad in [HEADER_BYTES as u32 - 255, u32::MAX] {
            let image = forged(AT_DESCRIPTION_LEN, &bad.to_le_bytes());
            assert!(matches!(parse(&image), Err(HeaderError::Description { len, .. }) if len == bad));
        }
        let image = forged(AT_DESCRIPTION, &0_u32.to_le_bytes());
        assert!(matches!(parse(&image), Err(HeaderError::Description { offset: 0, .. })));
        let image = forged(AT_NAME_LEN, &161_u32.to_le_bytes());
        assert_eq!(parse(&image), Err(HeaderError::Name { len: 161, limit: NAME_BYTES }));
        for bad in [0, HEADER_BYTES as u64 - 1, MAX_REGION_BYTES + 1, u64::MAX] {
            let image = forged(AT_REGION_LEN, &bad.to_le_bytes());
            assert!(matches!(parse(&image), Err(HeaderError::RegionLength { found, .. }) if found == bad));
        }
        for (at, what) in [(AT_SESSION_TABLE, "session table"), (AT_ROOT, "root")] {
            for bad in [0, HEADER_BYTES as u64 - 1, (1 << 20) + 1, u64::MAX] {
                let image = forged(at, &bad.to_le_bytes());
                assert!(
                    matches!(parse(&image), Err(HeaderError::Place { what: w, found, .. }) if w == what && found == bad)
                );
            }
        }
    }

    #[test]
    fn random_bytes_are_no_region() {
        let mut state = 7;
        for _ in 0..20_000 {
            let len = random(&mut state) as usize % 600;
            let bytes: Vec<u8> = (0..len).map(|_| (random(&mut state) >> 40) as u8).collect();
            assert!(parse(&bytes).is_err());
        }
    }

    #[test]
    fn random_fields_behind_a_right_start_never_panic() {
        let mut state = 11;
        let image = image();
        for _ in 0..20_000 {
            let mut bytes = image[..4096].to_vec();
            for _ in 0..1 + random(&mut state) % 8 {
                let at = 16 + random(&mut state) as usize % (FIXED_BYTES - 16);
                bytes[at] = (random(&mut state) >> 40) as u8;
            }
            assert!(parse(&bytes).is_err());
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_written() {
        let mut out = vec![0; HEADER_BYTES];
        let short = encode(&fields(), TEXT, &mut out[..100]);
        assert_eq!(short, Err(HeaderError::TooShort { len: 100, needed: HEADER_BYTES }));
        let long = encode(&fields(), &vec![0; HEADER_BYTES], &mut out);
        assert!(matches!(long, Err(HeaderError::Description { .. })));
        let outside = HeaderFields { root: 1, ..fields() };
        assert!(matches!(encode(&outside, TEXT, &mut out), Err(HeaderError::Place { what: "root", .. })));
        let large = HeaderFields { region_len: u64::MAX, ..fields() };
        assert!(matches!(encode(&large, TEXT, &mut out), Err(HeaderError::RegionLength { .. })));
    }

    #[test]
    fn names_are_cut_at_a_character() {
        let long = "é".repeat(100);
        let name = RootName::new(&long);
        assert_eq!(name.as_bytes(), &long.as_bytes()[..NAME_BYTES]);
        let odd = RootName::new(&std::format!("x{long}"));
        assert_eq!(odd.as_bytes().len(), NAME_BYTES - 1);
        assert!(core::str::from_utf8(odd.as_bytes()).is_ok());
        let foreign = RootName::from_prefix(b"a\xFFb", 3);
        assert_eq!(foreign.to_string(), "a\u{FFFD}b");
    }
}
