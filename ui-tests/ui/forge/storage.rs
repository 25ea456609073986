use pool_typed::config::{Storage, ValidCapacity};

#[derive(Debug)]
struct Mine;

impl Storage<48> for Mine {
    type HintWords = <ValidCapacity<64> as Storage<64>>::HintWords;
}

fn main() {}
