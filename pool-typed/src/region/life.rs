//! Joining, leaving, and finding out who is dead.
//!
//! The rules are those of [`pool_core::registry`]; here are the locks that they speak of. Every lock is taken on a fresh
//! description of the region's file, because one description never conflicts with itself: a reaper that probed through
//! one which already has the byte would take a live session for dead.
//!
//! Nothing in [`Region::reap_dead`] allocates or touches thread-local storage, so it may run in a signal handler.
#![expect(unsafe_code, reason = "views the session's private memory")]

use core::{cell::Cell, ptr::NonNull};
use std::time::{SystemTime, UNIX_EPOCH};

use pool_core::{
    holder::Bit,
    reap::{self, Tally},
    registry::{Identity, NAME_BYTES, Reaper, life_byte, reap_byte},
    word::SESSIONS,
};

use super::{PoolAt, Region, pools};
use crate::{
    audit::SessionInfo,
    error::{JoinError, OsError},
    seat::Seat,
    sys::{locks::LockFile, private::PrivateBlock, process},
};

/// Private memory begins with a mark that the kernel wipes in a forked child.
const MARK_BYTES: usize = 64;

/// How often `join` looks at records that others join or reap just then.
const TURNS: u32 = 8;
/// How many life bytes of a record are tried.
const SPARE_EPOCHS: u32 = 8;

/// What can be said of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// The record has no session.
    Free,
    /// It lives, or nothing says that it is dead.
    Alive,
    /// Its process is dead.
    Dead,
}

/// What a look for the dead came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Looked {
    /// How many of them live.
    pub(crate) alive: u32,
    /// How many were dead and are reaped now.
    pub(crate) reaped: u32,
}

/// What an attempt to claim a record came to.
enum Claim {
    /// The record has the session now.
    Ours { epoch: u32 },
    /// Somebody joins or reaps there just now.
    Busy,
    /// Somebody has it.
    Taken,
}

/// Being the one reaper of a record, until dropped.
struct Reaping<'l> {
    lock: &'l LockFile,
    byte: u64,
}

impl<'l> Reaping<'l> {
    fn take(lock: &'l LockFile, byte: u64) -> Result<Option<Self>, OsError> {
        Ok(lock.try_lock(byte)?.then_some(Self { lock, byte }))
    }
}

impl Drop for Reaping<'_> {
    fn drop(&mut self) {
        // Not by closing alone: a child forked just now shares the description. Where it fails, closing has to do.
        let _unlocked = self.lock.unlock(self.byte);
    }
}

/// A session's place in a region, until dropped.
#[derive(Debug)]
pub(crate) struct Occupied<'m> {
    region: &'m Region,
    session: u32,
    private: PrivateBlock,
    /// The description that has the life byte.
    life: LockFile,
    epoch: u32,
}

impl Region {
    /// Tells whether a session is dead. `thorough` also asks after its process where its lock is still there: a forked
    /// child may keep it.
    pub(crate) fn life(&self, session: u32, thorough: bool) -> Life {
        self.life_by(&self.probe, session, thorough)
    }

    fn life_by(&self, probe: &LockFile, session: u32, thorough: bool) -> Life {
        let entry = &self.entries()[session as usize];
        let status = entry.status();
        if !status.live {
            return Life::Free;
        }
        let dead = match probe.is_locked(life_byte(session, status.epoch)) {
            Ok(false) => true,
            Ok(true) if thorough => entry
                .identity()
                .is_some_and(|(_, who)| process::is_dead(who.pid, who.start_time, who.pid_namespace) == Some(true)),
            Ok(true) | Err(_) => false,
        };
        // The same session all along: a lock that is not there means its death, and not that of the one before it.
        if dead && entry.status() == status { Life::Dead } else { Life::Alive }
    }

    /// Reaps those of the sessions in `among` (a bit each) that are dead.
    pub(crate) fn reap_dead(&self, among: u64, thorough: bool) -> Looked {
        let mut looked = Looked { alive: 0, reaped: 0 };
        for session in (0..SESSIONS).filter(|session| among >> session & 1 != 0) {
            let epoch = self.entries()[session as usize].status().epoch;
            match self.life(session, thorough) {
                Life::Free => {}
                Life::Alive => looked.alive += 1,
                Life::Dead => looked.reaped += u32::from(self.reap(session, epoch, |_, _| {}).unwrap_or(false)),
            }
        }
        looked
    }

