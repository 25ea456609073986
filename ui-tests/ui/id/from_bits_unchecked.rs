use pool_typed::ObjId;

fn main() {
    let id: ObjId<u64> = ObjId::from_bits(7);
}
