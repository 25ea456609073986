use pool_typed::Shared;

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    count: std::cell::UnsafeCell<u64>,
}

fn main() {}
