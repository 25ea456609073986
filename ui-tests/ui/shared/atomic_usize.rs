use pool_typed::Shared;
use std::sync::atomic::AtomicUsize;

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    count: AtomicUsize,
}

fn main() {}
