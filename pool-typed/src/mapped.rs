//! `Mapped<R>`: a region with root `R`, mapped into this process.

use core::{fmt, marker::PhantomData, ptr::NonNull};
use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
};

use crate::{
    Audit, Departed, Options, Report, Root, Session, SessionInfo, backing,
    error::{AttachError, CreateError, CreateOrAttachError, JoinError, UnlinkError},
    region::Region,
};

/// A region of memory with root `R`, mapped into this process.
///
/// | place | made by | found by |
/// |---|---|---|
/// | a name | [`create`](Self::create), [`create_or_attach`](Self::create_or_attach) | [`attach`](Self::attach) |
/// | a file | [`create_file`](Self::create_file) | [`attach_file`](Self::attach_file) |
/// | a descriptor | [`memfd`](Self::memfd) | [`from_fd`](Self::from_fd) |
/// | this process | [`heap`](Self::heap) | |
///
/// A region that is being created is not there for others until it is complete, and a creator that is killed leaves
/// nothing. Memory is taken as it is touched; [`options`](Self::options) can ask for more.
///
/// Any thread may [`join`](Self::join). Dropping the value unmaps the region; what its sessions had is free by then.
/// The same region may be mapped several times in one process.
///
/// # Trust
///
/// A region belongs to one user: it is created with mode 0600, and attaching to one that is somebody else's, or that
/// others can write to, is an error. Within that, this library believes nothing that it reads from a region: an index
/// is checked, a loop is bounded by what is known at compile time. A peer that scribbles can spoil data, and what a
/// `&T` refers to; it cannot make this library access memory out of bounds, or keep it from returning. Two things no
/// library can help against: a peer of the same user that truncates the *file* behind a region (a memfd is sealed
/// against it), and one that writes an object which somebody else borrows. [`SessionPool::read`](crate::SessionPool::read)
/// copies what an untrusted peer wrote.
///
/// # Examples
///
/// ```
/// use pool_typed::{Mapped, Pool, Root};
///
/// /// Everything that the processes share.
/// #[derive(Root)]
/// #[repr(C)]
/// struct World {
///     numbers: Pool<u64, 1024>,
/// }
///
/// let region = Mapped::<World>::memfd()?;
/// let me = region.join()?;
/// let number = me.numbers.alloc(7)?;
/// # drop(number);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Mapped<R> {
    region: Region,
    _root: PhantomData<fn() -> R>,
}

// The bound on `R` stands on the constructors: on the impl or the struct it would be a second error (E0599).
impl<R> Mapped<R> {
    /// Returns a builder for regions with other options than the usual.
    pub fn options() -> Options<R>
    where
        R: Root,
    {
        Options::new()
    }

    /// Creates a region with a name like `/broker`, in POSIX shared memory.
    ///
    /// # Errors
    ///
    /// See [`CreateError`]: `Exists` where the name is taken.
    pub fn create(name: &str) -> Result<Self, CreateError>
    where
        R: Root,
    {
        Self::options().create(name)
    }

    /// Maps the region with this name, and reaps the dead in it.
    ///
    /// # Errors
    ///
    /// See [`AttachError`]: `NotFound`, `Layout` where it has another root or that of another build, ..
    pub fn attach(name: &str) -> Result<Self, AttachError>
    where
        R: Root,
    {
        Self::options().attach(name)
    }

    /// Maps the region with this name, or creates it.
    ///
    /// # Errors
    ///
    /// See [`CreateOrAttachError`].
    pub fn create_or_attach(name: &str) -> Result<Self, CreateOrAttachError>
    where
        R: Root,
    {
        Self::options().create_or_attach(name)
    }

    /// Creates a region in a file.
    ///
    /// # Errors
    ///
    /// See [`CreateError`].
    pub fn create_file(path: impl AsRef<Path>) -> Result<Self, CreateError>
    where
        R: Root,
    {
        Self::options().create_file(path)
    }

    /// Maps the region in a file, and reaps the dead in it.
    ///
    /// # Errors
    ///
    /// See [`AttachError`].
    pub fn attach_file(path: impl AsRef<Path>) -> Result<Self, AttachError>
    where
        R: Root,
    {
        Self::options().attach_file(path)
    }

