use pool_typed::{Mapped, Pool};

#[repr(C)]
struct World {
    numbers: Pool<u64, 64>,
}

fn main() {
    let _ = Mapped::<World>::create("/world");
}
