//! Code for any capacity and any type.
use pool_typed::{Pool, Root, Shared, config::Capacity};

struct Server<T, const N: usize>
where
    usize: Capacity<N>,
{
    requests: Pool<T, N>,
}

impl<T: Shared, const N: usize> Server<T, N>
where
    usize: Capacity<N>,
{
    const fn new() -> Self {
        Self { requests: Pool::new() }
    }
}

/// A root of any capacity.
#[derive(Root)]
#[repr(C)]
struct World<T, const N: usize>
where
    usize: Capacity<N>,
{
    requests: Pool<T, N>,
    /// With a root in it.
    inner: Inner<N>,
}

#[derive(Root)]
#[repr(C)]
struct Inner<const N: usize>
where
    usize: Capacity<N>,
{
    numbers: Pool<u64, N>,
}

fn look<T: Shared, const N: usize>(world: &WorldView<'_, T, N>)
where
    usize: Capacity<N>,
{
    let _ = (&world.requests, &world.inner.numbers);
}

fn main() {
    static SERVER: Server<u64, 64> = Server::new();
    assert_eq!(SERVER.requests.capacity(), 64);
    let _ = look::<u32, 16>;
    assert_eq!(World::<u32, 16>::LAYOUT.name.to_string(), "World<u32, 16>");
}
