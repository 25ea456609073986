use pool_typed::Shared;

#[derive(Shared)]
#[repr(C)]
struct Message {}

fn main() {}
