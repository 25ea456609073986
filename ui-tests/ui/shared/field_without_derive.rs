use pool_typed::Shared;

#[repr(C)]
struct Point {
    x: u32,
    y: u32,
}

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    point: Point,
}

fn main() {}
