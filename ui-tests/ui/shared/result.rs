use pool_typed::Shared;

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    outcome: Result<u32, u32>,
}

fn main() {}
