use pool_typed::{Pool, Root, Shared};

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
}

#[derive(Root)]
#[repr(C)]
struct World {
    messages: Pool<Message, 64>,
    nodes: Pool<Message, 48>,
}

fn main() {}
