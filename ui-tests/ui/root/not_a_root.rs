use pool_typed::{Mapped, Shared};

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
}

fn main() {
    let world = Mapped::<Message>::create("/world");
}
