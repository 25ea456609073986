use pool_typed::{Mapped, Pool};

fn main() {
    let region = Mapped::<Pool<u64, 64>>::heap().unwrap();
    let message;
    {
        let me = region.join().unwrap();
        message = me.alloc(0).unwrap();
    }
    drop(message);
}
