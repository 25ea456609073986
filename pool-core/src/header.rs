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

mod error;
#[cfg(test)]
mod tests;

use core::fmt;

pub use error::HeaderError;

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
