//! Two sessions at work when one of them dies: the other goes on, and both stories end as they may.
//!
//! Most are virtual: the first stands still, alive, at one of its states, while the other plays its script to the end in
//! the survivor's process. In the rest both are traced processes, moved by turns.
#![allow(unsafe_code, reason = "a forked child ends without the destructors of its parent")]

use std::collections::BTreeSet;

use pool_tests::message::Rng;

use crate::{
    ledger::{Ledger, Story},
    scripts::{NEW, Scene, Script},
    snapshot::{Snapshot, wipe},
    stage::{self, Plan, Region},
    tracee::{Far, Stop, Tracee, cue},
    verify::{after_the_reap, to_the_end},
    virtually::{Moment, Seen},
};

/// The number of the second script's new object.
const SECOND: u64 = 2 * NEW;
/// The exit code of a process whose script did not get what it wanted.
const REFUSED: i32 = 3;

/// Plays another script to its end while the first stands still, alive, at some instruction; then the first one dies.
pub(crate) fn interleave(seen: &Seen, first: &Script, moment: &Moment, second: &Script, plan: Plan, other: &Region) {
    wipe(other);
    let me = other.join_as("survivor").expect("join");
    // Has the first one's life byte, as its process would. A dead one's is free.
    let stand_in = (!first.corpse).then(|| other.join_as("victim").expect("join"));
    let cast = stage::set(other, &me, plan);
    moment.snapshot.put(other);

    let played = (second.play)(&Scene { region: other, props: &cast.props, new: SECOND, cue: &|| () });

    let state = Snapshot::of(other);
    drop(stand_in);
    state.put(other);
    other.reap();
    let accounts = after_the_reap(other, &me, &cast);
    let ending = may_be(&accounts, &seen.story, moment.chapter, second, played.is_some());
    assert_eq!(ending, Ok(()), "`{}` stood still while `{}` was played", first.name, second.name);
    to_the_end(other, &me, cast);
}

/// Moves two processes by turns; then the first is killed where it stands, and the second comes to its end.
pub(crate) fn by_turns(first: &Script, second: &Script, rng: &mut Rng, plan: Plan) {
    let region = Region::memfd().expect("create");
    let me = region.join_as("survivor").expect("join");
    let cast = stage::set(&region, &me, plan);
    let mut victim = first.start(&region, &cast.props);
    let mut other = Tracee::start(|| {
        let scene = Scene { region: &region, props: &cast.props, new: SECOND, cue: &cue };
        // It may have to do without what the first one has prepared, and never gets ready.
        if (second.play)(&scene).is_none() {
            cue();
            // SAFETY: it ends a forked child at once.
            unsafe { libc::_exit(REFUSED) };
        }
    });
    // Most scripts are some hundred instructions long, a few some ten thousand. At its end a victim stays.
    let longest = 64 << rng.below(8);
    let [far, more] = [rng.below(longest), rng.below(100)];
    let is_there = victim.go_far(far) == far;
    if rng.below(2) == 0 {
        other.go_far(rng.below(1000));
        if is_there {
            victim.go_far(more);
        }
    } else {
        // All that the other does, it does beside one who stands still.
        other.go(Far::Cue);
    }
    victim.kill();
    let code = loop {
        if let Stop::Exit(code) = other.go(Far::Cue) {
            break code;
        }
    };
    assert!([0, REFUSED].contains(&code), "`{}` has failed: exit code {code}", second.name);
    region.reap();
    let accounts = after_the_reap(&region, &me, &cast);
    let story = first.story();
    let endings: Vec<_> =
        (0..=story.last()).map(|chapter| may_be(&accounts, &story, chapter, second, code == 0)).collect();
    assert!(endings.contains(&Ok(())), "`{}` and `{}`: {endings:?}", first.name, second.name);
    to_the_end(&region, &me, cast);
}

/// Checks what handles own after both: what the first one's story says, but for what the second one has changed.
fn may_be(accounts: &Ledger, first: &Story, chapter: usize, second: &Script, played: bool) -> Result<(), String> {
    let ledger = first.ledger(chapter);
    let renumbered = second.before.iter().chain(second.steps).map(|(number, handles)| match *number {
        NEW => (SECOND, *handles),
        number => (number, *handles),
    });
    let before = stage::ledger();
    let second = Story::new(before.clone(), &[], &renumbered.collect::<Vec<_>>());
    let (by_first, by_second) = (first.touched(), second.touched());
    let numbers: BTreeSet<u64> = accounts.numbers().chain(ledger.numbers()).chain(by_second.iter().copied()).collect();
    for number in numbers {
        let (found, by_then) = (accounts.of(number), ledger.of(number));
        let expected: Vec<u64> = if !by_second.contains(&number) {
            vec![by_then]
        } else if by_first.contains(&number) || first.ledger(0).of(number) != before.of(number) {
            // Each of them alone, or both.
            let both = second.all_of(number).map(|handles| (by_then + handles).saturating_sub(before.of(number)));
            second.all_of(number).chain(both).chain([by_then]).collect()
        } else if played {
            vec![second.ledger(second.last()).of(number)]
        } else {
            second.all_of(number).collect()
        };
        if !expected.contains(&found) {
            return Err(format!("{found} handles own {number}; expected one of {expected:?}"));
        }
    }
    Ok(())
}
