use pool_typed::Pool;

fn main() {
    let _: Pool<u64, 1500> = Pool::new();
}
