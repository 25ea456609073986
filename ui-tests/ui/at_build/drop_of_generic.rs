use pool_typed::{Pool, Shared};

#[derive(Shared)]
#[repr(C)]
struct Stamped<T: Shared> {
    value: T,
}

impl<T: Shared> Drop for Stamped<T> {
    fn drop(&mut self) {}
}

fn main() {
    let _ = Pool::<Stamped<u32>, 64>::new();
}
