use pool_typed::Shared;
use std::num::NonZero;

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    count: NonZero<u64>,
}

fn main() {}
