use pool_typed::Pool;

fn main() {
    let _ = Pool::<[u64; 0], 64>::new();
}
