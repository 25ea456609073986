use pool_typed::{Mapped, Pool};

fn main() {
    let _ = Mapped::<Pool<u64, 48>>::create("/numbers");
}
