use pool_typed::Pool;

static SMALL: Pool<u64, 64> = Pool::new();

fn main() {
    let large: &Pool<u64, 128> = &SMALL;
}
