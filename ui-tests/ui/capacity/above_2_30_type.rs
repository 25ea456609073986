use pool_typed::Pool;

struct Server {
    pool: Pool<u64, 2147483648>,
}

fn main() {}
