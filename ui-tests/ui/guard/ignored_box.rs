#![deny(unused_must_use)]

use pool_typed::{Mapped, Pool};

fn main() {
    let region = Mapped::<Pool<u64, 64>>::heap().unwrap();
    let me = region.join().unwrap();
    me.alloc(0).unwrap();
}
