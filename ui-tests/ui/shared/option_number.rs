use pool_typed::Shared;

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    count: Option<u64>,
}

fn main() {}
