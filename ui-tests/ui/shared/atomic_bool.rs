use pool_typed::Shared;
use std::sync::atomic::AtomicBool;

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    done: AtomicBool,
}

fn main() {}
