use pool_typed::Shared;

#[derive(Shared)]
#[repr(align(8))]
struct Message {
    seq: u64,
}

fn main() {}
