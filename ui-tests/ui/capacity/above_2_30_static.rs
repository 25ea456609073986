use pool_typed::Pool;

static POOL: Pool<u64, 2147483648> = Pool::new();

fn main() {}
