//! wip
#![cfg(not(loom))]

#[path = "kill_points/ledger.rs"]
mod ledger;
#[path = "kill_points/scripts.rs"]
mod scripts;
#[path = "kill_points/snapshot.rs"]
mod snapshot;
#[path = "kill_points/stage.rs"]
mod stage;
#[path = "kill_points/tracee.rs"]
mod tracee;
#[path = "kill_points/verify.rs"]
mod verify;
#[path = "kill_points/virtually.rs"]
mod virtually;

use std::time::Instant;

use pool_tests::process::Roles;

use crate::{
    scripts::ALL,
    stage::{Plan, Region},
};

#[test]
fn a_kill_at_any_instruction_leaves_nothing_behind() {
    let roles = Roles::of_test("a_kill_at_any_instruction_leaves_nothing_behind");
    roles.play("tracer", |line| {
        tracee::stay_on_one_processor(0);
        let other = Region::memfd().unwrap();
        for script in ALL {
            for room in [None, Some(40)] {
                let since = Instant::now();
                let plan = Plan { seed: 1, room };
                let seen = virtually::step_through(script, plan, &other);
                eprintln!("{:40} {room:?} {} {} {:?}", script.name, seen.instructions, seen.moments.len(), since.elapsed());
            }
        }
        line.say("done");
    });
    let tracer = roles.start("tracer");
    tracer.expect("done");
    tracer.end();
}
