use pool_typed::Shared;

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    key: Option<[u8; 16]>,
}

fn main() {}
