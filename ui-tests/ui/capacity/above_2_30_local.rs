use pool_typed::Pool;

fn main() {
    let pool = Pool::<u64, 2147483648>::new();
}
