//! Whatever the bytes are, reading them gives a header or names a fault.

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
    assert_eq!(parse(&forged(AT_VERSION, &2_u32.to_le_bytes())), Err(HeaderError::Version { expected: 1, found: 2 }));
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
