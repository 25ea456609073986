use pool_typed::Pool;

fn make<const N: usize>() {
    let _ = Pool::<u64, N>::new();
}

fn main() {}
