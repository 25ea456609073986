use pool_typed::Mapped;

fn main() {
    let world = Mapped::<String>::attach("/world");
}
