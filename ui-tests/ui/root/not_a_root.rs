use pool_typed::{Mapped, Shared};

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
}

fn main() {
    let _ = Mapped::<Message>::create("/world");
}
