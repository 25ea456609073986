//! A region without the types of its root: what stands where, and the life of its sessions.
//!
//! ```text
//! header      read-only; a write through a null handle faults here     multiples of 64 KiB
//! sessions    one record each                                          128 bytes each
//! kept        per session: how many slots of each pool are in its cache
//! root        pools, cells, values, as the layout says                 at a page of its own
//! ```
//!
//! The region begins at a multiple of a power of two that is at least its size, so the header of any object is found by
//! masking its address.
#![expect(unsafe_code, reason = "turns the mapped bytes of the region into its records")]

mod life;
mod pools;

use core::{ptr::NonNull, slice};
use std::os::fd::OwnedFd;

use pool_core::{
    cache::Kept,
    geometry::round_up,
    header::{self, HeaderError, HeaderFields, RootName},
    registry::Entry,
    word::SESSIONS,
};
use rustix::fs::{MemfdFlags, memfd_create};

pub(crate) use life::{Life, Occupied};
pub(crate) use pools::{PoolAt, pools};

use crate::{
    audit::Departed,
    backing::{Backing, Candidate},
    error::{AttachError, CreateError, OsError},
    layout::{Place, RootLayout, first_difference},
    options::{RegionOptions, Report},
    sys::{
        locks::{Inode, LockFile},
        private::PrivateBlock,
    },
};

const PAGE: usize = 4096;

/// Where the parts of a region stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    sessions: usize,
    kept: usize,
    /// Bytes of `kept` for each session.
    kept_stride: usize,
    root: usize,
    bytes: usize,
}

impl Plan {
    /// Lays a region out, or returns `None` where it does not fit the address space.
    fn of(layout: &RootLayout, header: usize) -> Option<Self> {
        let sessions = header;
        let kept = sessions + SESSIONS as usize * size_of::<Entry>();
        // Sources count from 1, so there is one number more. Sessions do not share lines.
        let kept_stride = round_up((layout.extent.sources as usize + 1) * size_of::<Kept>(), 64);
        let root = round_up(kept + SESSIONS as usize * kept_stride, PAGE.max(layout.extent.align));
        let bytes = root.checked_add(layout.extent.bytes)?.checked_next_multiple_of(PAGE)?;
        Some(Self { sessions, kept, kept_stride, root, bytes })
    }
}

/// A mapped region.
#[derive(Debug)]
pub(crate) struct Region {
    backing: Backing,
    /// The file whose bytes are locked where the region has none: a region of this process alone.
    stand_in: Option<OwnedFd>,
    /// Which file that is.
    inode: Inode,
    /// A description for looking at locks; it never has any itself.
    probe: LockFile,
    /// Where the memory is this process's alone: a word that is 1, and 0 in a forked child, which has a copy.
    mark: Option<PrivateBlock>,
    layout: &'static RootLayout,
    plan: Plan,
}

/// The header area of a new region.
pub(crate) struct Blueprint {
    pub(crate) header: Vec<u8>,
    pub(crate) bytes: u64,
}

impl Blueprint {
    /// Draws up a region for this root.
    pub(crate) fn of(layout: &RootLayout) -> Result<Self, CreateError> {
        let description = layout.describe();
        let too_large = HeaderError::RegionLength {
            found: u64::MAX,
            lowest: header::HEADER_BYTES as u64,
            highest: header::MAX_REGION_BYTES,
        };
        let header_len = header::header_len(description.len()).ok_or(too_large)?;
        let plan = Plan::of(layout, header_len).ok_or(too_large)?;
        let fields = HeaderFields {
            header_len: header_len as u32,
            region_len: plan.bytes as u64,
            fingerprint: layout.fingerprint.0,
            session_table: plan.sessions as u64,
            session_count: SESSIONS,
            root: plan.root as u64,
            name: RootName::new(&layout.name.to_string()),
        };
        let mut header = vec![0; header_len];
        header::encode(&fields, description.as_bytes(), &mut header)?;
        Ok(Self { header, bytes: plan.bytes as u64 })
    }
}

impl Region {
    /// Takes over a region that was created just now.
    pub(crate) fn created(backing: Backing, layout: &'static RootLayout) -> Result<Self, OsError> {
        let plan = Plan::of(layout, backing.mapping.header_len()).expect("the blueprint was drawn from this plan");
        Self::over(backing, layout, plan)
    }

