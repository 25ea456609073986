use pool_typed::{Shared, __derive::NoGap};

#[derive(Shared)]
#[repr(C)]
struct Message {
    tag: u8,
    len: u32,
}

impl NoGap<Message, 3> for () {}

fn main() {}
