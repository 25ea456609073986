//! Every pair of transitions of a slot, from every start state in which both are legal.
//!
//! Two threads each run one script on one record. Scripts are rows of a table: single transitions, and sequences that a
//! session runs in real life. Each transition says what it came to; the sum of these, added to the start, must be the
//! final word, whatever the order was: owner, holders, data references, taint and generation, bit by bit. So a slot
//! that is lost, owned twice, or referred to once too often shows as a wrong word. The object behind the slot holds the
//! generation under which it was or will be published: whoever holds it by a handle must find the handle's generation
//! there (no stale handle is accepted), and loom fails every access that is not ordered after the writer's.
#![cfg(loom)]

use std::{collections::BTreeSet, fmt, sync::Arc};

use loom::thread;
use pool_core::{
    geometry::Shape,
    slot::{Held, Reaped, Record, Refused, Unheld},
    word::{MAX_DATA, State, low},
};
use pool_tests::model::{World, bit, check};

/// The two sessions that run scripts, and two that are dead: each has one reaper.
const A: u32 = 0;
const B: u32 = 1;
const DEAD: [u32; 2] = [2, 3];

/// The last published generation at the start.
const NOW: u64 = 5;
/// So many publications later the low bits of a generation are the same again.
const AGE: u64 = 1 << 13;

