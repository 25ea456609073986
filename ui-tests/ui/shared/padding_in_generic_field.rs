use pool_typed::Shared;

#[derive(Shared)]
#[repr(C)]
struct Stamped<T> {
    value: T,
    time: u64,
}

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: Stamped<u32>,
}

fn main() {}