    /// Takes everything from a dead session, and frees its record. Returns whether it did: not where another reaper is
    /// at it, or the record has moved on since `epoch`.
    pub(crate) fn reap(
        &self,
        session: u32,
        epoch: u32,
        found: impl FnMut(&PoolAt<'_>, Tally),
    ) -> Result<bool, OsError> {
        let lock = self.fresh_lock()?;
        let Some(_reaping) = self.become_reaper(session, &lock)? else { return Ok(false) };
        // Now that we are the one reaper, look again: another may have come before us. Not by the probe, whose number
        // the program may have closed and used for another file.
        let entry = &self.entries()[session as usize];
        let still = entry.status();
        let dead = still.live && still.epoch == epoch && self.life_by(&lock, session, true) == Life::Dead;
        if dead {
            self.clear(session, found);
            entry.dismiss();
        }
        Ok(dead)
    }

    /// Becomes the one reaper of a record, or returns `None` where somebody else is. The rules are in the registry's
    /// documentation.
    fn become_reaper<'l>(&self, session: u32, lock: &'l LockFile) -> Result<Option<Reaping<'l>>, OsError> {
        let entry = &self.entries()[session as usize];
        let process::Identity { pid, start_time, namespaces, .. } = process::Identity::current()?;
        let me = Reaper { pid, start_time, pid_namespace: namespaces };
        let is_dead = |who: &Reaper| process::is_dead(who.pid, who.start_time, who.pid_namespace) == Some(true);
        let (mut round, next) = (entry.round(), |round: u32| round.wrapping_add(1));
        let reaping = match Reaping::take(lock, reap_byte(session, round))? {
            Some(reaping) => reaping,
            None => {
                let Some(dead) = entry.reaper().filter(is_dead) else { return Ok(None) };
                let Some(heir) = Reaping::take(lock, reap_byte(session, next(round)))? else { return Ok(None) };
                if entry.reaper() != Some(dead) || entry.round() != round {
                    return Ok(None);
                }
                round = next(round);
                entry.move_on(round);
                heir
            }
        };
        if entry.round() != round {
            return Ok(None);
        }
        entry.name_reaper(me);
        Ok((!lock.is_locked(reap_byte(session, next(round)))?).then_some(reaping))
    }

    /// Removes a session from every word of the region. The caller is its one reaper.
    fn clear(&self, session: u32, mut found: impl FnMut(&PoolAt<'_>, Tally)) {
        let Some(dead) = Bit::of(session) else { return };
        pools(self, |pool| {
            let tally = reap::reap(&pool.words(), dead);
            self.kept(session, pool.place.source).show(0);
            found(&pool, tally);
        });
    }

    /// Reaps the dead, claims a record and takes its life byte.
    pub(crate) fn join(&self, name: Option<&str>) -> Result<Occupied<'_>, JoinError> {
        if self.is_copy() {
            return Err(JoinError::Forked);
        }
        let private = PrivateBlock::new(MARK_BYTES + self.layout.extent.private)?;
        let (identity, life) = (self.identity(name)?, self.fresh_lock()?);
        for _turn in 0..TURNS {
            // All of them: the first free record may stand before theirs.
            self.reap_dead(u64::MAX, true);
            let mut busy = false;
            for session in 0..SESSIONS {
                match self.claim(session, &identity, &life)? {
                    Claim::Ours { epoch } => {
                        let occupied = Occupied { region: self, session, private, life, epoch };
                        occupied.mark().set(1);
                        return Ok(occupied);
                    }
                    Claim::Busy => busy = true,
                    Claim::Taken => {}
                }
            }
            if !busy {
                break;
            }
            std::thread::yield_now();
        }
        Err(JoinError::TooManySessions { holders: self.sessions() })
    }

    /// Claims the record of one session, where it is free.
    fn claim(&self, session: u32, identity: &Identity, life: &LockFile) -> Result<Claim, OsError> {
        let entry = &self.entries()[session as usize];
        match self.life(session, false) {
            Life::Free => {}
            Life::Alive => return Ok(Claim::Taken),
            // Dead, and not reaped just before: somebody is at it.
            Life::Dead => return Ok(Claim::Busy),
        }
        let Some(_reaping) = self.become_reaper(session, life)? else { return Ok(Claim::Busy) };
        let status = entry.status();
        if status.live {
            return Ok(Claim::Taken);
        }
        // A forked child may keep the life byte of one who died right here; there are enough of them.
        for step in 1..=SPARE_EPOCHS {
            let epoch = status.epoch.wrapping_add(step);
            if life.try_lock(life_byte(session, epoch))? {
                entry.admit(epoch, identity);
                return Ok(Claim::Ours { epoch });
            }
        }
        Ok(Claim::Taken)
    }

    /// A description of its own of the region's file, and of no other.
    fn fresh_lock(&self) -> Result<LockFile, OsError> {
        LockFile::fresh_of(self.lock_file(), self.inode)
    }

    fn identity(&self, name: Option<&str>) -> Result<Identity, OsError> {
        let process = process::Identity::current()?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut bytes = [0; NAME_BYTES];
        let name = name.map_or(&process.comm[..], str::as_bytes);
        let len = name.len().min(NAME_BYTES);
        bytes[..len].copy_from_slice(&name[..len]);
        Ok(Identity {
            pid: process.pid,
            start_time: process.start_time,
            pid_namespace: process.namespaces,
            joined: since.as_nanos() as u64,
            name: bytes,
        })
    }

    /// Lists the sessions.
    pub(crate) fn sessions(&self) -> Vec<SessionInfo> {
        (0..SESSIONS)
            .filter_map(|session| {
                let (_, identity) = self.entries()[session as usize].identity()?;
                Some(SessionInfo::new(session, &identity, self.life(session, true) == Life::Dead))
            })
            .collect()
    }
}

