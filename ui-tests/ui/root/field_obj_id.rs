use pool_typed::{ObjId, Pool, Root, Shared};

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
}

#[derive(Root)]
#[repr(C)]
struct World {
    messages: Pool<Message, 64>,
    first: ObjId<Message>,
}

fn main() {}
