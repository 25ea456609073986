//! What a user would pick instead of a pool: general allocators, called as objects.
//!
//! An allocator hands out bytes, a pool hands out values. So there are two rows of a pair: with the touch alone, and with
//! the value written first as `Box::new` does and as the pool does. Targets name the first, the harder one.
#![expect(unsafe_code, reason = "calls allocators")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    ptr,
};

use mimalloc::MiMalloc;

use crate::{
    harness::{Sample, each, time},
    message::{BATCH, Message, Order},
    row::{Kind::Peer, Row},
};

/// The names of an allocator's rows.
pub(crate) struct Names {
    pub(crate) pair: &'static str,
    pub(crate) written: &'static str,
    pub(crate) fifo: &'static str,
    pub(crate) lifo: &'static str,
    pub(crate) random: &'static str,
}

pub(crate) const GLIBC: Names = Names {
    pair: "glibc: pair",
    written: "glibc: pair, value written",
    fifo: "glibc: 1000 fifo",
    lifo: "glibc: 1000 lifo",
    random: "glibc: 1000 random",
};

pub(crate) const MIMALLOC: Names = Names {
    pair: "mimalloc: pair",
    written: "mimalloc: pair, value written",
    fifo: "mimalloc: 1000 fifo",
    lifo: "mimalloc: 1000 lifo",
    random: "mimalloc: 1000 random",
};

const LAYOUT: Layout = Layout::new::<Message>();

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = of(&GLIBC, || System);
    rows.extend(of(&MIMALLOC, || MiMalloc));
    rows
}

fn of<A: GlobalAlloc + 'static>(names: &Names, allocator: impl Fn() -> A) -> Vec<Row> {
    vec![
        Row::new(Peer, names.pair, pair(allocator(), |_| {})),
        Row::new(
            Peer,
            names.written,
            pair(allocator(), |object| {
                // SAFETY: the object was allocated with this layout just now.
                unsafe { ptr::write(object, Message::new(1)) };
            }),
        ),
        Row::new(Peer, names.fifo, batch(allocator(), Order::Fifo)),
        Row::new(Peer, names.lifo, batch(allocator(), Order::Lifo)),
        Row::new(Peer, names.random, batch(allocator(), Order::Random)),
    ]
}

#[inline]
fn alloc(allocator: &impl GlobalAlloc) -> *mut Message {
    // SAFETY: the layout has a size.
    let object = unsafe { allocator.alloc(LAYOUT) };
    assert!(!object.is_null(), "the allocator has memory");
    object.cast()
}

#[inline]
fn touch(object: *mut Message) {
    // SAFETY: the object was allocated with this layout just now; nothing is read.
    unsafe { ptr::write_volatile(object.cast::<u64>(), 7) };
}

#[inline]
fn free(allocator: &impl GlobalAlloc, object: *mut Message) {
    // SAFETY: the object came from `alloc`, and each is freed once.
    unsafe { allocator.dealloc(object.cast(), LAYOUT) };
}

fn pair<A: GlobalAlloc>(allocator: A, write: impl Fn(*mut Message)) -> impl FnMut(u64) -> Sample {
    move |iterations| {
        each(iterations, || {
            let object = alloc(&allocator);
            write(object);
            touch(object);
            free(&allocator, object);
        })
    }
}

fn batch<A: GlobalAlloc>(allocator: A, order: Order) -> impl FnMut(u64) -> Sample {
    let order = order.of(BATCH);
    let mut held = Vec::with_capacity(BATCH);
    move |iterations| {
        time(iterations * BATCH as u64, || {
            for _ in 0..iterations {
                for _ in 0..BATCH {
                    let object = alloc(&allocator);
                    touch(object);
                    held.push(object);
                }
                for &index in &order {
                    free(&allocator, held[index]);
                }
                held.clear();
            }
        })
    }
}
