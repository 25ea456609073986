//! Real kills: SIGKILL at chosen instructions, to show that the virtual ones are the same, and at every edge of a system
//! call where state lives in the kernel.

use core::ops::ControlFlow::{self, Break, Continue};
use std::{collections::BTreeSet, fs};

use pool_tests::{message::Rng, names::Name};
use pool_typed::error::AttachError;

use crate::{
    scripts::{NEW, Scene, Script},
    snapshot::Snapshot,
    stage::{self, Item, Plan, Region},
    tracee::{Far, Stop, Tracee, cue},
    verify::{after_the_reap, before_the_reap, to_the_end},
};

/// Plays a script in a process, moves it with `go`, kills it where it stands, and looks what it has left.
///
/// Every state that is found must be one of `states`, where these are given.
pub(crate) fn kill(
    script: &Script,
    plan: Plan,
    seed: u64,
    states: Option<&BTreeSet<u64>>,
    go: impl FnOnce(&mut Tracee),
) {
    let region = Region::memfd().expect("create");
    let me = region.join_as("survivor").expect("join");
    let cast = stage::set(&region, &me, plan);
    let mut victim = script.start(&region, &cast.props);
    go(&mut victim);
    victim.kill();
    if let Some(states) = states {
        let state = Snapshot::of(&region).digest();
        assert!(states.contains(&state), "`{}` left what it never left when it was stepped through", script.name);
    }
    before_the_reap(&region, &me, &cast);
    if script.corpse {
        reap_and_die(&region, &cast.props, seed);
    }
    region.reap();
    let accounts = after_the_reap(&region, &me, &cast);
    assert!(script.story().chapter(0, &accounts).is_some(), "`{}`: {accounts:?}", script.name);
    to_the_end(&region, &me, cast);
}

/// A second reaper dies, who may have found the first one dead in the middle of it.
fn reap_and_die(region: &Region, props: &stage::Props, seed: u64) {
    let mut reaper = Tracee::start(|| {
        let scene = Scene { region, props, new: NEW, cue: &cue };
        (scene.cue)();
        drop(region.reap());
        (scene.cue)();
    });
    // Its work is between its system calls.
    let mut rng = Rng::new(seed);
    if go_to(&mut reaper, rng.below(60)) == Continue(()) {
        reaper.go_far(rng.below(500));
    }
    reaper.kill();
}

/// Kills a script at each edge of each of its system calls. Returns how many these are.
pub(crate) fn kill_at_system_calls(script: &Script, plan: Plan) -> u64 {
    at_each_edge(|edge| {
        let mut end = Continue(());
        kill(script, plan, edge, None, |victim| end = go_to(victim, edge));
        end
    })
}

/// Kills the creator of a region at each edge of each of its system calls, and at some instructions between. Returns how
/// many kills there were, and how many of these creators left a whole region behind.
pub(crate) fn kill_creators(rng: &mut Rng, between: u64) -> (u64, u64) {
    let (mut kills, mut whole) = (0, 0);
    kills += at_each_edge(|edge| {
        let mut end = Continue(());
        whole += u64::from(kill_creator(|creator| end = go_to(creator, edge)));
        end
    });
    if between == 0 {
        return (kills, whole);
    }
    let mut instructions = 0;
    kill_creator(|creator| instructions = creator.go_far(u64::MAX));
    for _ in 0..between {
        let far = rng.below(instructions);
        whole += u64::from(kill_creator(|creator| assert!(creator.go_far(far) <= far)));
        kills += 1;
    }
    (kills, whole)
}

/// Returns whether there is a region then.
fn kill_creator(go: impl FnOnce(&mut Tracee)) -> bool {
    let name = Name::new();
    let mut creator = Tracee::start(|| {
        cue();
        let region = Region::create(&name).expect("create");
        cue();
        drop(region);
    });
    go(&mut creator);
    creator.kill();
    let (region, found) = match Region::attach(&name) {
        Ok(region) => (region, true),
        Err(AttachError::NotFound { .. }) => (Region::create(&name).expect("the name is free"), false),
        Err(error) => panic!("half a region is there: {error}"),
    };
    let halves = fs::read_dir("/dev/shm").expect("list the names").filter(|entry| {
        let entry = entry.as_ref().expect("a name").file_name();
        entry.to_string_lossy().starts_with(".pool-region-")
    });
    assert_eq!(halves.count(), 0, "a creator left a file without a name of its own");
    let me = region.join_as("survivor").expect("join");
    assert!(me.alloc(Item::new(1)).expect("there is room").is(1));
    drop(me);
    let audit = region.audit();
    assert!(audit.is_sound() && audit.is_empty() && audit.sessions.is_empty(), "{audit}");
    found
}

/// Calls `kill` for edge 0, 1, .. until it comes to the end. Returns how many kills there were.
fn at_each_edge(mut kill: impl FnMut(u64) -> ControlFlow<()>) -> u64 {
    let mut edge = 0;
    while kill(edge) == Continue(()) {
        edge += 1;
    }
    edge + 1
}

/// Lets a process run to this edge of a system call; breaks where it comes to its end before.
fn go_to(victim: &mut Tracee, edge: u64) -> ControlFlow<()> {
    for _ in 0..edge {
        if victim.go(Far::SystemCall) == Stop::Cue {
            return Break(());
        }
    }
    Continue(())
}
