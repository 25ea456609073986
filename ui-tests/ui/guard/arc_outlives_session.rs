use pool_typed::{Mapped, Pool, PoolBox};

fn main() {
    let region = Mapped::<Pool<u64, 64>>::heap().unwrap();
    let shared;
    {
        let me = region.join().unwrap();
        shared = PoolBox::into_shared(me.alloc(0).unwrap());
    }
    drop(shared);
}
