use pool_typed::Shared;

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
}

impl Drop for Message {
    fn drop(&mut self) {}
}

fn main() {}
