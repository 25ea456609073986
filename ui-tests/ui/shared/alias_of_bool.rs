use pool_typed::Shared;

type Flag = bool;

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    done: Flag,
    kind: [u8; 7],
}

fn main() {}
