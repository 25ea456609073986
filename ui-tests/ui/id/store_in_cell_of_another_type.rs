use pool_typed::{AtomicObjId, ObjId, Shared};
use std::sync::atomic::Ordering;

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

fn publish(inbox: &AtomicObjId<Message>, id: Option<ObjId<Node>>) {
    inbox.store(id, Ordering::Release);
}

fn main() {}
