use pool_typed::Shared;
use std::num::NonZeroU64;

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    count: NonZeroU64,
}

fn main() {}
