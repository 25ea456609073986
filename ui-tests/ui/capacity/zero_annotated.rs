use pool_typed::Pool;

fn main() {
    let pool: Pool<u64, 0> = Pool::new();
}
