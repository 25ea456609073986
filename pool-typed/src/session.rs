//! `Session`: one thread's part in a region.
#![expect(unsafe_code, reason = "makes the views of the root's fields")]

use core::{fmt, marker::PhantomData, mem::ManuallyDrop, ops::Deref};

use crate::{
    Root,
    home::{AnyThread, InSession},
    region::Occupied,
};

/// One thread's part in a region: what it holds dies with it.
///
/// A session derefs to the view of its root, in which each field is bound to it: `session.messages.alloc(..)`. It stays
/// on its thread, and its guards with it; handles go anywhere. Join once per thread (and once for each signal handler
/// that wants to use the region), not once per operation: `join` makes system calls. The operations of a session make
/// none, but where a pool seems full, or somebody holds what is to be taken: then they look for the dead.
///
/// Dropping the session leaves the region; guards that were leaked are freed then. A session that is leaked itself keeps
/// its record until its process ends.
///
/// # Fork
///
/// A forked child inherits the mapping and copies of sessions and guards. Its copies can neither allocate nor free:
/// operations say `Forked`, and dropping a guard does nothing. The child joins anew (but for a region on the heap, of
/// which it has a copy). What a copied `PoolBox` derefs to is still the parent's object in shared memory: leave it alone.
/// That holds for a value under construction too: do not fork within the closure of `alloc_with`, nor from a signal
/// handler that interrupts an operation, and return into it.
///
/// A child that was forked keeps the kernel's locks of its parent's sessions. Where the parent dies that is noticed all
/// the same; where it replaces itself by `exec` it is not, so leave before `exec` where children live on.
///
/// # Descriptors
///
/// A session lives as long as its descriptor: a program that closes descriptors which it did not open (`closefrom`,
/// `close_range`) ends its sessions while it still uses them. Nor may it lock a whole region file by `lockf` or
/// `fcntl`: nobody could join then, or be found dead.
///
/// # Examples
///
/// ```
/// use pool_typed::{Mapped, Pool};
///
/// let region = Mapped::<Pool<u64, 64>>::heap()?;
/// std::thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| {
///             let me = region.join().unwrap();
///             drop(me.alloc(7).unwrap());
///         });
///     }
/// });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropping a session leaves the region"]
pub struct Session<'m, R: Root> {
    /// Never dropped: it owns nothing, and a destructor that a program adds to its view has no business here.
    view: ManuallyDrop<R::View<'m>>,
    occupied: Occupied<'m>,
    /// A session stays on its thread: its private memory is not synchronized.
    _thread: PhantomData<*const ()>,
}

// SAFETY: never so: the bound does not hold. It is here for what it says where somebody needs it to.
unsafe impl<'m, R: Root> Send for Session<'m, R> where InSession<'m>: AnyThread {}
// SAFETY: as above.
unsafe impl<'m, R: Root> Sync for Session<'m, R> where InSession<'m>: AnyThread {}

impl<'m, R: Root> Session<'m, R> {
    pub(crate) fn new(occupied: Occupied<'m>) -> Self {
        occupied.sit_down();
        // SAFETY: the view is reached through the session only, and borrows it; it goes when `occupied` does.
        let seat = unsafe { occupied.seat() };
        // SAFETY: the region was checked to have this root, and it stands at the region's place for it.
        let view = unsafe { R::view(&seat, seat.region().place()) };
        Self { view: ManuallyDrop::new(view), occupied, _thread: PhantomData }
    }

    /// Returns the number of the session in its region, below 40. It is that of another session after this one.
    #[must_use]
    pub fn number(this: &Self) -> u32 {
        this.occupied.session()
    }
}

impl<'m, R: Root> Deref for Session<'m, R> {
    type Target = R::View<'m>;

    #[inline]
    fn deref(&self) -> &Self::Target {
        &self.view
    }
}

impl<R: Root> fmt::Debug for Session<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("number", &self.occupied.session()).finish_non_exhaustive()
    }
}
