use pool_typed::{ObjId, Pool, Shared};

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
}

#[derive(Shared)]
#[repr(C)]
struct Node {
    next: Option<ObjId<Node>>,
}

static NODES: Pool<Node, 64> = Pool::new();

fn take(id: ObjId<Message>) {
    let _ = NODES.take(id);
}

fn main() {}
