use pool_typed::Pool;

static POOL: Pool<u64, 1500> = Pool::new();

fn main() {}
