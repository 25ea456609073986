use pool_typed::{PoolBox, Shared};

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    part: PoolBox<'static, u64>,
}

fn main() {}
