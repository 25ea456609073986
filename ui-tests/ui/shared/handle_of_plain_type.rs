use pool_typed::{ObjId, Shared};

struct Point {
    x: u32,
    y: u32,
}

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    next: Option<ObjId<Point>>,
}

fn main() {}
