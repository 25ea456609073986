use pool_typed::Shared;

#[derive(Shared)]
struct Message {
    seq: u64,
}

fn main() {}
