//! The table of transitions and scripts, and the states that they start from.

use pool_core::word::{MAX_DATA, State, low};
use pool_tests::model::bit;

/// The two sessions that run scripts, and two that are dead: each has one reaper.
pub(crate) const A: u32 = 0;
pub(crate) const B: u32 = 1;
pub(crate) const DEAD: [u32; 2] = [2, 3];

/// The last published generation at the start.
pub(crate) const NOW: u64 = 5;
/// So many publications later the low bits of a generation are the same again.
pub(crate) const AGE: u64 = 1 << 13;

/// A transition, as one of the sessions tries it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Step {
    /// Under the lease, where the slot is free.
    Claim,
    Release,
    PublishData,
    PublishHeld,
    /// By a handle of this generation, as all below that have one.
    Take(u64),
    Hold(u64),
    Unhold,
    HoldToData,
    AddData,
    RemoveData,
    Adopt(u64),
    ForgetData(u64),
    Own,
    /// One of the dead.
    Reap(u32),
    /// Not a transition: the owner publishes and takes back 8191 times. Nobody else would see any of it.
    Age,
}

use Step::{
    AddData, Adopt, Age, Claim, ForgetData, Hold, HoldToData, Own, PublishData, PublishHeld, Reap, Release, RemoveData,
    Take, Unhold,
};

/// Every transition, and those with a handle twice: a valid (or stale) one, and one that is not published yet.
pub(crate) const STEPS: &[Step] = &[
    Claim,
    Release,
    PublishData,
    PublishHeld,
    Take(NOW),
    Take(NOW + 1),
    Hold(NOW),
    Hold(NOW + 1),
    Unhold,
    HoldToData,
    AddData,
    RemoveData,
    Adopt(NOW),
    Adopt(NOW + 1),
    ForgetData(NOW),
    ForgetData(NOW + 1),
    Own,
    Reap(DEAD[0]),
    Reap(DEAD[1]),
];

/// What sessions do in a row. A script ends where a step is not possible any more.
pub(crate) const SCRIPTS: &[&[Step]] = &[
    &[Claim, PublishData],
    &[Claim, PublishHeld, Unhold, Release],
    &[Take(NOW), Release],
    &[Take(NOW), PublishData],
    &[Take(NOW), Age, PublishData],
    &[Take(NOW), Age, PublishHeld],
    &[Take(NOW), Release, Claim, PublishData],
    &[Hold(NOW), Unhold, Release],
    &[Hold(NOW), RemoveData, Unhold, Release],
    &[Hold(NOW), Own, PublishData],
    &[Hold(NOW), HoldToData],
    &[Adopt(NOW), Unhold, Release],
    &[Adopt(NOW), AddData, Unhold],
    &[ForgetData(NOW), Take(NOW)],
    &[Unhold, Release, Claim, PublishHeld],
    &[Unhold, Age, PublishHeld],
    &[Unhold, Age, PublishData],
    &[HoldToData, Hold(NOW), Unhold],
    &[Own, Age, PublishHeld, AddData],
    &[Own, Release],
    &[PublishHeld, AddData, Unhold],
    &[PublishData, Take(NOW + 1), Release],
    &[PublishData, Hold(NOW + 1), Unhold],
];

/// What a session has of the slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) owns: bool,
    pub(crate) holds: bool,
    pub(crate) tainted: bool,
}

/// A legal state of the slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub(crate) owner: Option<u32>,
    /// A bit for each session.
    pub(crate) holders: u64,
    pub(crate) data: u64,
    pub(crate) tainted: bool,
    /// Whether `NOW` is the last generation that the slot can publish.
    pub(crate) worn: bool,
}

impl Start {
    pub(crate) fn state(self) -> State {
        let Self { owner, holders, data, tainted, .. } = self;
        match owner {
            Some(owner) => State::Owned { holders: bit(owner).mask(), tainted },
            None if holders != 0 => State::Held { data, low: low(NOW), holders, tainted },
            None if data != 0 => State::Data { data, generation: NOW, tainted },
            None if self.worn => State::Retired,
            None => State::Free,
        }
    }

    pub(crate) fn has(self, session: u32) -> bool {
        self.standing(session).owns || self.standing(session).holds
    }

    pub(crate) fn standing(self, session: u32) -> Standing {
        Standing {
            owns: self.owner == Some(session),
            holds: self.holders & bit(session).mask() != 0,
            tainted: self.tainted,
        }
    }

    /// Whether the protocol lets a session with this standing try the step.
    pub(crate) fn allows(self, standing: Standing, step: Step) -> bool {
        match step {
            Release => standing.owns,
            PublishData | PublishHeld | Age => standing.owns && !self.worn,
            Unhold | HoldToData | AddData | RemoveData => standing.holds,
            Own => standing.holds && !self.worn,
            Claim | Take(_) | ForgetData(_) | Reap(_) => true,
            // A session that holds an object counts further references privately.
            Hold(_) | Adopt(_) => !standing.holds,
        }
    }

    pub(crate) fn last(self) -> u64 {
        if self.worn { NOW } else { u64::MAX }
    }
}

/// Every start state: free; owned by a live or dead session; 1, 2 or 255 data references and no holder; every set of
/// holders with 0, 1 and 2 data references, and that of the two live ones with 255.
pub(crate) fn starts() -> Vec<Start> {
    let mut starts = Vec::new();
    let mut put = |owner, holders: u64, data| {
        // The taint must survive everything but a release, so half of the states have it.
        let tainted = (holders.count_ones() + data as u32) % 2 == 1;
        starts.push(Start { owner, holders, data, tainted, worn: false });
    };
    put(None, 0, 0);
    for owner in [A, B, DEAD[0], DEAD[1]] {
        put(Some(owner), 0, 0);
    }
    for data in [1, 2, MAX_DATA] {
        put(None, 0, data);
    }
    for holders in 1..16 {
        for data in 0..3 {
            put(None, holders, data);
        }
    }
    for holders in 1..4 {
        put(None, holders, MAX_DATA);
    }
    starts
}

/// Start states of a slot that has published its last generation: it cannot be owned any more, only let go.
pub(crate) fn worn_starts() -> Vec<Start> {
    let states = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (3, 0), (3, 1), (5, 0), (4, 0), (4, 1), (12, 0)];
    states.map(|(holders, data)| Start { owner: None, holders, data, tainted: false, worn: true }).to_vec()
}
