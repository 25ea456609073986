#![deny(unused_must_use)]

use pool_typed::{Mapped, Pool, PoolBox};

fn main() {
    let region = Mapped::<Pool<u64, 64>>::heap().unwrap();
    let me = region.join().unwrap();
    PoolBox::into_id(me.alloc(0).unwrap());
}
