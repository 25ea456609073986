use pool_typed::Shared;

#[derive(Shared)]
#[repr(u8)]
enum Kind {
    Request,
    Reply,
}

fn main() {}
