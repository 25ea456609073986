use pool_typed::Shared;

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    head: std::sync::atomic::AtomicPtr<u8>,
}

fn main() {}