impl<'m> Occupied<'m> {
    /// The mark: 0 in a forked child.
    fn mark(&self) -> &Cell<u64> {
        // SAFETY: the block is at least a page, zeroed, and only this session uses it.
        unsafe { self.private.base().cast().as_ref() }
    }

    /// The seat from which the views of the root are made.
    ///
    /// # Safety
    ///
    /// What is made of it is gone when `self` is dropped.
    pub(crate) unsafe fn seat(&self) -> Seat<'m> {
        // SAFETY: the mark is within the block.
        let private: NonNull<u8> = unsafe { self.private.base().add(MARK_BYTES) };
        // SAFETY: the block has as many bytes after the mark as the layout asks for; they are this session's alone, and
        // last as long as `self`, which the caller sees to.
        unsafe { Seat::new(self.region, private, self.session) }
    }

    pub(crate) fn session(&self) -> u32 {
        self.session
    }

    /// Binds the caches of the session's pools.
    pub(crate) fn sit_down(&self) {
        let Some(me) = Bit::of(self.session) else { return };
        self.each_pool(|member| member.join(me));
    }

    fn each_pool(&self, mut visit: impl FnMut(&pool_core::member::Member<'_>)) {
        // SAFETY: used within this call only.
        let seat = unsafe { self.seat() };
        pools(self.region, |pool| {
            // SAFETY: the seat is of this region.
            let seated = unsafe { pool.seated(&seat) };
            visit(&seated.member);
        });
    }
}

impl Drop for Occupied<'_> {
    /// Leaves: gives back what the session has, frees the record, and drops the life byte.
    fn drop(&mut self) {
        if self.mark().get() == 0 {
            // A forked child: everything is the parent's. Closing the child's copy of the description, which happens
            // next, does not release the parent's lock; unlocking would.
            return;
        }
        self.each_pool(|member| {
            member.leave();
        });
        self.region.entries()[self.session as usize].dismiss();
        // Not by closing alone: a child forked since shares the description. Where this fails the record is free all
        // the same, and its next session has another life byte.
        let _unlocked = self.life.unlock(life_byte(self.session, self.epoch));
    }
}
