use pool_typed::{Pool, Shared};

#[derive(Shared)]
#[repr(C)]
struct Packet<const N: usize> {
    len: u64,
    body: [u8; N],
}

fn main() {
    let _ = Pool::<Packet<0>, 64>::new();
}