/// A transition, as one of the sessions tries it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Step {
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
const STEPS: &[Step] = &[
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
const SCRIPTS: &[&[Step]] = &[
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
struct Standing {
    owns: bool,
    holds: bool,
    tainted: bool,
}

/// A legal state of the slot.
#[derive(Clone, Copy, Debug)]
struct Start {
    owner: Option<u32>,
    /// A bit for each session.
    holders: u64,
    data: u64,
    tainted: bool,
    /// Whether `NOW` is the last generation that the slot can publish.
    worn: bool,
}

impl Start {
    fn state(self) -> State {
        let Self { owner, holders, data, tainted, .. } = self;
        match owner {
            Some(owner) => State::Owned { holders: bit(owner).mask(), tainted },
            None if holders != 0 => State::Held { data, low: low(NOW), holders, tainted },
            None if data != 0 => State::Data { data, generation: NOW, tainted },
            None if self.worn => State::Retired,
            None => State::Free,
        }
    }

    fn has(self, session: u32) -> bool {
        self.standing(session).owns || self.standing(session).holds
    }

    fn standing(self, session: u32) -> Standing {
        Standing {
            owns: self.owner == Some(session),
            holds: self.holders & bit(session).mask() != 0,
            tainted: self.tainted,
        }
    }

    /// Whether the protocol lets a session with this standing try the step.
    fn allows(self, standing: Standing, step: Step) -> bool {
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

    fn last(self) -> u64 {
        if self.worn { NOW } else { u64::MAX }
    }
}

/// Every start state: free; owned by a live or dead session; 1, 2 or 255 data references and no holder; every set of
/// holders with 0, 1 and 2 data references, and that of the two live ones with 255.
fn starts() -> Vec<Start> {
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
fn worn_starts() -> Vec<Start> {
    let states = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (3, 0), (3, 1), (5, 0), (4, 0), (4, 1), (12, 0)];
    states.map(|(holders, data)| Start { owner: None, holders, data, tainted: false, worn: true }).to_vec()
}

/// What a script came to.
#[derive(Clone, Copy, Debug, Default)]
struct Outcome {
    standing: Standing,
    data: i64,
    published: u64,
    freed: u32,
    /// Of the dead, a bit each: what they owned or held is taken from them.
    reaped: u64,
}

struct Run<'a> {
    world: &'a World,
    record: &'a Record,
    me: u32,
    start: Start,
    outcome: Outcome,
}

impl<'a> Run<'a> {
    fn of(world: &'a World, me: u32, start: Start) -> Self {
        let outcome = Outcome { standing: start.standing(me), ..Outcome::default() };
        Self { world, record: world.pool().record(0), me, start, outcome }
    }

    fn script(mut self, script: &[Step]) -> Outcome {
        for &step in script {
            if !self.start.allows(self.outcome.standing, step) {
                break;
            }
            self.step(step);
        }
        self.outcome
    }

    /// An owner leaves its mark in the object: the generation that comes next.
    fn own(&mut self, tainted: bool) {
        self.outcome.standing = Standing { owns: true, holds: false, tainted };
        self.world.write(0, self.record.generation() + 1);
    }

    fn hold(&mut self, generation: u64) {
        self.outcome.standing.holds = true;
        self.look(generation);
    }

    /// A holder reads the object.
    fn look(&self, generation: u64) {
        assert_eq!(self.world.read(0), generation, "an object of another generation");
        assert_eq!(self.record.generation(), generation, "the generation of a held object stands still");
    }

    fn publish(&mut self, publish: impl FnOnce(&Record, bool) -> u64) {
        let tainted = self.outcome.standing.tainted;
        self.world.write(0, self.record.generation() + 1);
        self.outcome.published += 1;
        self.outcome.standing = Standing::default();
        publish(self.record, tainted);
    }

    /// What a refusal says must be possible.
    fn refused(&self, refused: Refused) {
        let full = refused == Refused::TooManyReferences;
        assert!(!full || self.start.data >= MAX_DATA - 1, "{refused:?}");
        if let Refused::InUse { holders, data } = refused {
            assert!(holders != 0 || data != 0, "in use by nobody");
        }
    }

    fn step(&mut self, step: Step) {
        let (record, me) = (self.record, bit(self.me));
        if self.outcome.standing.holds {
            self.look(record.generation());
        }
        match step {
            Claim => {
                let lease = self.world.pool().leases().acquire(0, me);
                if lease.is_some() && record.is_free() {
                    record.claim_leased(me);
                    self.own(false);
                }
            }
            Release => {
                self.world.write(0, u64::MAX);
                self.outcome.standing = Standing::default();
                self.outcome.freed += 1;
                assert_eq!(record.release(self.start.last()), !self.start.worn);
            }
            PublishData => {
                self.outcome.data += 1;
                self.publish(|record, tainted| record.publish_data(tainted));
            }
            PublishHeld => {
                self.publish(|record, tainted| record.publish_held(me, tainted));
                self.outcome.standing.holds = true;
            }
            Take(generation) => match record.take(generation, me) {
                Ok(tainted) => {
                    self.look(generation);
                    self.outcome.data -= 1;
                    self.own(tainted);
                }
                Err(refused) => self.refused(refused),
            },
            Hold(generation) => match record.hold(generation, me) {
                Held::Yes => self.hold(generation),
                Held::No(refused) => self.refused(refused),
                Held::StaleAndOwned { tainted } => self.own(tainted),
            },
            Unhold => match record.unhold(me) {
                Unheld::Shared => self.outcome.standing.holds = false,
                Unheld::Owned { tainted } => self.own(tainted),
                Unheld::NotHeld => panic!("the hold is gone"),
            },
            HoldToData => match record.hold_to_data(me) {
                Ok(()) => {
                    self.outcome.standing.holds = false;
                    self.outcome.data += 1;
                }
                Err(refused) => self.refused(refused),
            },
            AddData => match record.add_data() {
                Ok(()) => self.outcome.data += 1,
                Err(refused) => self.refused(refused),
            },
            RemoveData => match record.remove_data() {
                Ok(()) => self.outcome.data -= 1,
                Err(refused) => assert_eq!(refused, Refused::Stale),
            },
            Adopt(generation) => match record.adopt(generation, me) {
                Ok(()) => {
                    self.outcome.data -= 1;
                    self.hold(generation);
                }
                Err(refused) => self.refused(refused),
            },
            ForgetData(generation) => match record.forget_data(generation) {
                Ok(()) => self.outcome.data -= 1,
                Err(refused) => self.refused(refused),
            },
            Own => match record.own(me) {
                Ok(tainted) => self.own(tainted),
                Err(refused) => self.refused(refused),
            },
            Reap(dead) => match record.reap(bit(dead), self.start.last()) {
                Reaped::Untouched => {}
                Reaped::Freed => {
                    self.outcome.reaped |= bit(dead).mask();
                    self.outcome.freed += 1;
                }
                Reaped::Released => self.outcome.reaped |= bit(dead).mask(),
            },
            Age => {
                let State::Owned { .. } = record.state() else { panic!("not the owner") };
                let older = record.generation() + AGE - 1;
                let tainted = self.outcome.standing.tainted;
                record.set(State::Owned { holders: me.mask(), tainted }, older);
                self.outcome.published += AGE - 1;
            }
        }
    }
}

/// The word that `start` and what was done to it add up to.
fn expected(start: Start, outcomes: [Outcome; 2]) -> (State, u64) {
    let reaped = outcomes[0].reaped | outcomes[1].reaped;
    let freed = outcomes[0].freed + outcomes[1].freed;
    let data = start.data as i64 + outcomes[0].data + outcomes[1].data;
    let generation = NOW + outcomes[0].published + outcomes[1].published;
    let mut owners = start.owner.map_or(0, |owner| bit(owner).mask()) & !0b11 & !reaped;
    let mut holders = start.holders & !0b11 & !reaped;
    for (session, outcome) in outcomes.iter().enumerate() {
        owners |= u64::from(outcome.standing.owns) << session;
        holders |= u64::from(outcome.standing.holds) << session;
    }
    let tainted = start.tainted && freed == 0;
    let data = u64::try_from(data).expect("a data reference was used twice");
    let state = match owners.count_ones() {
        0 if holders != 0 => State::Held { data, low: low(generation), holders, tainted },
        0 if data != 0 => State::Data { data, generation, tainted },
        0 if start.worn => State::Retired,
        0 => State::Free,
        1 => {
            assert_eq!((holders, data), (0, 0), "owned, and referred to");
            State::Owned { holders: owners, tainted }
        }
        _ => panic!("owned twice: {owners:#b}"),
    };
    (state, generation)
}

struct Name(Start, [&'static [Step]; 2]);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} beside {:?}, from {:?}", self.1[0], self.1[1], self.0.state())
    }
}

/// Runs two scripts beside each other in every order.
fn pair(start: Start, scripts: [&'static [Step]; 2], preemptions: Option<usize>) -> u64 {
    check(Name(start, scripts), preemptions, move || {
        let world = World::new(Shape::with_groups(0, 0));
        world.pool().record(0).set(start.state(), NOW);
        world.write(0, NOW);
        let shared = Arc::clone(&world);
        let theirs = thread::spawn(move || Run::of(&shared, B, start).script(scripts[1]));
        let ours = Run::of(&world, A, start).script(scripts[0]);
        let outcomes = [ours, theirs.join().unwrap()];

        let (state, generation) = expected(start, outcomes);
        let pool = world.pool();
        let record = pool.record(0);
        assert_eq!((record.state(), record.generation()), (state, generation), "{outcomes:?}");
        // Whoever comes after both finds a valid handle valid.
        if let State::Data { data: 1, .. } = state {
            assert!(record.take(generation, bit(4)).is_ok());
            assert_eq!(world.read(0), generation);
        }
    })
}

/// Whether both scripts can begin in this state, and the model is no other's mirror image.
fn fits(start: Start, a: &[Step], b: &[Step]) -> bool {
    let legal = start.allows(start.standing(A), a[0]) && start.allows(start.standing(B), b[0]);
    let one_reaper = !matches!((a[0], b[0]), (Reap(one), Reap(other)) if one == other);
    // The dead are alike: the second one is for the pair of two reapers.
    let second = start.has(DEAD[1]) || a[0] == Reap(DEAD[1]) || b[0] == Reap(DEAD[1]);
    let two_reapers = matches!((a[0], b[0]), (Reap(_), Reap(_)));
    // So are the living, where both have the same standing.
    let mirrored = start.standing(A) == start.standing(B) && a > b;
    legal && one_reaper && second == two_reapers && !mirrored
}

#[test]
fn every_pair_of_transitions() {
    let steps: Vec<_> = STEPS.iter().map(core::slice::from_ref).collect();
    let (seen, runs) = pairs(&starts(), &steps, &steps, None);
    let (more, worn) = pairs(&worn_starts(), &steps, &steps, None);
    assert!(more.is_subset(&seen));
    // What only the owner does is never beside what only an owner or a holder does; all other pairs were run.
    let of_owner = [Release, PublishData, PublishHeld];
    let of_holder = [Unhold, HoldToData, AddData, RemoveData, Own];
    for a in STEPS {
        for b in STEPS {
            let exclude = |a, b| of_owner.contains(a) && (of_owner.contains(b) || of_holder.contains(b));
            let one_reaper = matches!((a, b), (Reap(one), Reap(other)) if one == other);
            let impossible = exclude(a, b) || exclude(b, a) || one_reaper;
            let found = seen.contains(&(*a, *b)) || seen.contains(&(*b, *a));
            // The second of the dead is there for the pair of reapers only.
            let other = [a, b].contains(&&Reap(DEAD[1])) && !matches!((a, b), (Reap(_), Reap(_)));
            assert!(found == !impossible || other, "{a:?} beside {b:?}");
        }
    }
    println!("pairs of transitions: {runs}; of a worn slot: {worn}");
}

#[test]
fn every_sequence_beside_every_transition_and_sequence() {
    let steps = STEPS.iter().map(core::slice::from_ref).chain(SCRIPTS.iter().copied()).collect::<Vec<_>>();
    // The dead only where they are reaped: else they are one more silent holder.
    let (dead, living): (Vec<_>, Vec<_>) = starts().into_iter().partition(|start| start.has(DEAD[0]));
    let living: Vec<_> = living.into_iter().filter(|start| start.data < MAX_DATA).collect();
    let (_, mut runs) = pairs(&living, SCRIPTS, &steps, Some(2));
    let (_, more) = pairs(&dead, SCRIPTS, &[&[Reap(DEAD[0])]], Some(2));
    runs.models += more.models;
    runs.orders += more.orders;
    println!("pairs of sequences: {runs}");
}

/// How many models were run, in how many orders.
#[derive(Default)]
struct Runs {
    models: u64,
    orders: u64,
}

impl fmt::Display for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} models, {} orders", self.models, self.orders)
    }
}

/// Runs each script of `first` beside each of `second` from each start state. Returns the pairs of their first steps.
fn pairs(
    starts: &[Start],
    first: &[&'static [Step]],
    second: &[&'static [Step]],
    preemptions: Option<usize>,
) -> (BTreeSet<(Step, Step)>, Runs) {
    let (mut seen, mut runs) = (BTreeSet::new(), Runs::default());
    for start in starts {
        for a in first {
            for b in second {
                if fits(*start, a, b) {
                    runs.orders += pair(*start, [a, b], preemptions);
                    runs.models += 1;
                    seen.insert((a[0], b[0]));
                }
            }
        }
    }
    (seen, runs)
}
