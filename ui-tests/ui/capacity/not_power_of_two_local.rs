use pool_typed::Pool;

fn main() {
    let pool = Pool::<u64, 48>::new();
}
