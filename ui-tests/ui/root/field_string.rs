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
    name: String,
}

fn main() {}
