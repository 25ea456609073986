use pool_typed::Pool;

fn main() {
    let pool = Pool::<u64, 1500>::new();
}
