use pool_typed::{Mapped, Pool, PoolBox};

fn main() {
    let region = Mapped::<Pool<u64, 64>>::heap().unwrap();
    let me = region.join().unwrap();
    let shared = PoolBox::into_shared(me.alloc(0).unwrap());
    std::thread::scope(|scope| {
        scope.spawn(move || drop(shared));
    });
}
