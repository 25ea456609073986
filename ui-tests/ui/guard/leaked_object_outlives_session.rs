use pool_typed::{Mapped, Pool, PoolBox};

fn main() {
    let region = Mapped::<Pool<u64, 64>>::heap().unwrap();
    let leaked: &mut u64;
    {
        let me = region.join().unwrap();
        leaked = PoolBox::leak(me.alloc(0).unwrap());
    }
    *leaked = 1;
}
