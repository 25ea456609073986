use pool_typed::Shared;

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    source: dyn Fn(),
}

fn main() {}
