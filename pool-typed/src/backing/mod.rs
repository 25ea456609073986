//! Where the bytes of a region come from, and how they are found again.
//!
//! **Creation is one step for everybody else.** A region is a file without a name while its length, its mode, its header and
//! its memory are set, and mapped; the last step links it to its name, which fails if the name is taken. A creator that is
//! killed before leaves nothing, and whoever finds the name finds a whole region (see [`staging`]).
//!
//! **Attaching maps nothing that was not checked.** The file is looked at before it is opened, its header is read and not
//! mapped, its length is compared with the header's, and the caller compares layouts, all before the first byte is mapped
//! (see [`candidate`]). So a region that is cut short, foreign or no region at all is an error and not a signal.
//!
//! Locks are never taken on the descriptor kept here: regions are mapped through it, and others may have received it.

mod candidate;
mod staging;
#[cfg(test)]
mod tests;

use std::os::fd::OwnedFd;
use std::path::Path;

use pool_core::header;
use rustix::fs::{AtFlags, MemfdFlags, Mode, SealFlags, fchmod, fcntl_add_seals, memfd_create, unlinkat};
use rustix::io::Errno;

pub(crate) use self::candidate::Candidate;
use self::staging::Staged;
use crate::error::{AttachError, CreateError, CreateOrAttachError, OTHERS_WRITE, OsError, UnlinkError};
use crate::options::{Outcome, RegionOptions, Report};
use crate::sys::huge::{Memory, check_policy};
use crate::sys::mapping::Mapping;
use crate::sys::name::Location;

/// How often [`create_or_attach`](create_or_attach_named) looks for a name and tries to take it.
const TURNS: u32 = 32;

/// What a region to be created looks like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec<'a> {
    /// The length of the region, as its header says it.
    pub(crate) len: u64,
    /// The encoded header area.
    pub(crate) header: &'a [u8],
    pub(crate) options: &'a RegionOptions,
}

impl Spec<'_> {
    /// Checks what every sort of creation needs: that the region could be attached.
    fn check(&self) -> Result<(), CreateError> {
        let RegionOptions { mode, trust_others, .. } = *self.options;
        let needed = 0o600;
        if mode & needed != needed || mode & !0o777 != 0 {
            return Err(CreateError::Mode { found: mode, needed });
        }
        if mode & OTHERS_WRITE != 0 && !trust_others {
            return Err(CreateError::WritableByOthers { mode });
        }
        let fields = header::parse(self.header)?.fields;
        assert_eq!(
            (fields.region_len, fields.header_len as usize),
            (self.len, self.header.len()),
            "the header of a new region tells its length"
        );
        Ok(())
    }

    fn mode(&self) -> Mode {
        Mode::from_raw_mode(self.options.mode)
    }
}

/// A mapped region, and the file behind it.
#[derive(Debug)]
pub(crate) struct Backing {
    pub(crate) mapping: Mapping,
    /// The file; none for a region of this process alone. No lock is ever taken on this description.
    pub(crate) file: Option<OwnedFd>,
    pub(crate) report: Report,
}

/// A region that was there, or one that is new.
#[derive(Debug)]
pub(crate) enum Opened {
    Created(Backing),
    /// Checked as far as can be without knowing the layout; not mapped yet.
    Found(Candidate),
}

/// Creates a region with a name in the shm filesystem.
pub(crate) fn create_named(name: &str, spec: &Spec<'_>) -> Result<Backing, CreateError> {
    create(&Location::named(name)?, spec)
}

/// Creates a region in a file.
pub(crate) fn create_file(path: &Path, spec: &Spec<'_>) -> Result<Backing, CreateError> {
    create(&Location::file(path)?, spec)
}

/// Finds the region with this name, or creates it.
pub(crate) fn create_or_attach_named(name: &str, spec: &Spec<'_>) -> Result<Opened, CreateOrAttachError> {
    let location = Location::named(name).map_err(AttachError::from)?;
    create_or_attach(|| Candidate::at(&location, spec.options), || create(&location, spec))
}

