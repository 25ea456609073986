use pool_typed::{Pool, config::sealed::Slots};

static POOL: Pool<u64, 48, Slots<48>> = Pool::new();

fn main() {}
