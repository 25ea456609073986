use pool_typed::Pool;

struct Server {
    pool: Pool<u64, 48>,
}

fn main() {}
