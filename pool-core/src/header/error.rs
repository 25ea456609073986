//! What a header can have wrong.

use core::fmt;

use super::{FIXED_BYTES, MAGIC};

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
