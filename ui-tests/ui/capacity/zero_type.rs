use pool_typed::Pool;

struct Server {
    pool: Pool<u64, 0>,
}

fn main() {}
