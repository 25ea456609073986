use pool_typed::Shared;
use std::collections::HashMap;

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    index: HashMap<u32, u32>,
}

fn main() {}
