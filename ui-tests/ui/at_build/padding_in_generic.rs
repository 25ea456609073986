use pool_typed::{Pool, Shared};

#[derive(Shared)]
#[repr(C)]
struct Stamped<T> {
    value: T,
    time: u64,
}

fn main() {
    let _ = Pool::<Stamped<u32>, 64>::new();
}
