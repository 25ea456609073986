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

fn link(node: &mut Node, id: Option<ObjId<Message>>) {
    node.next = id;
}

fn main() {}
