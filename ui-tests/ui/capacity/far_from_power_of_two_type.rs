use pool_typed::Pool;

struct Server {
    pool: Pool<u64, 1500>,
}

fn main() {}
