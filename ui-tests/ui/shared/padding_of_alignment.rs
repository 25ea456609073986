use pool_typed::Shared;

#[derive(Shared)]
#[repr(C, align(64))]
struct Message {
    seq: u64,
}

fn main() {}
