use pool_typed::Shared;

#[derive(Shared)]
#[repr(C)]
struct Message {
    seq: u64,
    weight: Option<f64>,
}

fn main() {}
