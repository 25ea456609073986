use pool_typed::Pool;

fn main() {
    let _ = Pool::<u64, 2147483648>::new();
}
