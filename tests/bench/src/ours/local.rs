//! Without a session: pools of this process.

use pool_typed::{LocalBox, Pool};

use crate::{
    harness::{Sample, each},
    message::{Message, shuffle},
    row::{Kind::Ours, Row},
};

pub(crate) mod names {
    pub(crate) const PAIR: &str = "static: pair";
    pub(crate) const PAIR_50: &str = "static: pair at 50 %";
    pub(crate) const PAIR_90: &str = "static: pair at 90 %";
    pub(crate) const PAIR_99: &str = "static: pair at 99 %";
}

type Messages = Pool<Message, 4096>;

static EMPTY: Messages = Pool::new();
static HALF: Messages = Pool::new();
static CROWDED: Messages = Pool::new();
static NEARLY_FULL: Messages = Pool::new();

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new(Ours, names::PAIR, pairs(&EMPTY, 0)).note("`alloc_with`, as above"),
        Row::new(Ours, names::PAIR_50, pairs(&HALF, 50)),
        Row::new(Ours, names::PAIR_90, pairs(&CROWDED, 90)),
        Row::new(Ours, names::PAIR_99, pairs(&NEARLY_FULL, 99)),
    ]
}

#[inline(always)]
fn pairs(pool: &'static Messages, percent: usize) -> impl FnMut(u64) -> Sample {
    let mut held: Vec<LocalBox<'static, Message>> =
        std::iter::from_fn(|| pool.alloc_with(|| Message::new(1)).ok()).collect();
    shuffle(&mut held);
    held.truncate(pool.capacity() * percent / 100);
    move |iterations| {
        let _held = &held;
        each(iterations, || {
            let mut message = pool.alloc_with(|| Message::new(1)).expect("a slot is free");
            message.touch();
        })
    }
}
