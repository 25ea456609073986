use pool_typed::Shared;

#[derive(Shared)]
#[repr(C)]
struct Point {
    x: u64,
}

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    point: Option<Point>,
}

fn main() {}
