use pool_typed::{Mapped, Pool, PoolBox};

fn main() {
    let region = Mapped::<Pool<u64, 64>>::heap().unwrap();
    let me = region.join().unwrap();
    let mut message = me.alloc(0).unwrap();
    let _id = PoolBox::into_id(message);
    *message = 1;
}
