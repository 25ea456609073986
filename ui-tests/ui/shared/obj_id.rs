use pool_typed::{ObjId, Shared};

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    next: ObjId<u64>,
}

fn main() {}
