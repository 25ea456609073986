//! Virtual kills: what a kill at each instruction would leave, without killing.
//!
//! A killed process has no other effect on memory than that it stops, and its locks go. So after each instruction that
//! changed the region, the region's bytes are put over another region, in which the victim's session has no lock: there
//! it is dead, at that instruction. The victim goes on in its own region and is killed at the next one, and so on.

use std::collections::BTreeSet;

use pool_tests::message::Rng;

use crate::{
    ledger::{Ledger, Story},
    scripts::{ALL, NEW, Scene, Script, corpse},
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
    let words = pool_tests::words::words_of(region);
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

/// Plays another script to its end while the first stands still, alive, at some instruction; then the first one dies.
pub(crate) fn interleave(seen: &Seen, first: &Script, moment: &Moment, second: &Script, plan: Plan, other: &Region) {
    wipe(other);
    let me = other.join_as("survivor").expect("join");
    // Has the first one's life byte, as its process would. A dead one's is free.
    let stand_in = (!first.corpse).then(|| other.join_as("victim").expect("join"));
    let cast = stage::set(other, &me, plan);
    moment.snapshot.put(other);

    let new = 2 * NEW;
    let played = (second.play)(&Scene { region: other, props: &cast.props, new, cue: &|| () });

    let state = Snapshot::of(other);
    drop(stand_in);
    state.put(other);
    other.reap();
    let accounts = after_the_reap(other, &me, &cast);
    let ledger = seen.story.ledger(moment.chapter);
    may_be(&accounts, ledger, &seen.story, second, new, played.is_some());
    to_the_end(other, &me, cast);
}

/// Checks what handles own after both: what the first one's story says, but for what the second one has changed.
pub(crate) fn may_be(
    accounts: &Ledger,
    ledger: &Ledger,
    first: &Story,
    second: &Script,
    new: u64,
    second_played: bool,
) {
    let renumber = |changes: &[(u64, u64)]| -> Vec<_> {
        changes.iter().map(|(number, handles)| (if *number == NEW { new } else { *number }, *handles)).collect()
    };
    let second = Story::new(stage::ledger(), &[], &[renumber(second.before), renumber(second.steps)].concat());
    let (by_first, by_second) = (first.touched(), second.touched());
    let numbers: BTreeSet<u64> = accounts.numbers().chain(ledger.numbers()).chain(by_second.iter().copied()).collect();
    for number in numbers {
        let found = accounts.of(number);
        let at_first = ledger.of(number);
        let expected: Vec<u64> = if !by_second.contains(&number) {
            vec![at_first]
        } else if by_first.contains(&number) || first.ledger(0).of(number) != stage::ledger().of(number) {
            // Both have changed it: each alone, or both.
            let base = stage::ledger().of(number);
            let both = second.all_of(number).map(|handles| (at_first + handles).saturating_sub(base));
            second.all_of(number).chain(both).chain([at_first]).collect()
        } else if second_played {
            vec![second.ledger(second.last()).of(number)]
        } else {
            second.all_of(number).collect()
        };
        assert!(expected.contains(&found), "{found} handles own {number}; expected one of {expected:?}");
    }
}

/// Chooses a script.
pub(crate) fn any(rng: &mut Rng) -> &'static Script {
    &ALL[rng.below(ALL.len() as u64) as usize]
}
