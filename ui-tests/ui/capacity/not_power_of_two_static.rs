use pool_typed::Pool;

static POOL: Pool<u64, 48> = Pool::new();

fn main() {}
