use pool_typed::{ObjId, Shared};

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

fn seq(id: ObjId<Message>) -> u64 {
    id.seq
}

fn main() {}
