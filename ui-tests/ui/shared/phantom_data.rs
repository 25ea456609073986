use pool_typed::Shared;
use std::marker::PhantomData;

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    marker: PhantomData<u32>,
}

fn main() {}
