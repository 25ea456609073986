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

fn same(message: ObjId<Message>, node: ObjId<Node>) -> bool {
    message == node
}

fn main() {}
