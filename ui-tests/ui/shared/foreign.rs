use pool_typed::Shared;
use std::time::Duration;

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    timeout: Duration,
}

fn main() {}
