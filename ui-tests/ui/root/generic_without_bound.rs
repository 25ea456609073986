use pool_typed::{Pool, Root, Shared};

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
}

#[derive(Root)]
#[repr(C)]
struct World<const N: usize> {
    messages: Pool<Message, 64>,
    numbers: Pool<u64, N>,
}

fn main() {}
