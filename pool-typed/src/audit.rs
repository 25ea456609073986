//! What a person wants to know of a region: who is there, what they hold, who died, and whether all is well.

use core::{fmt, time::Duration};
use std::time::{SystemTime, UNIX_EPOCH};

use pool_core::{audit::census, reap::Tally, registry::Identity, word::SESSIONS};

pub use pool_core::audit::Fault;

use crate::region::{Region, pools};

/// A session of a region.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// Its number, below 40.
    pub number: u32,
    /// Its process, as seen in the process's own pid namespace.
    pub pid: u32,
    /// What it calls itself: the name given to `join_as`, or that of the program.
    pub name: String,
    /// When it was joined.
    pub joined: SystemTime,
    /// Whether it is dead and not reaped yet.
    pub dead: bool,
}

impl SessionInfo {
    pub(crate) fn new(number: u32, identity: &Identity, dead: bool) -> Self {
        let name = String::from_utf8_lossy(&identity.name);
        Self {
            number,
            pid: identity.pid,
            name: name.trim_end_matches('\0').to_owned(),
            joined: UNIX_EPOCH.checked_add(Duration::from_nanos(identity.joined)).unwrap_or(UNIX_EPOCH),
            dead,
        }
    }
}

impl fmt::Display for SessionInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, pid, name, joined, dead } = self;
        let for_seconds = joined.elapsed().unwrap_or_default().as_secs();
        let dead = if *dead { ", dead" } else { "" };
        write!(f, "session {number}: process {pid} `{}`, joined {for_seconds} s ago{dead}", name.escape_debug())
    }
}

/// A dead session, and what it had.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Departed {
    /// Who it was.
    pub session: SessionInfo,
    /// Of each pool where it had anything: the pool's field, and what it had.
    pub pools: Vec<(String, Tally)>,
}

impl Departed {
    pub(crate) fn new(session: u32, identity: &Identity, mut pools: Vec<(String, Tally)>) -> Self {
        pools.retain(|(_, tally)| *tally != Tally::default());
        Self { session: SessionInfo::new(session, identity, true), pools }
    }
}

impl fmt::Display for Departed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reaped {}", self.session)?;
        for (pool, Tally { freed, released, leases }) in &self.pools {
            write!(f, "\n  {}: {freed} freed, {released} released, {leases} leases ended", named(pool))?;
        }
        Ok(())
    }
}

/// What a session has in a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holdings {
    /// The session's number.
    pub session: u32,
    /// Slots in its cache.
    pub cached: u64,
    /// Objects that it owns as boxes.
    pub owned: u64,
    /// Objects that it shares.
    pub shared: u64,
}

/// What the slots of a pool are. Of a region at rest the counts are exact; while others work they are an estimate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolAudit {
    /// The fields that lead to the pool; empty where the pool is the root.
    pub path: String,
    /// The number of slots.
    pub capacity: u64,
    /// Slots that anybody can have.
    pub free: u64,
    /// Slots in the caches of sessions.
    pub cached: u64,
    /// Objects that sessions own as boxes.
    pub owned: u64,
    /// Objects that sessions share.
    pub shared: u64,
    /// Objects that only handles own.
    pub in_handles: u64,
    /// Slots that have published their last generation, and are never used again.
    pub retired: u64,
    /// Slots whose words make no sense.
    pub broken: u64,
    /// What each session has, where it has anything.
    pub holdings: Vec<Holdings>,
    /// Invariants that do not hold: the first 1000 of them.
    pub faults: Vec<Fault>,
    /// How many invariants do not hold.
    pub fault_count: u64,
}

/// How many faults of a pool an audit keeps: scribbled memory must not make it take much.
const MOST_FAULTS: usize = 1000;

/// The state of a region: what [`Mapped::audit`](crate::Mapped::audit) returns.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Audit {
    /// The sessions.
    pub sessions: Vec<SessionInfo>,
    /// The pools, in the order of their fields.
    pub pools: Vec<PoolAudit>,
}

impl Audit {
    pub(crate) fn of(region: &Region) -> Self {
        let sessions = region.sessions();
        let live = sessions.iter().fold(0, |live, session| live | 1 << session.number);
        let mut audits = Vec::new();
        pools(region, |pool| {
            let (mut faults, mut fault_count) = (Vec::new(), 0);
            let census = census(&pool.words(), live, |fault| {
                fault_count += 1;
                if faults.len() < MOST_FAULTS {
                    faults.push(fault);
                }
            });
            let holdings = (0..SESSIONS).map(|session| {
                let all = u64::from(census.owned_by[session as usize]);
                let kept = if live >> session & 1 == 0 { 0 } else { region.kept(session, pool.place.source).shown() };
                let cached = u64::from(kept).min(all);
                let shared = u64::from(census.held_by[session as usize]);
                Holdings { session, cached, owned: all - cached, shared }
            });
            let holdings: Vec<_> = holdings.filter(|had| had.cached + had.owned + had.shared != 0).collect();
            let cached = holdings.iter().map(|had| had.cached).sum();
            audits.push(PoolAudit {
                path: pool.path(),
                capacity: 1 << pool.layout.slots_log2,
                free: census.free,
                cached,
                owned: census.owned.saturating_sub(cached),
                shared: census.shared,
                in_handles: census.data,
                retired: census.retired,
                broken: census.broken,
                holdings,
                faults,
                fault_count,
            });
        });
        Self { sessions, pools: audits }
    }

    /// Whether every invariant holds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.pools.iter().all(|pool| pool.fault_count == 0)
    }

    /// Whether no session and no handle has any object: every slot is free, or worn out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pools.iter().all(|pool| pool.free + pool.retired == pool.capacity)
    }
}

/// A pool's name for people.
fn named(path: &str) -> &str {
    if path.is_empty() { "the pool" } else { path }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for session in &self.sessions {
            writeln!(f, "{session}")?;
        }
        for pool in &self.pools {
            let PoolAudit { capacity, free, cached, owned, shared, in_handles, retired, .. } = pool;
            writeln!(
                f,
                "{}: {capacity} slots = {free} free + {cached} cached + {owned} owned + {shared} shared + \
                 {in_handles} in handles + {retired} retired",
                named(&pool.path)
            )?;
            for Holdings { session, cached, owned, shared } in &pool.holdings {
                writeln!(f, "  session {session}: {cached} cached, {owned} owned, {shared} shared")?;
            }
            for fault in &pool.faults {
                writeln!(f, "  fault: {fault:?}")?;
            }
            let more = pool.fault_count.saturating_sub(pool.faults.len() as u64);
            if more != 0 {
                writeln!(f, "  and {more} faults more")?;
            }
        }
        f.write_str(if self.is_sound() { "every invariant holds" } else { "invariants are broken" })
    }
}
