use pool_typed::Pool;

struct Message {
    seq: u64,
}

fn main() {
    let messages = Pool::<Message, 64>::new();
}
