//! `Options<R>`: regions with other options than the usual.
#![expect(unsafe_code, reason = "declares the method that widens trust unsafe")]

use core::{fmt, marker::PhantomData};
use std::{os::fd::OwnedFd, path::Path};

use crate::{
    Mapped, Root,
    backing::{self, Backing, Candidate, Opened, Spec},
    error::{AttachError, CreateError, CreateOrAttachError},
    options::RegionOptions,
    region::{Blueprint, Region},
};

/// Makes or finds a region with other options than the usual; from [`Mapped::options`].
///
/// # Examples
///
/// ```
/// use pool_typed::{Mapped, Outcome, Pool};
///
/// let region = Mapped::<Pool<u64, 1024>>::options().prefault(true).huge_pages(true).memfd()?;
/// assert_eq!(region.report().prefault, Outcome::Granted);
/// println!("huge pages: {}", region.report().huge_pages);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "options do nothing until a region is created or attached"]
pub struct Options<R: Root> {
    options: RegionOptions,
    _root: PhantomData<fn() -> R>,
}

impl<R: Root> Options<R> {
    pub(crate) fn new() -> Self {
        Self { options: RegionOptions::default(), _root: PhantomData }
    }

    /// Sets the permission bits of what is created, whatever the umask says; 0600 by default.
    pub fn mode(mut self, mode: u32) -> Self {
        self.options.mode = mode;
        self
    }

    /// Takes all memory at creation, so that a lack of it is an error there and not a signal at the first touch.
    pub fn reserve(mut self, reserve: bool) -> Self {
        self.options.reserve = reserve;
        self
    }

    /// Fills the page tables of this process for writing, so that no first access faults. Every process that wants that
    /// has to ask for it.
    ///
    /// It makes a region faster and never wrong, so a refusal is no error: see [`Mapped::report`].
    pub fn prefault(mut self, prefault: bool) -> Self {
        self.options.prefault = prefault;
        self
    }

    /// Asks for transparent huge pages. A refusal is no error: see [`Mapped::report`].
    pub fn huge_pages(mut self, huge_pages: bool) -> Self {
        self.options.huge_pages = huge_pages;
        self
    }

    /// Asks to keep the region in memory. A refusal is no error: see [`Mapped::report`].
    pub fn lock(mut self, lock: bool) -> Self {
        self.options.lock = lock;
        self
    }

    /// Accepts regions that others own, can write to, or can truncate.
    ///
    /// # Safety
    ///
    /// Everybody who can write to the region uses this library with the same root, and does not truncate or punch the
    /// memory behind it.
    pub unsafe fn trust_others(mut self) -> Self {
        self.options.trust_others = true;
        self
    }

    fn make(&self, how: impl FnOnce(&Spec<'_>) -> Result<Backing, CreateError>) -> Result<Mapped<R>, CreateError> {
        let blueprint = Blueprint::of(R::LAYOUT)?;
        let backing = how(&Spec { len: blueprint.bytes, header: &blueprint.header, options: &self.options })?;
        Ok(Mapped::over(Region::created(backing, R::LAYOUT)?))
    }

    fn find(&self, candidate: Candidate) -> Result<Mapped<R>, AttachError> {
        Ok(Mapped::over(Region::found(candidate, R::LAYOUT, &self.options)?))
    }

    /// See [`Mapped::create`].
    ///
    /// # Errors
    ///
    /// See [`CreateError`].
    pub fn create(&self, name: &str) -> Result<Mapped<R>, CreateError> {
        self.make(|spec| backing::create_named(name, spec))
    }

    /// See [`Mapped::attach`].
    ///
    /// # Errors
    ///
    /// See [`AttachError`].
    pub fn attach(&self, name: &str) -> Result<Mapped<R>, AttachError> {
        self.find(Candidate::named(name, &self.options)?)
    }

    /// See [`Mapped::create_or_attach`].
    ///
    /// # Errors
    ///
    /// See [`CreateOrAttachError`].
    pub fn create_or_attach(&self, name: &str) -> Result<Mapped<R>, CreateOrAttachError> {
        let blueprint = Blueprint::of(R::LAYOUT)?;
        let spec = Spec { len: blueprint.bytes, header: &blueprint.header, options: &self.options };
        match backing::create_or_attach_named(name, &spec)? {
            Opened::Created(backing) => Ok(Mapped::over(Region::created(backing, R::LAYOUT).map_err(CreateError::Io)?)),
            Opened::Found(candidate) => Ok(self.find(candidate)?),
        }
    }

    /// See [`Mapped::create_file`].
    ///
    /// # Errors
    ///
    /// See [`CreateError`].
    pub fn create_file(&self, path: impl AsRef<Path>) -> Result<Mapped<R>, CreateError> {
        self.make(|spec| backing::create_file(path.as_ref(), spec))
    }

    /// See [`Mapped::attach_file`].
    ///
    /// # Errors
    ///
    /// See [`AttachError`].
    pub fn attach_file(&self, path: impl AsRef<Path>) -> Result<Mapped<R>, AttachError> {
        self.find(Candidate::file(path.as_ref(), &self.options)?)
    }

    /// See [`Mapped::memfd`].
    ///
    /// # Errors
    ///
    /// See [`CreateError`].
    pub fn memfd(&self) -> Result<Mapped<R>, CreateError> {
        self.make(|spec| backing::memfd(&R::LAYOUT.name.to_string(), spec))
    }

    /// See [`Mapped::from_fd`].
    ///
    /// # Errors
    ///
    /// See [`AttachError`].
    pub fn from_fd(&self, fd: OwnedFd) -> Result<Mapped<R>, AttachError> {
        self.find(Candidate::from_fd(fd, &self.options)?)
    }

    /// See [`Mapped::heap`].
    ///
    /// # Errors
    ///
    /// See [`CreateError`].
    pub fn heap(&self) -> Result<Mapped<R>, CreateError> {
        self.make(backing::heap)
    }
}

impl<R: Root> fmt::Debug for Options<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.options.fmt(f)
    }
}
