use pool_typed::{Mapped, Pool};

fn main() {
    let names = Mapped::<Pool<String, 64>>::create("/names");
}
