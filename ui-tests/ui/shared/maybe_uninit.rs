use pool_typed::Shared;
use std::mem::MaybeUninit;

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    value: MaybeUninit<u64>,
}

fn main() {}
