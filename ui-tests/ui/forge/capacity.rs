use pool_typed::config::{Capacity, ValidCapacity};

impl Capacity<48> for usize {
    type Proof = ValidCapacity<32>;
}

fn main() {}
