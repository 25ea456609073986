use pool_typed::Pool;

static SMALL: Pool<u64, 64> = Pool::new();

fn main() {
    let _: &Pool<u64, 128> = &SMALL;
}
