use pool_typed::Pool;

struct Message {
    seq: u64,
}

fn main() {
    let _ = Pool::<Message, 64>::new();
}
