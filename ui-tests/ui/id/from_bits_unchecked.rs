use pool_typed::ObjId;

fn main() {
    let _: ObjId<u64> = ObjId::from_bits(7);
}
