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
    registry::{Identity, NAME_BYTES, life_byte, reap_byte},
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
        let entry = &self.entries()[session as usize];
        let status = entry.status();
        if !status.live {
            return Life::Free;
        }
        let dead = match self.probe.is_locked(life_byte(session, status.epoch)) {
            Ok(false) => true,
            Ok(true) if thorough => entry
                .identity()
                .is_some_and(|(_, who)| process::is_dead(who.pid, who.start_time, who.pid_namespace) == Some(true)),
            Ok(true) | Err(_) => false,
        };
        // The same session all along: a lock that is not there means its death, and not that of the one before it.
        if dead && entry.status() == status { Life::Dead } else { Life::Alive }
    }

    /// Reaps those of the sessions in `among` (a bit each) that are dead; returns whether any was.
    pub(crate) fn reap_dead(&self, among: u64, thorough: bool) -> bool {
        let mut any = false;
        for session in (0..SESSIONS).filter(|session| among >> session & 1 != 0) {
            let epoch = self.entries()[session as usize].status().epoch;
            if self.life(session, thorough) == Life::Dead {
                any |= self.reap(session, epoch, |_, _| {}).unwrap_or(false);
            }
        }
        any
    }

    /// Takes everything from a dead session, and frees its record. Returns whether it did: not where another reaper is
    /// at it, or the record has moved on since `epoch`.
    pub(crate) fn reap(
        &self,
        session: u32,
        epoch: u32,
        found: impl FnMut(&PoolAt<'_>, Tally),
    ) -> Result<bool, OsError> {
        let reaper = LockFile::fresh(self.lock_file())?;
        if !reaper.try_lock(reap_byte(session))? {
            return Ok(false);
        }
        // Now that we are the one reaper, look again: another may have come before us.
        let entry = &self.entries()[session as usize];
        let still = entry.status();
        let dead = still.live && still.epoch == epoch && self.life(session, true) == Life::Dead;
        if dead {
            self.clear(session, found);
            entry.dismiss();
        }
        // Not by closing alone: a child forked just now shares the description.
        reaper.unlock(reap_byte(session))?;
        Ok(dead)
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
        let private = PrivateBlock::new(MARK_BYTES + self.layout.extent.private)?;
        let (identity, life) = (self.identity(name)?, LockFile::fresh(self.lock_file())?);
        // All of them: the first free record may stand before theirs.
        self.reap_dead(u64::MAX, true);
        for session in 0..SESSIONS {
            if let Some(epoch) = self.claim(session, &identity, &life)? {
                let occupied = Occupied { region: self, session, private, life, epoch };
                occupied.mark().set(1);
                return Ok(occupied);
            }
        }
        Err(JoinError::TooManySessions { holders: self.sessions() })
    }

    /// Claims the record of one session, where it is free or its session dead.
    fn claim(&self, session: u32, identity: &Identity, life: &LockFile) -> Result<Option<u32>, OsError> {
        let entry = &self.entries()[session as usize];
        if self.life(session, false) == Life::Alive || !life.try_lock(reap_byte(session))? {
            return Ok(None);
        }
        if self.life(session, true) == Life::Dead {
            self.clear(session, |_, _| {});
            entry.dismiss();
        }
        let status = entry.status();
        let epoch = status.epoch.wrapping_add(1);
        let ours = !status.live && life.try_lock(life_byte(session, epoch))?;
        if ours {
            entry.admit(epoch, identity);
        }
        life.unlock(reap_byte(session))?;
        Ok(ours.then_some(epoch))
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
