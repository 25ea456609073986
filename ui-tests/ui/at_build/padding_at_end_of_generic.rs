use pool_typed::{Pool, Shared};

#[derive(Shared)]
#[repr(C)]
struct Stamped<T> {
    time: u64,
    value: T,
}

fn main() {
    let _ = Pool::<Stamped<u32>, 64>::new();
}
