use pool_typed::{Pool, Shared};

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    parts: Pool<u64, 64>,
}

fn main() {}
