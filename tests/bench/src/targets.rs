//! How fast the pools are meant to be: data beside the rows.
//!
//! A target is a row and one or more bounds, of which one has to be met. Most are ratios to another row of the same run:
//! those mean the same on any machine.

use crate::{
    limits,
    ours::{LEAVE, local_names as local, occupancy_names as occupancy, session_names as session},
    peers::MIMALLOC,
    row::Row,
};

/// What a row may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    /// So many nanoseconds.
    Ns(f64),
    /// So many times the cost of another row.
    Times(f64, &'static str),
}

/// How fast a row is meant to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) row: &'static str,
    /// One of them is enough.
    pub(crate) bounds: &'static [Bound],
}

/// The rows that every row is compared with: the pools' own figure, an allocator's, a machine's.
pub(crate) const YARDSTICKS: [&str; 3] = [session::PAIR, MIMALLOC.pair, limits::CMPXCHG];

pub(crate) const TARGETS: &[Target] = {
    use Bound::{Ns, Times};
    const fn to(row: &'static str, bounds: &'static [Bound]) -> Target {
        Target { row, bounds }
    }
    &[
        to(session::PAIR, &[Ns(2.5), Times(0.4, MIMALLOC.pair)]),
        to(session::PAIR_ZEROED, &[Ns(2.5), Times(0.4, MIMALLOC.pair)]),
        to(session::PAIR_VALUE, &[Ns(2.5), Times(0.4, MIMALLOC.pair)]),
        to(session::FIFO, &[Ns(5.0), Times(0.8, MIMALLOC.fifo)]),
        to(session::LIFO, &[Ns(5.0), Times(0.8, MIMALLOC.lifo)]),
        to(session::RANDOM, &[Ns(5.0), Times(0.8, MIMALLOC.random)]),
        to(session::INTO_ID_TAKE, &[Times(1.6, limits::CMPXCHG)]),
        to(session::GET_DROP, &[Times(1.15, limits::CMPXCHG_PAIR)]),
        to(session::MANY, &[Ns(1.4)]),
        to(occupancy::PAIR_50, &[Times(1.5, session::PAIR)]),
        to(occupancy::PAIR_90, &[Times(1.5, session::PAIR)]),
        to(occupancy::PAIR_99, &[Times(1.5, session::PAIR)]),
        to(occupancy::HOLE[0], &[Times(1.5, session::PAIR)]),
        to(occupancy::HOLE[1], &[Times(1.5, session::PAIR)]),
        to(occupancy::HOLE[2], &[Times(1.5, session::PAIR)]),
        to(occupancy::SEARCH_99, &[Times(1.5, occupancy::SEARCH_EMPTY)]),
        to(occupancy::SEARCH_HOLE[0], &[Times(1.5, occupancy::SEARCH_EMPTY)]),
        to(occupancy::SEARCH_HOLE[1], &[Times(1.5, occupancy::SEARCH_EMPTY)]),
        to(occupancy::SEARCH_HOLE[2], &[Times(1.5, occupancy::SEARCH_EMPTY)]),
        to(occupancy::FULL[0], &[Ns(100.0)]),
        to(occupancy::FULL[1], &[Ns(100.0)]),
        to(local::PAIR, &[Times(1.15, limits::CMPXCHG_PAIR)]),
        to(local::PAIR_50, &[Times(1.5, local::PAIR)]),
        to(local::PAIR_90, &[Times(1.5, local::PAIR)]),
        to(local::PAIR_99, &[Times(1.5, local::PAIR)]),
        to(LEAVE, &[Ns(5e6)]),
    ]
};

impl Target {
    /// Whether a row is needed to tell whether the target is met.
    pub(crate) fn names(&self, row: &str) -> bool {
        self.bounds.iter().any(|bound| matches!(bound, Bound::Times(_, other) if *other == row))
    }
}

/// Checks that all targets are about rows that there are.
///
/// # Errors
///
/// The name of a row that there is not, or that there is twice.
pub(crate) fn check(rows: &[Row]) -> Result<(), String> {
    let count = |name: &str| rows.iter().filter(|row| row.name == name).count();
    let of_targets = TARGETS.iter().flat_map(|target| {
        let others = target.bounds.iter().filter_map(|bound| match bound {
            Bound::Times(_, other) => Some(*other),
            Bound::Ns(_) => None,
        });
        [target.row].into_iter().chain(others)
    });
    match rows.iter().map(|row| row.name).chain(of_targets).find(|name| count(name) != 1) {
        Some(name) => Err(format!("there are {} rows named `{name}`", count(name))),
        None => Ok(()),
    }
}
