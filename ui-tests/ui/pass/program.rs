//! The program of the documentation, as far as it is about types.
#![forbid(unsafe_code)]
#![deny(warnings)]
use pool_typed::{AtomicObjId, ObjId, Pool, Root, Shared};

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    len: u32,
    kind: u32,
    body: [u8; 48],
}

#[derive(Shared)]
#[repr(C)]
struct Node {
    key: u64,
    next: Option<ObjId<Self>>,
    message: Option<ObjId<Message>>,
}

/// Everything that the processes share.
#[derive(Root)]
#[repr(C)]
struct World {
    messages: Pool<Message, 1024>,
    nodes: Pool<Node, 4096>,
    inbox: AtomicObjId<Message>,
}

static LOCAL: Pool<Message, 64> = Pool::new();

// Nobody looks at the nodes: that is for another program, and no dead code.
fn look(world: &WorldView<'_>) {
    let _ = &world.messages;
    let _: &AtomicObjId<Message> = world.inbox;
}

fn main() {
    let _ = (&LOCAL, look);
    assert_eq!(World::LAYOUT.fields.len(), 3);
}
