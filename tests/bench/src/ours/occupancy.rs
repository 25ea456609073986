//! Pools that are nearly full, and full ones.
//!
//! A pair finds its slot in the session's cache, however full the pool is. The rows named *search* give the cache back
//! after each pair, so that each `alloc` has to look for a slot among the words of the pool.

use std::error::Error;

use pool_typed::{PoolBox, SessionPool, config::Capacity};

use crate::{
    harness::{Sample, each},
    message::{Message, shuffle},
    row::{Kind::Ours, Row},
};

pub(crate) mod names {
    pub(crate) const PAIR_50: &str = "session: pair at 50 %";
    pub(crate) const PAIR_90: &str = "session: pair at 90 %";
    pub(crate) const PAIR_99: &str = "session: pair at 99 %";
    pub(crate) const HOLE: [&str; 3] = [
        "session: pair, one hole at the end of 2^12",
        "session: pair, one hole at the end of 2^16",
        "session: pair, one hole at the end of 2^20",
    ];
    pub(crate) const SEARCH_EMPTY: &str = "session: search, empty";
    pub(crate) const SEARCH_99: &str = "session: search at 99 %";
    pub(crate) const SEARCH_HOLE: [&str; 3] = [
        "session: search, one hole at the end of 2^12",
        "session: search, one hole at the end of 2^16",
        "session: search, one hole at the end of 2^20",
    ];
    pub(crate) const FULL: [&str; 2] = ["session: failing alloc, 2^12 in use", "session: failing alloc, 2^20 in use"];
}

type Messages<const N: usize> = &'static SessionPool<'static, Message, N>;

pub(super) fn rows() -> Result<Vec<Row>, Box<dyn Error>> {
    let mut rows = vec![
        Row::new(Ours, names::PAIR_50, occupied(50, false)?),
        Row::new(Ours, names::PAIR_90, occupied(90, false)?),
        Row::new(Ours, names::PAIR_99, occupied(99, false)?),
        Row::new(Ours, names::SEARCH_EMPTY, occupied(0, true)?).note("a pair, and the cache given back"),
        Row::new(Ours, names::SEARCH_99, occupied(99, true)?),
    ];
    rows.extend(hole::<{ 1 << 12 }>(0)?);
    rows.extend(hole::<{ 1 << 16 }>(1)?);
    rows.extend(hole::<{ 1 << 20 }>(2)?);
    rows.push(Row::new(Ours, names::FULL[0], full::<{ 1 << 12 }>()?).note("with the looks for dead sessions"));
    rows.push(Row::new(Ours, names::FULL[1], full::<{ 1 << 20 }>()?));
    Ok(rows)
}

/// Fills a pool.
fn fill<const N: usize>(pool: Messages<N>) -> Vec<PoolBox<'static, Message>>
where
    usize: Capacity<N>,
{
    let all: Vec<_> = std::iter::from_fn(|| pool.alloc_with(|| Message::new(1)).ok()).collect();
    assert!(all.len() == N, "one session can have all {N} slots, and got {}", all.len());
    all
}

/// A pair, in a pool of which so many percent are in use, here and there.
fn occupied(percent: usize, search: bool) -> Result<impl FnMut(u64) -> Sample, Box<dyn Error>> {
    let pool: Messages<4096> = super::join::<4096>()?;
    let mut held = fill(pool);
    shuffle(&mut held);
    held.truncate(4096 * percent / 100);
    pool.give_back_cache();
    Ok(pairs(pool, held, search))
}

/// Pairs, in a pool with one free slot, the last.
fn hole<const N: usize>(which: usize) -> Result<[Row; 2], Box<dyn Error>>
where
    usize: Capacity<N>,
{
    let row = |name, search| -> Result<Row, Box<dyn Error>> {
        let pool: Messages<N> = super::join::<N>()?;
        let mut held = fill(pool);
        held.sort_by_key(|message| (&raw const **message).addr());
        held.pop();
        pool.give_back_cache();
        Ok(Row::new(Ours, name, pairs(pool, held, search)))
    };
    Ok([row(names::HOLE[which], false)?, row(names::SEARCH_HOLE[which], true)?])
}

fn pairs<const N: usize>(
    pool: Messages<N>,
    held: Vec<PoolBox<'static, Message>>,
    search: bool,
) -> impl FnMut(u64) -> Sample
where
    usize: Capacity<N>,
{
    let pair = move || {
        let mut message = pool.alloc_with(|| Message::new(1)).expect("a slot is free");
        message.touch();
    };
    move |iterations| {
        let _held = &held;
        if search {
            each(iterations, || {
                pair();
                pool.give_back_cache();
            })
        } else {
            each(iterations, pair)
        }
    }
}

fn full<const N: usize>() -> Result<impl FnMut(u64) -> Sample, Box<dyn Error>>
where
    usize: Capacity<N>,
{
    let pool: Messages<N> = super::join::<N>()?;
    let held = fill(pool);
    Ok(move |iterations| {
        let _held = &held;
        each(iterations, || assert!(pool.alloc_with(|| Message::new(1)).is_err(), "the pool is full"))
    })
}
