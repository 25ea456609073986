use pool_typed::{Pool, config::Capacity};

struct Server<const N: usize>
where
    usize: Capacity<N>,
{
    pool: Pool<u64, N>,
}

static SERVER: Option<Server<48>> = None;

fn main() {}
