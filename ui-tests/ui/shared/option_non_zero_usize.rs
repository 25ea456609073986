use pool_typed::Shared;
use std::num::NonZero;

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    len: Option<NonZero<usize>>,
}

fn main() {}
