use pool_typed::Shared;

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    next: core::ptr::NonNull<u8>,
}

fn main() {}
