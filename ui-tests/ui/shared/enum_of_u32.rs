use pool_typed::Shared;

#[derive(Shared)]
#[repr(u32)]
enum Kind {
    Request,
}

fn main() {}
