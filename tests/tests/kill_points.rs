//! Sessions are killed at every instruction of every operation, and nothing is ever lost, spoilt or in the way.
//!
//! A child is traced through a script, one instruction at a time ([`scripts`], [`tracee`]). What it leaves is looked at by
//! a survivor, who first goes on working, and then reaps ([`verify`]); what handles own steps from one ledger of the
//! script's story to the next, never between and never back ([`ledger`]). There are four sorts of kills:
//!
//! * **virtual** ones at every instruction ([`virtually`]): a kill has no other effect on memory than that the victim stops;
//! * **real** ones at some instructions, which must leave a state that the virtual ones left, and at every edge of every
//!   system call where state lives in the kernel ([`really`]);
//! * kills of one that stood still, alive, while **another played a script** to its end ([`together`]);
//! * kills of one of **two processes** that were moved by turns (there, too).
//!
//! A process that may not be traced is a failure. What is stepped through is the code that ships: this is a test of
//! release builds, and of nothing in others.
//!
//! `KILL_SCALE=32` makes 32 times as many (10 million virtual kills, 10,000 real ones, in some twenty minutes with
//! `--release`):
//!
//! ```text
//! KILL_SCALE=32 cargo test --release -p pool-tests --test kill_points -- --nocapture
//! ```
//!
//! `KILL_SEED` starts with another seed than 1, and `KILL_SCRIPTS` names those to be played, by parts of their names
//! with `;` between.
#![cfg(all(not(loom), not(debug_assertions)))]

#[path = "kill_points/ledger.rs"]
mod ledger;
#[path = "kill_points/really.rs"]
mod really;
#[path = "kill_points/scripts.rs"]
mod scripts;
#[path = "kill_points/snapshot.rs"]
mod snapshot;
#[path = "kill_points/stage.rs"]
mod stage;
#[path = "kill_points/together.rs"]
mod together;
#[path = "kill_points/tracee.rs"]
mod tracee;
#[path = "kill_points/verify.rs"]
mod verify;
#[path = "kill_points/virtually.rs"]
mod virtually;

use std::env;

use pool_tests::{
    message::Rng,
    process::{Line, Roles},
};

use crate::{
    scripts::{ALL, Script},
    stage::{Plan, Region},
};

/// What a tracer says now and then, for nobody to think that it hangs.
const GOES_ON: &str = "on";

/// How many seeds there are, and the first of them.
fn seeds() -> core::ops::Range<u64> {
    let number = |name| env::var(name).map_or(1, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text:?}")));
    let first = number("KILL_SEED");
    first..first + number("KILL_SCALE")
}

/// The stages of a seed: one with room everywhere, and one where all look for room in the same groups.
fn plans(seed: u64) -> [Plan; 2] {
    let room = 40 + Rng::new(seed).below(40) as usize;
    [Plan { seed, room: None }, Plan { seed: seed + (1 << 32), room: Some(room) }]
}

/// Whether a script is to be played.
fn wanted(script: &Script) -> bool {
    env::var("KILL_SCRIPTS").map_or(true, |names| names.split(';').any(|name| script.name.contains(name)))
}

/// Whether all scripts are to be played: then there is a least number of everything.
fn all_are_wanted() -> bool {
    env::var_os("KILL_SCRIPTS").is_none()
}

/// The scripts of what has state in the kernel: joining, leaving, attaching, reaping.
fn is_of_sessions(script: &Script) -> bool {
    script.corpse || script.name.starts_with("join") || script.name.starts_with("leave")
}

/// The scripts that are much longer than all others.
fn attaches(script: &Script) -> bool {
    script.name == "attach"
}

/// Plays the scripts, and says how many instructions, states, real kills and interleavings there were.
fn step_through(scripts: &[&Script], line: &Line) {
    let other = Region::memfd().expect("create");
    let everything: Vec<_> = ALL.iter().filter(|script| wanted(script)).collect();
    let (mut instructions, mut states, mut kills, mut interleavings) = (0, 0, 0, 0);
    for seed in seeds() {
        let mut rng = Rng::new(seed);
        for (script, plan) in scripts.iter().flat_map(|script| plans(seed).map(|plan| (script, plan))) {
            if seed == seeds().start && plan.room.is_none() && is_of_sessions(script) {
                kills += really::kill_at_system_calls(script, plan);
                line.say(GOES_ON);
            }
            let seen = virtually::step_through(script, plan, &other);
            instructions += seen.instructions;
            states += seen.moments.len();
            for moment in &seen.moments {
                for _ in 0..3 {
                    let second = everything[rng.below(everything.len() as u64) as usize];
                    together::interleave(&seen, script, moment, second, plan, &other);
                    interleavings += 1;
                }
            }
            for _ in 0..if is_of_sessions(script) { 2 } else { 4 } {
                let [far, reaper] = [rng.below(seen.instructions + 1), rng.next()];
                really::kill(script, plan, reaper, Some(&seen.digests()), |victim| {
                    victim.go_far(far);
                });
                kills += 1;
            }
            line.say(GOES_ON);
        }
    }
    line.say(format!("{instructions} {states} {kills} {interleavings}"));
}

