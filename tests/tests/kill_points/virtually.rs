//! Virtual kills: what a kill at each instruction would leave, without killing.
//!
//! A killed process has no other effect on memory than that it stops, and its locks go. So after each instruction that
//! changed the region, the region's bytes are put over another region, in which the victim's session has no lock: there
//! it is dead, at that instruction. The victim goes on in its own region and is killed at the next one, and so on.

use std::collections::BTreeSet;

use pool_tests::words::words_of;

use crate::{
    ledger::Story,
    scripts::{NEW, Scene, Script, corpse},
    snapshot::{Snapshot, wipe},
    stage::{self, Plan, Props, Region},
    tracee::{Far, Stop, Tracee, cue},
    verify::{after_the_reap, before_the_reap, to_the_end, without_a_reap},
};

/// A state of the region at some instruction of a script.
pub(crate) struct Moment {
    pub(crate) snapshot: Snapshot,
    /// How far the script's story had come.
    pub(crate) chapter: usize,
}

/// What was seen of a script.
pub(crate) struct Seen {
    pub(crate) story: Story,
    pub(crate) instructions: u64,
    pub(crate) moments: Vec<Moment>,
}

impl Seen {
    /// The states that the script left the region in.
    pub(crate) fn digests(&self) -> BTreeSet<u64> {
        self.moments.iter().map(|moment| moment.snapshot.digest()).collect()
    }
}

impl Script {
    pub(crate) fn story(&self) -> Story {
        Story::new(stage::ledger(), self.before, self.steps)
    }

    /// Starts a process that plays the script, up to where it is ready.
    pub(crate) fn start(&self, region: &Region, props: &Props) -> Tracee {
        if self.corpse {
            leave_a_corpse(region, props);
        }
        Tracee::start(|| {
            let played = (self.play)(&Scene { region, props, new: NEW, cue: &cue });
            assert!(played.is_some(), "`{}` did not get what it wanted", self.name);
        })
    }
}

/// A session dies in the region, in the middle of a refill.
fn leave_a_corpse(region: &Region, props: &Props) {
    let scene = Scene { region, props, new: NEW + 1, cue: &cue };
    let mut victim = Tracee::start(|| assert!(corpse(&scene).is_some()));
    let words = words_of(region);
    let is_leased = || (0..words.shape().groups()).filter_map(|group| words.leases().lessee(group)).count() != 0;
    // In its second lease, which it does not hold at its first instruction.
    for wanted in [true, false, true] {
        while is_leased() != wanted {
            assert_eq!(victim.go(Far::Instruction), Stop::There, "it takes leases");
        }
    }
    victim.kill();
}

/// Steps through a script and kills it virtually wherever it has changed anything.
pub(crate) fn step_through(script: &Script, plan: Plan, other: &Region) -> Seen {
    let region = Region::memfd().expect("create");
    let me = region.join_as("survivor").expect("join");
    let cast = stage::set(&region, &me, plan);
    let mut victim = script.start(&region, &cast.props);

    let mut seen = Seen { story: script.story(), instructions: 0, moments: Vec::new() };
    let mut snapshot = Snapshot::of(&region);
    let mut chapter = 0;
    loop {
        chapter = seen.kill(&snapshot, plan, chapter, other);
        seen.moments.push(Moment { snapshot: snapshot.clone(), chapter });
        // On to the next change.
        let stop = loop {
            let stop = victim.go(Far::Instruction);
            seen.instructions += 1;
            if stop != Stop::There || snapshot.renew(&region) {
                break stop;
            }
        };
        if stop != Stop::There {
            assert_eq!(stop, Stop::Cue, "the script ends well");
            break;
        }
    }
    assert_eq!(chapter, seen.story.last(), "the story of the script was told to its end");
    victim.finish();
    region.reap();
    assert_eq!(after_the_reap(&region, &me, &cast), *seen.story.ledger(chapter));
    to_the_end(&region, &me, cast);
    seen
}

impl Seen {
    /// Kills the victim virtually. Returns the chapter that its story had come to, not before `from`.
    fn kill(&self, snapshot: &Snapshot, plan: Plan, from: usize, other: &Region) -> usize {
        let accounts = resume(snapshot, plan, other, |me, cast| {
            before_the_reap(other, me, &cast);
            other.reap();
            let accounts = after_the_reap(other, me, &cast);
            to_the_end(other, me, cast);
            accounts
        });
        resume(snapshot, plan, other, |me, cast| {
            without_a_reap(other, me, &cast, &accounts);
        });
        self.story.chapter(from, &accounts).unwrap_or_else(|| {
            panic!("handles own {accounts:?}; expected a ledger of {:?} at or after the {from}th", self.story)
        })
    }
}

/// Sets the stage in `other`, puts the bytes over it, and lets the survivor go on there.
pub(crate) fn resume<V>(
    snapshot: &Snapshot,
    plan: Plan,
    other: &Region,
    survive: impl FnOnce(&stage::Me<'_>, stage::Cast<'_>) -> V,
) -> V {
    wipe(other);
    let me = other.join_as("survivor").expect("join");
    let cast = stage::set(other, &me, plan);
    snapshot.put(other);
    survive(&me, cast)
}