    /// Creates a region without a name, for others that are given its descriptor ([`AsFd`]). It can neither shrink nor
    /// grow.
    ///
    /// # Errors
    ///
    /// See [`CreateError`].
    pub fn memfd() -> Result<Self, CreateError>
    where
        R: Root,
    {
        Self::options().memfd()
    }

    /// Maps the region behind a descriptor, as received over a socket, and reaps the dead in it.
    ///
    /// # Errors
    ///
    /// See [`AttachError`]: `Unsealed` where the memory could shrink or grow.
    pub fn from_fd(fd: OwnedFd) -> Result<Self, AttachError>
    where
        R: Root,
    {
        Self::options().from_fd(fd)
    }

    /// Creates a region for the threads of this process.
    ///
    /// # Errors
    ///
    /// See [`CreateError`].
    pub fn heap() -> Result<Self, CreateError>
    where
        R: Root,
    {
        Self::options().heap()
    }

    /// Removes a name. Who has the region mapped keeps it.
    ///
    /// # Errors
    ///
    /// See [`UnlinkError`].
    pub fn unlink(name: &str) -> Result<(), UnlinkError>
    where
        R: Root,
    {
        backing::unlink(name)
    }
}

impl<R: Root> Mapped<R> {
    pub(crate) fn over(region: Region) -> Self {
        Self { region, _root: PhantomData }
    }

    /// Joins the region: makes a session for the calling thread, named after the program.
    ///
    /// It reaps the dead first. Costs some ten system calls, and as many for each session that is there.
    ///
    /// # Errors
    ///
    /// [`JoinError::TooManySessions`] where 40 are there, with a list of who they are.
    pub fn join(&self) -> Result<Session<'_, R>, JoinError> {
        Ok(Session::new(self.region.join(None)?))
    }

    /// Joins the region under a name of at most 32 bytes (the rest is cut), which audits and errors show.
    ///
    /// # Errors
    ///
    /// As for [`join`](Self::join).
    pub fn join_as(&self, name: &str) -> Result<Session<'_, R>, JoinError> {
        Ok(Session::new(self.region.join(Some(name))?))
    }

    /// Gives back what dead sessions had, and tells of each.
    ///
    /// This runs by itself when a region is attached or joined, when a pool seems full, and when somebody is in the way
    /// of a `take`. Sessions that go on working are not disturbed.
    pub fn reap(&self) -> Vec<Departed> {
        let mut all = Vec::new();
        self.region.reap_all(|departed| all.push(departed));
        all
    }

    /// Counts and checks everything. Exact when the region is at rest, an estimate while others work.
    #[must_use]
    pub fn audit(&self) -> Audit {
        Audit::of(&self.region)
    }

    /// Lists the sessions.
    #[must_use]
    pub fn sessions(&self) -> Vec<SessionInfo> {
        self.region.sessions()
    }

    /// Tells what became of the requests for prefaulting, huge pages and locking.
    #[must_use]
    pub fn report(&self) -> Report {
        self.region.report()
    }

    /// Returns the size of the region in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.region.bytes()
    }

    /// Returns the address of the region's header.
    ///
    /// It is a multiple of [`alignment`](Self::alignment), so `address & !(alignment - 1)` finds it from the address of
    /// any object.
    #[must_use]
    pub fn base(&self) -> NonNull<u8> {
        self.region.base()
    }

    /// Returns a power of two that is at least the size of the region.
    #[must_use]
    pub fn alignment(&self) -> usize {
        self.region.alignment()
    }

    /// Returns the descriptor of the region, for passing it on; `None` for a region of this process alone.
    #[must_use]
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.region.file().map(AsFd::as_fd)
    }

    /// Keeps the region mapped until the process ends, for programs that want it and its sessions in one struct.
    #[must_use]
    pub fn leak(self) -> &'static Self {
        Box::leak(Box::new(self))
    }
}

impl<R: Root> fmt::Debug for Mapped<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapped")
            .field("root", &format_args!("{}", R::LAYOUT.name))
            .field("base", &self.base())
            .field("bytes", &self.bytes())
            .finish()
    }
}
