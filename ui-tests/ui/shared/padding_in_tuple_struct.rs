use pool_typed::Shared;

#[derive(Shared)]
#[repr(C)]
struct Message(u16, u64);

fn main() {}
