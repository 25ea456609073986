use pool_typed::{Pool, Root};

#[derive(Root)]
#[repr(C)]
enum World {
    Numbers(Pool<u64, 64>),
}

fn main() {}
