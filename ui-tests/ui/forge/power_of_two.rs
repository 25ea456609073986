use pool_typed::config::PowerOfTwo;

impl PowerOfTwo<48> for usize {
    type Log2 = <usize as PowerOfTwo<32>>::Log2;
}

fn main() {}
