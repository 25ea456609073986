use pool_typed::{Mapped, Pool};

fn main() {
    let region = Mapped::<Pool<u64, 64>>::heap().unwrap();
    let me = region.join().unwrap();
    drop(region);
    drop(me);
}