/// Waits for the numbers that a tracer says at its end; before, it only says that it goes on.
fn hear_numbers<const K: usize>(tracer: &Line) -> [u64; K] {
    loop {
        let words = tracer.hear();
        if words != GOES_ON {
            let numbers: Vec<_> = words.split(' ').map(|word| word.parse().expect("a number")).collect();
            return numbers.try_into().expect("as many numbers");
        }
    }
}

/// Has the scripts played, and checks that there was enough of everything.
fn play(test: &'static str, processor: usize, sort: impl Fn(&Script) -> bool, least: [u64; 4]) {
    let roles = Roles::of_test(test);
    let scripts: Vec<_> = ALL.iter().filter(|script| sort(script) && wanted(script)).collect();
    roles.play("tracer", |line| {
        tracee::stay_on_one_processor(processor);
        step_through(&scripts, line);
    });
    let tracer = roles.start("tracer");
    let found: [u64; 4] = hear_numbers(&tracer);
    tracer.end();
    let [instructions, states, kills, interleavings] = found;
    println!(
        "{test}: {instructions} virtual kills in {states} states, {kills} real kills, {interleavings} interleavings of \
         {} scripts; seeds {:?}",
        scripts.len(),
        seeds()
    );
    if all_are_wanted() {
        assert!(found.iter().zip(least).all(|(found, least)| *found >= least), "{found:?} of at least {least:?}");
    }
}

#[test]
fn objects_survive_a_kill_at_any_instruction() {
    play("objects_survive_a_kill_at_any_instruction", 0, |script| !is_of_sessions(script), [20_000, 300, 130, 900]);
}

#[test]
fn sessions_survive_a_kill_at_any_instruction() {
    play(
        "sessions_survive_a_kill_at_any_instruction",
        1,
        |script| is_of_sessions(script) && !attaches(script),
        [100_000, 60, 200, 180],
    );
}

#[test]
fn regions_survive_a_kill_of_who_attaches() {
    play("regions_survive_a_kill_of_who_attaches", 0, attaches, [100_000, 25, 60, 75]);
}

const PAIRS: u64 = 400;

#[test]
fn one_of_two_may_be_killed_at_any_instruction() {
    let roles = Roles::of_test("one_of_two_may_be_killed_at_any_instruction");
    roles.play("tracer", |line| {
        tracee::stay_on_one_processor(0);
        let mine: Vec<_> = ALL.iter().filter(|script| wanted(script)).collect();
        let mut pairs = 0;
        for seed in seeds() {
            let mut rng = Rng::new(seed);
            for round in 0..PAIRS {
                let first = mine[rng.below(mine.len() as u64) as usize];
                let second = &ALL[rng.below(ALL.len() as u64) as usize];
                together::by_turns(first, second, &mut rng, plans(seed)[round as usize % 2]);
                pairs += 1;
                line.say(GOES_ON);
            }
        }
        line.say(pairs);
    });
    let tracer = roles.start("tracer");
    let [pairs] = hear_numbers(&tracer);
    tracer.end();
    println!("one_of_two_may_be_killed_at_any_instruction: {pairs} pairs; seeds {:?}", seeds());
    assert!(pairs >= PAIRS);
}

#[test]
fn creators_may_be_killed_at_any_instruction() {
    let roles = Roles::of_test("creators_may_be_killed_at_any_instruction");
    roles.play("tracer", |line| {
        tracee::stay_on_one_processor(1);
        let (mut kills, mut whole) = (0, 0);
        for seed in seeds() {
            let (more_kills, more_whole) = really::kill_creators(&mut Rng::new(seed), 4);
            (kills, whole) = (kills + more_kills, whole + more_whole);
            line.say(GOES_ON);
        }
        line.say(format!("{kills} {whole}"));
    });
    let tracer = roles.start("tracer");
    let [kills, whole] = hear_numbers(&tracer);
    tracer.end();
    println!(
        "creators_may_be_killed_at_any_instruction: {kills} real kills, {whole} left a region; seeds {:?}",
        seeds()
    );
    assert!(kills >= 30 && 0 < whole && whole < kills, "{whole} of {kills}");
}
