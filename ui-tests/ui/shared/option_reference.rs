use pool_typed::Shared;

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    name: Option<&'static str>,
}

fn main() {}
