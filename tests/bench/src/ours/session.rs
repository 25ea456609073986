//! Through a session: what one thread does with a pool of a region.
#![expect(unsafe_code, reason = "frees boxes by hand, as allocators are used")]

use std::{error::Error, hint::black_box, mem::ManuallyDrop};

use pool_typed::{PoolBox, SessionPool};

use crate::{
    harness::{Sample, each, time},
    message::{BATCH, Message, Order},
    row::{Kind::Ours, Row},
};

pub(crate) mod names {
    pub(crate) const PAIR: &str = "session: pair";
    pub(crate) const PAIR_ZEROED: &str = "session: pair, alloc_zeroed";
    pub(crate) const PAIR_VALUE: &str = "session: pair, alloc";
    pub(crate) const FIFO: &str = "session: 1000 fifo";
    pub(crate) const LIFO: &str = "session: 1000 lifo";
    pub(crate) const RANDOM: &str = "session: 1000 random";
    pub(crate) const INTO_ID_TAKE: &str = "session: into_id + take";
    pub(crate) const GET_DROP: &str = "session: get + drop";
    pub(crate) const MANY: &str = "session: alloc_many of 32 + drop";
}

type Messages = &'static SessionPool<'static, Message, 4096>;

pub(super) fn rows() -> Result<Vec<Row>, Box<dyn Error>> {
    // One session for all of them, as a program has it, and as the allocators have one heap.
    let pool: Messages = super::join::<4096>()?;
    Ok(vec![
        Row::new(Ours, names::PAIR, pair(pool)).note("`alloc_with`, which builds the value in place"),
        Row::new(Ours, names::PAIR_ZEROED, pair_zeroed(pool)),
        Row::new(Ours, names::PAIR_VALUE, pair_value(pool)).note("`alloc`, which would hand the value back"),
        Row::new(Ours, names::FIFO, batch(pool, Order::Fifo)),
        Row::new(Ours, names::LIFO, batch(pool, Order::Lifo)),
        Row::new(Ours, names::RANDOM, batch(pool, Order::Random)),
        Row::new(Ours, names::INTO_ID_TAKE, into_id_take(pool)),
        Row::new(Ours, names::GET_DROP, get_drop(pool)).note("of an object that only its handle keeps"),
        Row::new(Ours, names::MANY, many(pool)).note("per object"),
    ])
}

fn pair(pool: Messages) -> impl FnMut(u64) -> Sample {
    move |iterations| {
        each(iterations, || {
            let mut message = pool.alloc_with(|| Message::new(1)).expect("a slot is free");
            message.touch();
        })
    }
}

fn pair_zeroed(pool: Messages) -> impl FnMut(u64) -> Sample {
    move |iterations| {
        each(iterations, || {
            let mut message = pool.alloc_zeroed().expect("a slot is free");
            message.touch();
        })
    }
}

fn pair_value(pool: Messages) -> impl FnMut(u64) -> Sample {
    move |iterations| {
        each(iterations, || {
            let mut message = pool.alloc(Message::new(1)).expect("a slot is free");
            message.touch();
        })
    }
}

/// Boxes are kept without their destructors and dropped by hand, one by one in the order asked for: what allocators do
/// with pointers.
fn batch(pool: Messages, order: Order) -> impl FnMut(u64) -> Sample {
    let order = order.of(BATCH);
    let mut held = Vec::with_capacity(BATCH);
    move |iterations| {
        time(iterations * BATCH as u64, || {
            for _ in 0..iterations {
                for _ in 0..BATCH {
                    let mut message = pool.alloc_with(|| Message::new(1)).expect("a slot is free");
                    message.touch();
                    held.push(ManuallyDrop::new(message));
                }
                for &index in &order {
                    // SAFETY: the order has each index once, and the list is cleared before it is filled again.
                    unsafe { ManuallyDrop::drop(&mut held[index]) };
                }
                held.clear();
            }
        })
    }
}

fn into_id_take(pool: Messages) -> impl FnMut(u64) -> Sample {
    move |iterations| {
        let mut id = PoolBox::into_id(pool.alloc_with(|| Message::new(1)).expect("a slot is free"));
        let sample = each(iterations, || {
            let mut message = pool.take(id).expect("nobody else has it");
            message.touch();
            id = PoolBox::into_id(message);
        });
        pool.free(id).expect("nobody else has it");
        sample
    }
}

fn get_drop(pool: Messages) -> impl FnMut(u64) -> Sample {
    move |iterations| {
        let id = PoolBox::into_id(pool.alloc_with(|| Message::new(1)).expect("a slot is free"));
        let sample = each(iterations, || {
            let message = pool.get(id).expect("it is there");
            black_box(&*message);
        });
        pool.free(id).expect("nobody else has it");
        sample
    }
}

fn many(pool: Messages) -> impl FnMut(u64) -> Sample {
    const COUNT: usize = 32;
    move |iterations| {
        time(iterations * COUNT as u64, || {
            for _ in 0..iterations {
                let mut messages: [_; COUNT] = pool.alloc_many(|_| Message::new(1)).expect("slots are free");
                for message in &mut messages {
                    message.touch();
                }
            }
        })
    }
}
