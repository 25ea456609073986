//! Regions as files: what others see of them at any time, and what is refused.

#![allow(unsafe_code, reason = "reads and writes of mapped bytes")]

mod creation;
mod memory;
mod trust;

use std::fs::{self, File, Permissions};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use pool_core::header::{HEADER_BYTES, HeaderError, HeaderFields, RootName, encode};
use rustix::fs::{SealFlags, ftruncate};
use rustix::process::{Resource, Rlimit, setrlimit};

use super::*;
use crate::error::NameError;
use crate::sys::locks::LockFile;
use crate::sys::testing::{Exit, Line, Unique, alone, sleep_for_ever, stop_to_be_traced};

const LEN: u64 = 4 * HEADER_BYTES as u64;
const TEXT: &str = "root World\n";

fn fields(region_len: u64) -> HeaderFields {
    HeaderFields {
        header_len: HEADER_BYTES as u32,
        region_len,
        fingerprint: 42,
        session_table: HEADER_BYTES as u64,
        session_count: 40,
        root: 2 * HEADER_BYTES as u64,
        name: RootName::new("World"),
    }
}

fn header(region_len: u64) -> Vec<u8> {
    let mut out = vec![0; HEADER_BYTES];
    encode(&fields(region_len), TEXT.as_bytes(), &mut out).unwrap();
    out
}

/// Calls with a region of [`LEN`] bytes.
fn with_spec<T>(options: &RegionOptions, call: impl FnOnce(&Spec<'_>) -> T) -> T {
    call(&Spec { len: LEN, header: &header(LEN), options })
}

fn plain() -> RegionOptions {
    RegionOptions::default()
}

fn trusting() -> RegionOptions {
    RegionOptions { trust_others: true, ..plain() }
}

fn create_plain(name: &Unique) -> Result<Backing, CreateError> {
    with_spec(&plain(), |spec| create_named(name.name(), spec))
}

fn attach_plain(name: &Unique) -> Result<Backing, AttachError> {
    Candidate::named(name.name(), &plain())?.map(&plain())
}

fn get(backing: &Backing, at: usize) -> u8 {
    assert!(at < backing.mapping.len());
    let byte = backing.mapping.base().as_ptr().wrapping_add(at);
    // SAFETY: it lies in the mapping.
    unsafe { byte.read_volatile() }
}

fn put(backing: &Backing, at: usize, byte: u8) {
    assert!(at < backing.mapping.len());
    let place = backing.mapping.base().as_ptr().wrapping_add(at);
    // SAFETY: it lies in the mapping; nobody has a reference to it.
    unsafe { place.write_volatile(byte) }
}

/// Entries of the shm filesystem that this process made under temporary names.
fn temporary_names(pid: u32) -> Vec<String> {
    let prefix = format!(".pool-region-{pid}-");
    let names = fs::read_dir("/dev/shm").unwrap().map(|entry| entry.unwrap().file_name().into_string());
    names.filter_map(Result::ok).filter(|name| name.starts_with(&prefix)).collect()
}
