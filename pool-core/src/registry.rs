//! The table of sessions: who takes part in a region, and how the end of each is known.
//!
//! A record is FREE or LIVE; its *epoch* counts the sessions that it has had. What makes a session alive is not in
//! memory at all: it is a kernel lock on the session's *life byte*, a byte past the end of the backing file, held
//! through an open file description of its own. The kernel lets go of it when the process dies, however it dies. There
//! is no timeout anywhere: a stopped process is alive.
//!
//! ```text
//! join    reap byte; record must be FREE; life byte of epoch + 1; identity; LIVE; drop the reap byte
//! leave   (by the session itself) words cleared; FREE; life byte dropped
//! reap    reap byte; LIVE and the life byte free, read again; words cleared; FREE; drop the reap byte
//! ```
//!
//! The reap byte is a lock of the same kind, so there is one reaper of a record at a time, and it is replaced only when
//! the *reaper* is dead. The life byte is numbered by epoch, so that what is found out about one session can never be
//! taken for the next one in its record.
//!
//! **Axiom.** Finding a lock of the dead released happens after everything that the dead did to memory.

use crate::{
    sync::{
        AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
        fence,
    },
    word::SESSIONS,
};

const LIVE: u64 = 1 << 32;
const EPOCH_MASK: u64 = LIVE - 1;
/// The bytes that are locked lie past the end of any file.
const LOCK_BASE: u64 = 1 << 60;
const LOCK_STRIDE: u64 = 64;
/// The most bytes of a session's name.
pub const NAME_BYTES: usize = 32;

/// Returns the byte whose lock makes its holder the one reaper (or joiner) of a record.
#[must_use]
pub const fn reap_byte(session: u32) -> u64 {
    LOCK_BASE + session as u64
}

/// Returns the byte whose lock is the life of a session.
#[must_use]
pub const fn life_byte(session: u32, epoch: u32) -> u64 {
    LOCK_BASE + LOCK_STRIDE * (1 + epoch as u64) + session as u64
}

const _: () = assert!(SESSIONS as u64 <= LOCK_STRIDE, "a byte for each session");

/// Whether a record has a session, and the how-manieth it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Whether the record has a session (which may be dead).
    pub live: bool,
    /// How many sessions the record has had, the present one included.
    pub epoch: u32,
}

/// Who a session is, for people and for the check of its process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The process, as seen in its own pid namespace.
    pub pid: u32,
    /// When the process started, in clock ticks since boot.
    pub start_time: u64,
    /// The number of the process's pid namespace.
    pub pid_namespace: u64,
    /// When the session was joined, in nanoseconds since 1970.
    pub joined: u64,
    /// What the session calls itself: UTF-8, filled up with zeros.
    pub name: [u8; NAME_BYTES],
}

/// The record of a session. All-zero is FREE.
#[repr(C, align(128))]
#[derive(Debug)]
pub struct Entry {
    status: AtomicU64,
    pid: AtomicU64,
    start_time: AtomicU64,
    pid_namespace: AtomicU64,
    joined: AtomicU64,
    name: [AtomicU64; NAME_BYTES / 8],
}

impl Entry {
    /// Makes a free record.
    #[must_use]
    pub fn new() -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            status: zero(),
            pid: zero(),
            start_time: zero(),
            pid_namespace: zero(),
            joined: zero(),
            name: [zero(), zero(), zero(), zero()],
        }
    }

    /// Reads whether the record has a session.
    #[must_use]
    pub fn status(&self) -> Status {
        // ORDERING: Acquire: pairs with the Release in `admit` (the identity) and in `dismiss` (the cleared words).
        let word = self.status.load(Acquire);
        Status { live: word & LIVE != 0, epoch: (word & EPOCH_MASK) as u32 }
    }

    /// FREE -> LIVE. The caller holds the reap byte, and the life byte of `epoch`.
    pub fn admit(&self, epoch: u32, identity: &Identity) {
        // ORDERING: Release fence: a reader that sees a part of the new identity sees the old status no more once it
        // has passed its Acquire fence in `identity`.
        fence(Release);
        self.pid.store(u64::from(identity.pid), Relaxed);
        self.start_time.store(identity.start_time, Relaxed);
        self.pid_namespace.store(identity.pid_namespace, Relaxed);
        self.joined.store(identity.joined, Relaxed);
        for (word, bytes) in self.name.iter().zip(identity.name.chunks_exact(8)) {
            word.store(u64::from_le_bytes(bytes.try_into().unwrap_or_default()), Relaxed);
        }
        // ORDERING: Release: the identity is complete before the record is LIVE.
        self.status.store(LIVE | u64::from(epoch), Release);
    }

    /// LIVE -> FREE. The caller is the session itself, or its one reaper; no word names the session any more.
    pub fn dismiss(&self) {
        let epoch = self.status.load(Relaxed) & EPOCH_MASK;
        // ORDERING: Release: the cleared words happen before the next session of this record.
        self.status.store(epoch, Release);
    }

    /// Reads who the session is, or `None` where the record is free or changes hands just now.
    #[must_use]
    pub fn identity(&self) -> Option<(Status, Identity)> {
        let before = self.status();
        let mut name = [0; NAME_BYTES];
        for (word, bytes) in self.name.iter().zip(name.chunks_exact_mut(8)) {
            bytes.copy_from_slice(&word.load(Relaxed).to_le_bytes());
        }
        let identity = Identity {
            pid: self.pid.load(Relaxed) as u32,
            start_time: self.start_time.load(Relaxed),
            pid_namespace: self.pid_namespace.load(Relaxed),
            joined: self.joined.load(Relaxed),
            name,
        };
        // ORDERING: Acquire fence: the second reading of the status comes after the identity.
        fence(Acquire);
        (before.live && self.status() == before).then_some((before, identity))
    }
}

impl Default for Entry {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_record_remembers_how_many_sessions_it_had() {
        let entry = Entry::new();
        assert_eq!(entry.status(), Status { live: false, epoch: 0 });
        assert_eq!(entry.identity(), None);
        let identity = Identity { pid: 42, start_time: 7, pid_namespace: 9, joined: 1, name: [b'x'; 32] };
        entry.admit(u32::MAX, &identity);
        assert_eq!(entry.identity(), Some((Status { live: true, epoch: u32::MAX }, identity)));
        entry.dismiss();
        assert_eq!(entry.status(), Status { live: false, epoch: u32::MAX });
    }

    #[test]
    fn no_two_lock_bytes_are_one() {
        assert!(reap_byte(SESSIONS - 1) < life_byte(0, 0));
        assert!(life_byte(SESSIONS - 1, 0) < life_byte(0, 1));
        assert!(life_byte(SESSIONS - 1, u32::MAX) < i64::MAX as u64);
    }
}
