use pool_typed::Shared;

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    count: std::sync::Mutex<u64>,
}

fn main() {}
