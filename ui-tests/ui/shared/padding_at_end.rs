use pool_typed::Shared;

#[derive(Shared)]
#[repr(C)]
struct Message {
    len: u32,
    tag: u8,
}

fn main() {}
