//! Every capacity there is.
use pool_typed::{Pool, Root};

macro_rules! capacities {
    ($($log2:literal)*) => { [$(<Pool<u8, { 1 << $log2 }> as Root>::LAYOUT.extent.bytes),*] };
}

fn main() {
    let bytes = capacities!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30);
    assert!(bytes.is_sorted() && bytes[30] > 1 << 30);
}
