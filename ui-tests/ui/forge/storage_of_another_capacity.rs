use pool_typed::{Pool, config::ValidCapacity};

static POOL: Pool<u64, 48, ValidCapacity<64>> = Pool::new();

fn main() {}
