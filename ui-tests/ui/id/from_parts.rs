use pool_typed::ObjId;
use std::{marker::PhantomData, num::NonZero};

fn main() {
    let _ = ObjId::<u64> { bits: NonZero::new(1).unwrap(), target: PhantomData };
}
