use pool_typed::{Mapped, Pool};

fn main() {
    let _ = Mapped::<Pool<String, 64>>::create("/names");
}
