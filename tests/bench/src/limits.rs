//! What the machine can do: the costs that any pool is made of.
#![expect(unsafe_code, reason = "volatile accesses")]
#![expect(clippy::disallowed_types, reason = "these rows are the bare atomics, without any pool")]

use std::{
    hint::black_box,
    ptr,
    sync::atomic::{
        AtomicU64,
        Ordering::{AcqRel, Relaxed},
    },
};

use crate::{
    harness::each,
    message::Message,
    row::{Kind::Limit, Row},
};

pub(crate) const LOAD_STORE: &str = "limit: load + store";
pub(crate) const CMPXCHG: &str = "limit: lock cmpxchg";
pub(crate) const CMPXCHG_PAIR: &str = "limit: pair of lock cmpxchg, each after a load";
pub(crate) const FETCH_ADD: &str = "limit: fetch_add";
pub(crate) const ARRAY: &str = "limit: array free list, pop + touch + push";

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::new(Limit, LOAD_STORE, load_store()),
        Row::new(Limit, CMPXCHG, {
            let word = AtomicU64::new(0);
            move |iterations| {
                each(iterations, || {
                    let _ = black_box(word.compare_exchange(0, 0, AcqRel, Relaxed));
                })
            }
        }),
        Row::new(Limit, CMPXCHG_PAIR, {
            let word = AtomicU64::new(0);
            move |iterations| {
                each(iterations, || {
                    let found = word.load(Relaxed);
                    let _ = black_box(word.compare_exchange(found, found + 1, AcqRel, Relaxed));
                    let found = word.load(Relaxed);
                    let _ = black_box(word.compare_exchange(found, found - 1, AcqRel, Relaxed));
                })
            }
        })
        .note("what a pair of pop and push of a lock-free stack consists of"),
        Row::new(Limit, FETCH_ADD, {
            let word = AtomicU64::new(0);
            move |iterations| {
                each(iterations, || {
                    black_box(word.fetch_add(1, AcqRel));
                })
            }
        }),
        Row::new(Limit, ARRAY, array()).note("through a `&mut`: no other thread, no owner, no crash"),
    ]
}

fn load_store() -> impl FnMut(u64) -> crate::harness::Sample {
    let mut words = [0_u64; 16];
    move |iterations| {
        let words = black_box(&mut words);
        each(iterations, || {
            // SAFETY: a word of the array.
            let word = unsafe { ptr::read_volatile(&raw const words[0]) };
            // SAFETY: as above.
            unsafe { ptr::write_volatile(&raw mut words[8], word) };
        })
    }
}

/// A free list of indices in an array, and its objects.
struct Array {
    free: Vec<u32>,
    objects: Vec<Message>,
}

fn array() -> impl FnMut(u64) -> crate::harness::Sample {
    const COUNT: u32 = 4096;
    let mut array = Array { free: (0..COUNT).collect(), objects: vec![Message::new(0); COUNT as usize] };
    move |iterations| {
        each(iterations, || {
            let array = black_box(&mut array);
            if let Some(index) = array.free.pop() {
                array.objects[index as usize].touch();
                array.free.push(index);
            }
        })
    }
}
