use pool_typed::{Pool, Shared};

#[derive(Shared)]
#[repr(C)]
struct Stamped<T> {
    time: u64,
    value: T,
}

static NAMES: Pool<Stamped<String>, 64> = Pool::new();

fn main() {}
