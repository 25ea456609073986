use pool_typed::Shared;

#[derive(Shared)]
#[repr(u8)]
enum Message {
    Request(u32),
    Reply,
}

fn main() {}
