//! Every pair of transitions of a slot, from every start state in which both are legal.
//!
//! Two threads each run one script on one record. Scripts are rows of a table: single transitions, and sequences that a
//! session runs in real life. Each transition says what it came to; the sum of these, added to the start, must be the
//! final word, whatever the order was: owner, holders, data references, taint and generation, bit by bit. So a slot
//! that is lost, owned twice, or referred to once too often shows as a wrong word. The object behind the slot holds the
//! generation under which it was or will be published: whoever holds it by a handle must find the handle's generation
//! there (no stale handle is accepted), and loom fails every access that is not ordered after the writer's.
#![cfg(loom)]

#[path = "loom_slot/table.rs"]
mod table;

use std::{collections::BTreeSet, fmt, sync::Arc};

use loom::thread;
use pool_core::{
    geometry::Shape,
    slot::{Held, Reaped, Record, Refused, Unheld},
    word::{MAX_DATA, State, low},
};
use pool_tests::model::{World, bit, check};

use table::{
    A, AGE, B, DEAD, NOW, SCRIPTS, STEPS, Standing, Start,
    Step::{
        self, AddData, Adopt, Age, Claim, ForgetData, Hold, HoldToData, Own, PublishData, PublishHeld, Reap, Release,
        RemoveData, Take, Unhold,
    },
    starts, worn_starts,
};

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
            assert!(found != impossible || other, "{a:?} beside {b:?}");
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
