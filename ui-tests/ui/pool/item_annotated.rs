use pool_typed::Pool;

fn main() {
    let names: Pool<String, 64> = Pool::new();
}
