use pool_typed::Shared;
use std::cell::Cell;

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    count: Cell<u64>,
}

fn main() {}
