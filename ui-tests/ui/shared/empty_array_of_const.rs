use pool_typed::Shared;

const REST: usize = 0;

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    rest: [u8; REST],
}

fn main() {}
