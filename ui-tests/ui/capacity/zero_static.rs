use pool_typed::Pool;

static POOL: Pool<u64, 0> = Pool::new();

fn main() {}
