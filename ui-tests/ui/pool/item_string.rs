use pool_typed::Pool;

static NAMES: Pool<String, 64> = Pool::new();

fn main() {}
