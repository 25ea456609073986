use pool_typed::{Mapped, Pool};

fn main() {
    let region = Mapped::<Pool<u64, 64>>::heap().unwrap();
    let me = region.join().unwrap();
    let message = me.alloc(0).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || drop(message));
    });
}