    /// Maps a region that was found, where its layout is the one expected.
    pub(crate) fn found(
        candidate: Candidate,
        layout: &'static RootLayout,
        options: &RegionOptions,
    ) -> Result<Self, AttachError> {
        let fields = *candidate.fields();
        let plan = Plan::of(layout, fields.header_len as usize);
        let same = plan.is_some_and(|plan| {
            (fields.fingerprint, fields.region_len, fields.session_table, fields.session_count, fields.root)
                == (layout.fingerprint.0, plan.bytes as u64, plan.sessions as u64, SESSIONS, plan.root as u64)
        });
        let Some(plan) = plan.filter(|_| same) else {
            let difference = first_difference(&layout.describe(), &candidate.description());
            return Err(AttachError::Layout {
                expected: layout.fingerprint.0,
                found: fields.fingerprint,
                difference: difference.map_or_else(|| "their descriptions are the same".into(), |d| d.to_string()),
            });
        };
        let region = Self::over(candidate.map(options)?, layout, plan)?;
        region.reap_all(|_| {});
        Ok(region)
    }

    fn over(backing: Backing, layout: &'static RootLayout, plan: Plan) -> Result<Self, OsError> {
        let stand_in = match backing.file {
            Some(_) => None,
            None => {
                Some(memfd_create(c"pool-locks", MemfdFlags::CLOEXEC).map_err(OsError::of("make a file for locks"))?)
            }
        };
        let file = backing.file.as_ref().or(stand_in.as_ref()).expect("a file of its own, or the one made above");
        let (inode, probe) = (Inode::of(file)?, LockFile::fresh(file)?);
        let mark = match stand_in {
            Some(_) => Some(PrivateBlock::new(size_of::<u64>())?),
            None => None,
        };
        if let Some(mark) = &mark {
            // SAFETY: the block is at least a page, and nobody else knows of it yet.
            unsafe { mark.base().cast::<u64>().write(1) };
        }
        Ok(Self { backing, stand_in, inode, probe, mark, layout, plan })
    }

    /// Whether this is a forked child's copy of a region whose memory is not shared: its sessions are of another world.
    fn is_copy(&self) -> bool {
        // SAFETY: the block is at least a page; it was written before `self` was there, and by the kernel at a fork.
        self.mark.as_ref().is_some_and(|mark| unsafe { mark.base().cast::<u64>().read() } == 0)
    }

    /// The file whose bytes are locked.
    fn lock_file(&self) -> &OwnedFd {
        self.backing.file.as_ref().or(self.stand_in.as_ref()).unwrap_or_else(|| unreachable!("`over` made one"))
    }

    pub(crate) fn file(&self) -> Option<&OwnedFd> {
        self.backing.file.as_ref()
    }

    pub(crate) fn layout(&self) -> &'static RootLayout {
        self.layout
    }

    pub(crate) fn report(&self) -> Report {
        self.backing.report
    }

    pub(crate) fn base(&self) -> NonNull<u8> {
        self.backing.mapping.base()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.plan.bytes
    }

    pub(crate) fn alignment(&self) -> usize {
        self.backing.mapping.alignment()
    }

    /// The address of the root.
    pub(crate) fn root(&self) -> NonNull<u8> {
        // SAFETY: the plan's offsets are within the mapping, whose length was compared with the plan's.
        unsafe { self.base().add(self.plan.root) }
    }

    /// The place of the root, as the layout counts: offsets from the root, ordinals from 1.
    pub(crate) fn place(&self) -> Place {
        Place { offset: 0, source: 1, private: 0 }
    }

    /// The records of the sessions.
    pub(crate) fn entries(&self) -> &[Entry] {
        // SAFETY: within the mapping, by the plan.
        let first = unsafe { self.base().add(self.plan.sessions) };
        // SAFETY: `SESSIONS` records stand there, aligned (the header is whole pages) and mapped as long as `self` is;
        // they are atomics, so any bytes are valid and others may change them.
        unsafe { slice::from_raw_parts(first.cast().as_ptr(), SESSIONS as usize) }
    }

    /// Where a session shows how many slots of a pool are in its cache.
    pub(crate) fn kept(&self, session: u32, source: u32) -> &Kept {
        let source = source.min(self.layout.extent.sources) as usize;
        let session = session.min(SESSIONS - 1) as usize;
        let offset = self.plan.kept + session * self.plan.kept_stride + source * size_of::<Kept>();
        // SAFETY: within the mapping, by the plan and the bounds above.
        let word = unsafe { self.base().add(offset) };
        // SAFETY: aligned, mapped as long as `self` is, and an atomic.
        unsafe { word.cast().as_ref() }
    }

    /// Reaps every session that is dead, looking thoroughly, and tells of each.
    pub(crate) fn reap_all(&self, mut departed: impl FnMut(Departed)) {
        if self.is_copy() {
            return;
        }
        for session in 0..SESSIONS {
            if self.life(session, true) == Life::Dead
                && let Some((status, identity)) = self.entries()[session as usize].identity()
            {
                let mut pools = Vec::new();
                let reaped = self.reap(session, status.epoch, |pool, tally| pools.push((pool.path(), tally)));
                if reaped.unwrap_or(false) {
                    departed(Departed::new(session, &identity, pools));
                }
            }
        }
    }
}
