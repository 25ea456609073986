use pool_typed::Shared;

#[derive(Shared)]
#[repr(C)]
struct Message {
    tag: u8,
    len: u32,
}

fn main() {}
