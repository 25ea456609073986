use pool_typed::Root;

#[derive(Root)]
#[repr(C)]
struct World {}

fn main() {}
