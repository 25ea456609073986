use pool_typed::Shared;

#[derive(Shared)]
#[shared(name = "my message")]
#[repr(C)]
struct Message {
    seq: u64,
}

fn main() {}
