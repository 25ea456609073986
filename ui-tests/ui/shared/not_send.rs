use pool_typed::Shared;

struct Handle(*mut u8);

unsafe impl Shared for Handle {
    const NAME: pool_typed::layout::TypeName = pool_typed::layout::TypeName::plain("Handle");
    const LAYOUT: &'static pool_typed::layout::TypeLayout = <u64 as Shared>::LAYOUT;
}

fn main() {}
