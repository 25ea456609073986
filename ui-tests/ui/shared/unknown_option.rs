use pool_typed::Shared;

#[derive(Shared)]
#[shared(rename = "Packet")]
#[repr(C)]
struct Message {
    seq: u64,
}

fn main() {}
