use pool_typed::{Mapped, Pool};

fn main() {
    let pool = Mapped::<Pool<u64, 48>>::create("/numbers");
}
