use pool_typed::Shared;

#[derive(Shared)]
#[repr(C)]
struct Message<'a> {
    seq: u64,
    name: &'a str,
}

fn main() {}
