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
//! A forked child can keep the lock of a dead reaper, just as that of a dead session. Therefore the reap byte is numbered
//! too, by *round*, and the reaper writes its process down. Where the byte of the round is taken and that process is
//! dead, an heir takes the byte of the next round, and the record moves on to it. The two exclude each other as Dekker's
//! do: a reaper takes the byte of the round, writes itself down, and steps back where the next byte is taken; an heir
//! takes the next byte, and steps back where somebody else is written down by then.
//!
//! **Axiom.** Finding a lock of the dead released happens after everything that the dead did to memory.

use crate::{
    sync::{
        AtomicU64,
        Ordering::{Acquire, Relaxed, Release, SeqCst},
        fence,
    },
    word::SESSIONS,
};

const LIVE: u64 = 1 << 32;
const EPOCH_MASK: u64 = LIVE - 1;
/// The bytes that are locked lie past the end of any file.
const REAP_BASE: u64 = 1 << 60;
const LIFE_BASE: u64 = 1 << 61;
const LOCK_STRIDE: u64 = 64;
/// The most bytes of a session's name.
pub const NAME_BYTES: usize = 32;

/// Returns the byte whose lock makes its holder the one reaper (or joiner) of a record, in this round.
#[must_use]
pub const fn reap_byte(session: u32, round: u32) -> u64 {
    REAP_BASE + LOCK_STRIDE * round as u64 + session as u64
}

/// Returns the byte whose lock is the life of a session.
#[must_use]
pub const fn life_byte(session: u32, epoch: u32) -> u64 {
    LIFE_BASE + LOCK_STRIDE * epoch as u64 + session as u64
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

/// The process of a reaper, as its record has it: one word, so that it is never read half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reaper {
    /// The process, as seen in its own pid namespace.
    pub pid: u32,
    /// When the process started, in clock ticks since boot.
    pub start_time: u64,
    /// The number of the process's pid namespace.
    pub pid_namespace: u64,
}

/// The bits of a start time beside a process number: 1394 years of hundredths of a second.
const START_BITS: u32 = 42;

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
    /// Who reaps, or did so last; 0 is unknown.
    reaper: AtomicU64,
    reaper_namespace: AtomicU64,
    /// The number of the reap byte.
    round: AtomicU64,
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
            reaper: zero(),
            reaper_namespace: zero(),
            round: zero(),
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

    /// Reads which reap byte is to be taken.
    #[must_use]
    pub fn round(&self) -> u32 {
        // ORDERING: SeqCst, as all of the choice of a reaper: it is rare, and Dekker's argument is about one order.
        self.round.load(SeqCst) as u32
    }

    /// Moves on to the next reap byte. The caller has it, as the heir of a dead reaper.
    pub fn move_on(&self, round: u32) {
        // ORDERING: SeqCst: as above.
        self.round.store(u64::from(round), SeqCst);
    }

    /// Writes down who reaps. The caller has the reap byte; it looks at the next one afterwards.
    pub fn name_reaper(&self, reaper: Reaper) {
        let fits = reaper.start_time >> START_BITS == 0 && u64::from(reaper.pid) < 1 << (u64::BITS - START_BITS);
        let word = if fits { u64::from(reaper.pid) << START_BITS | reaper.start_time } else { 0 };
        self.reaper_namespace.store(reaper.pid_namespace, Relaxed);
        // ORDERING: Release: with its namespace. SeqCst fence: before the look at the next byte (see the module).
        self.reaper.store(word, Release);
        fence(SeqCst);
    }

    /// Reads who reaps, or did so last; `None` where that is unknown.
    #[must_use]
    pub fn reaper(&self) -> Option<Reaper> {
        // ORDERING: SeqCst fence: an heir has taken its byte before (see the module). Acquire: with its namespace.
        fence(SeqCst);
        let word = self.reaper.load(Acquire);
        let (pid, start_time) = ((word >> START_BITS) as u32, word & ((1 << START_BITS) - 1));
        (word != 0).then(|| Reaper { pid, start_time, pid_namespace: self.reaper_namespace.load(Relaxed) })
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
    fn a_reaper_is_read_as_it_was_written_or_not_at_all() {
        let entry = Entry::new();
        assert_eq!(entry.reaper(), None);
        let reaper = Reaper { pid: (1 << 22) - 1, start_time: (1 << 42) - 1, pid_namespace: u64::MAX };
        entry.name_reaper(reaper);
        assert_eq!(entry.reaper(), Some(reaper));
        entry.name_reaper(Reaper { pid: 1 << 22, ..reaper });
        assert_eq!(entry.reaper(), None);
    }

    #[test]
    fn no_two_lock_bytes_are_one() {
        assert!(reap_byte(SESSIONS - 1, 0) < reap_byte(0, 1));
        assert!(reap_byte(SESSIONS - 1, u32::MAX) < life_byte(0, 0));
        assert!(life_byte(SESSIONS - 1, 0) < life_byte(0, 1));
        assert!(life_byte(SESSIONS - 1, u32::MAX) < i64::MAX as u64);
    }
}
