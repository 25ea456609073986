use pool_typed::Pool;

struct Server<const N: usize> {
    pool: Pool<u64, N>,
}

fn main() {}
