use pool_typed::{Mapped, Pool, PoolBox};

fn main() {
    let region = Mapped::<Pool<u64, 64>>::heap().unwrap();
    let me = region.join().unwrap();
    let raw = PoolBox::into_raw(me.alloc(0).unwrap());
    let _ = me.from_raw(raw);
}
