use pool_typed::{AtomicObjId, Pool, Root, Shared};

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
}

struct WorldView;

#[derive(Root)]
#[repr(C)]
struct World {
    messages: Pool<Message, 64>,
    inbox: AtomicObjId<Message>,
}

fn main() {}
