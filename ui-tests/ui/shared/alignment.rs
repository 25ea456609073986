use pool_typed::Shared;

#[derive(Shared)]
#[repr(C, align(8192))]
struct Message {
    body: [u8; 8192],
}

fn main() {}
