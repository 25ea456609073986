use pool_typed::Pool;

fn main() {
    let message;
    {
        let pool = Pool::<u64, 64>::new();
        message = pool.alloc(0).unwrap();
    }
    drop(message);
}
