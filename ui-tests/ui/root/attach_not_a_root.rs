use pool_typed::Mapped;

fn main() {
    let _ = Mapped::<String>::attach("/world");
}
