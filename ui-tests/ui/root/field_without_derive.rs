use pool_typed::{Pool, Root, Shared};

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
}

struct Point {
    x: u32,
    y: u32,
}

#[derive(Root)]
#[repr(C)]
struct World {
    messages: Pool<Message, 64>,
    point: Point,
}

fn main() {}
