use pool_typed::{Pool, Root};

#[derive(Root)]
#[repr(C)]
struct World(Pool<u64, 64>);

fn main() {}
