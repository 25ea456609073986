use pool_typed::Root;

#[derive(Root)]
#[repr(C)]
union World {
    count: u64,
}

fn main() {}
