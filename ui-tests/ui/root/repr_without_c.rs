use pool_typed::{AtomicObjId, Pool, Root, Shared};

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
}

#[derive(Root)]
#[repr(align(64))]
struct World {
    messages: Pool<Message, 64>,
    inbox: AtomicObjId<Message>,
}

fn main() {}
