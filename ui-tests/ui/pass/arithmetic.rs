//! Arithmetic in the arguments.
use pool_typed::Pool;

const CLIENTS: usize = 48;

static POOL: Pool<u64, { usize::next_power_of_two(CLIENTS) }> = Pool::new();
static TWICE: Pool<u64, { 2 * CLIENTS.next_power_of_two() }> = Pool::new();

fn main() {
    assert_eq!((POOL.capacity(), TWICE.capacity()), (64, 128));
}
