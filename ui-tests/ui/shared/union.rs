use pool_typed::Shared;

#[derive(Shared)]
#[repr(C)]
union Message {
    seq: u64,
    body: [u8; 8],
}

fn main() {}
