use pool_typed::Pool;

fn pool_of<T>() -> Box<Pool<T, 64>> {
    Pool::boxed()
}

fn main() {}
