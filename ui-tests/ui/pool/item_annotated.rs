use pool_typed::Pool;

fn main() {
    let _: Pool<String, 64> = Pool::new();
}
