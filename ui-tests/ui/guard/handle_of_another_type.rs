use pool_typed::{Mapped, Pool, PoolBox};

fn main() {
    let region = Mapped::<Pool<u64, 64>>::heap().unwrap();
    let me = region.join().unwrap();
    let other = Mapped::<Pool<u32, 64>>::heap().unwrap();
    let other = other.join().unwrap();
    let id = PoolBox::into_id(other.alloc(0).unwrap());
    let _ = me.take(id);
}
