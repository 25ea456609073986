use pool_typed::Pool;

fn main() {
    let _ = Pool::<u64, 48>::new();
}
