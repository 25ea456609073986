use pool_typed::Pool;

fn main() {
    let pool = Pool::<[u64; 0], 64>::new();
}
