use pool_typed::{Mapped, Pool, PoolBox};

fn main() {
    let region = Mapped::<Pool<u64, 64>>::heap().unwrap();
    let me = region.join().unwrap();
    let id = PoolBox::into_id(me.alloc(0).unwrap());
    let _ = me.borrow(id);
}