/// Creates a region without a name, in memory that can neither shrink nor grow.
///
/// `label` is for people: it shows where the system lists the mappings of a process.
pub(crate) fn memfd(label: &str, spec: &Spec<'_>) -> Result<Backing, CreateError> {
    spec.check()?;
    let file = unnamed(label)?;
    fchmod(&file, spec.mode()).map_err(OsError::of("set the mode of the region"))?;
    staging::fill(&file, spec)?;
    fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)
        .map_err(OsError::of("seal the region"))?;
    let (mapping, report) = map(&file, spec.len, spec.header.len(), spec.options, Memory::Unnamed)?;
    Ok(Backing { mapping, file: Some(file), report })
}

/// Creates a region of this process alone.
pub(crate) fn heap(spec: &Spec<'_>) -> Result<Backing, CreateError> {
    spec.check()?;
    let mapping = Mapping::private(spec.len, spec.header)?;
    let report = request(&mapping, spec.options, Memory::Private);
    if spec.options.reserve {
        // There is no other way to have memory of one process for certain.
        mapping.populate()?;
    }
    Ok(Backing { mapping, file: None, report })
}

/// Removes a name from the shm filesystem. Who has the region mapped keeps it.
pub(crate) fn unlink(name: &str) -> Result<(), UnlinkError> {
    let location = Location::named(name)?;
    let directory = location.open_directory().map_err(UnlinkError::Io)?;
    match unlinkat(&directory, location.entry(), AtFlags::empty()) {
        Ok(()) => Ok(()),
        Err(Errno::NOENT) => Err(UnlinkError::NotFound),
        Err(errno) => Err(UnlinkError::Io(OsError::new("remove the name of the region", errno))),
    }
}

fn create(location: &Location, spec: &Spec<'_>) -> Result<Backing, CreateError> {
    spec.check()?;
    let staged = Staged::new(location, spec)?;
    let (mapping, report) = map(staged.file(), spec.len, spec.header.len(), spec.options, Memory::Named)?;
    let file = staged.publish()?;
    Ok(Backing { mapping, file: Some(file), report })
}

fn create_or_attach(
    mut attach: impl FnMut() -> Result<Candidate, AttachError>,
    mut create: impl FnMut() -> Result<Backing, CreateError>,
) -> Result<Opened, CreateOrAttachError> {
    for _ in 0..TURNS {
        match attach() {
            Err(AttachError::NotFound { .. }) => {}
            found => return Ok(Opened::Found(found?)),
        }
        match create() {
            Err(CreateError::Exists { .. }) => {}
            created => return Ok(Opened::Created(created?)),
        }
    }
    Err(CreateOrAttachError::Unsettled { turns: TURNS })
}

/// Maps a file that is as long as it says, and makes the requests.
fn map(
    file: &OwnedFd,
    len: u64,
    header_len: usize,
    options: &RegionOptions,
    memory: Memory,
) -> Result<(Mapping, Report), OsError> {
    let mapping = Mapping::shared(file, len, header_len)?;
    let report = request(&mapping, options, memory);
    Ok((mapping, report))
}

/// Makes the requests, each after those that it depends on: page tables are filled with huge pages if there are any, and all
/// pages are locked at once only if all are wanted at once.
fn request(mapping: &Mapping, options: &RegionOptions, memory: Memory) -> Report {
    let mut report = Report::default();
    if options.huge_pages {
        report.huge_pages = Outcome::of(check_policy(memory).and_then(|()| mapping.advise_huge_pages()));
    }
    if options.prefault {
        report.prefault = Outcome::of(mapping.populate());
    }
    if options.lock {
        report.locked = Outcome::of(mapping.lock(options.prefault));
    }
    report
}

/// Makes an unnamed file in memory that can be sealed and never executed.
fn unnamed(label: &str) -> Result<OwnedFd, OsError> {
    // The kernel takes 249 bytes.
    let label = label.get(..label.floor_char_boundary(200)).unwrap_or_default().replace('\0', "?");
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    match memfd_create(&*label, flags | MemfdFlags::NOEXEC_SEAL) {
        // Kernels before 6.3.
        Err(Errno::INVAL) => memfd_create(&*label, flags),
        other => other,
    }
    .map_err(OsError::of("create memory without a name"))
}
