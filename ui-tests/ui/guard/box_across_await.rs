use pool_typed::{Mapped, Pool};

fn on_any_thread(_: impl Future + Send) {}

fn main() {
    let region = Mapped::<Pool<u64, 64>>::heap().unwrap();
    on_any_thread(async {
        let me = region.join().unwrap();
        let message = me.alloc(0).unwrap();
        std::future::ready(()).await;
        drop(message);
    });
}
