//! Taking time: many short runs of every row, in turns.
//!
//! * The thread is pinned to one processor.
//! * A run is about 2 ms long. One in which the thread was on its processor for less than 98.5 % of the time is
//!   discarded: the figures are those of an undisturbed thread.
//! * The rows take turns, a run each, until all have as many runs as were asked for. So whatever slows the machine down
//!   for a while slows all rows down, and their ratios stay.
//! * Each run is preceded by a short one that does not count: caches and branch predictors forget the other rows.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use rustix::{
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
    time::{ClockId, clock_gettime},
};

use crate::row::{Figures, Row};

/// How long a run is meant to be.
const RUN: Duration = Duration::from_millis(2);
/// A warm-up has a run's iterations divided by this.
const WARM_UP: u64 = 8;
/// The least share of a run that the thread must have been on its processor.
const ON_PROCESSOR: f64 = 0.985;
/// After so many rounds for each run that was asked for it is over, however many were discarded.
const PATIENCE: usize = 8;

/// What one run took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    wall: Duration,
    on_processor: Duration,
    operations: u64,
}

impl Sample {
    fn ns_per_operation(self) -> f64 {
        self.wall.as_secs_f64() * 1e9 / self.operations.max(1) as f64
    }

    fn is_undisturbed(self) -> bool {
        self.on_processor.as_secs_f64() >= self.wall.as_secs_f64() * ON_PROCESSOR
    }
}

/// Takes the time of `operations` operations.
pub(crate) fn time(operations: u64, work: impl FnOnce()) -> Sample {
    let before = on_processor();
    let start = Instant::now();
    work();
    let wall = start.elapsed();
    Sample { wall, on_processor: on_processor().saturating_sub(before), operations }
}

/// Takes the time of `iterations` calls of `step`, one operation each.
#[inline]
pub(crate) fn each(iterations: u64, mut step: impl FnMut()) -> Sample {
    time(iterations, || {
        for _ in 0..iterations {
            step();
        }
    })
}

/// How long this thread has been on a processor.
fn on_processor() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Pins this thread to the last processor that it may use, and returns its number: the first has the most interrupts.
pub(crate) fn pin() -> io::Result<usize> {
    let allowed = sched_getaffinity(None)?;
    let last = (0..CpuSet::MAX_CPU).rev().find(|cpu| allowed.is_set(*cpu)).unwrap_or(0);
    let mut only = CpuSet::new();
    only.set(last);
    sched_setaffinity(None, &only)?;
    Ok(last)
}

/// Measures all rows, keeping `runs` runs of each.
pub(crate) fn measure(mut rows: Vec<Row>, runs: usize) -> Vec<Figures> {
    let mut progress = Progress::new(rows.len() * runs);
    let iterations: Vec<u64> = rows.iter_mut().map(iterations).collect();
    let mut all: Vec<Figures> = rows.iter().map(Figures::of).collect();
    for _ in 0..runs * PATIENCE {
        for ((row, figures), &iterations) in rows.iter_mut().zip(&mut all).zip(&iterations) {
            if iterations >= WARM_UP {
                (row.run)(iterations / WARM_UP);
            }
            let sample = (row.run)(iterations);
            if sample.is_undisturbed() {
                progress.kept += usize::from(figures.kept.len() < runs);
                figures.kept.push(sample.ns_per_operation());
            } else {
                progress.discarded += 1;
                figures.discarded += 1;
            }
            progress.show();
        }
        if all.iter().all(|figures| figures.kept.len() >= runs) {
            break;
        }
    }
    progress.clear();
    for figures in &mut all {
        figures.kept.sort_by(f64::total_cmp);
    }
    all
}

/// Finds how many iterations of a row take as long as a run.
fn iterations(row: &mut Row) -> u64 {
    let mut iterations = 1;
    loop {
        // The shortest of three: a disturbed one would make all runs too short.
        let samples = [(); 3].map(|()| (row.run)(iterations).wall);
        let shortest = samples.into_iter().min().unwrap_or(RUN).max(Duration::from_nanos(1));
        if shortest >= RUN / 4 {
            let more = RUN.as_secs_f64() / shortest.as_secs_f64();
            return ((iterations as f64 * more) as u64).max(1);
        }
        iterations *= 4;
    }
}

/// Shows how far the measurement is.
struct Progress {
    terminal: bool,
    total: usize,
    kept: usize,
    discarded: usize,
    shown: Instant,
}

impl Progress {
    fn new(total: usize) -> Self {
        let progress =
            Self { terminal: io::stderr().is_terminal(), total, kept: 0, discarded: 0, shown: Instant::now() };
        eprintln!("finding out how long each row takes");
        progress
    }

    /// Shows it now and then: on one line of a terminal that is written anew, elsewhere on a line of its own.
    fn show(&mut self) {
        let period = Duration::from_millis(if self.terminal { 100 } else { 2000 });
        if self.shown.elapsed() < period {
            return;
        }
        self.shown = Instant::now();
        let Self { total, kept, discarded, .. } = *self;
        let bar = "#".repeat(30 * kept / total.max(1));
        let line = format!("[{bar:30}] {kept} of {total} runs, {discarded} disturbed ones discarded");
        if self.terminal {
            eprint!("\r{line}\x1b[K");
            // Progress that cannot be shown is no reason to stop.
            let _ = io::stderr().flush();
        } else {
            eprintln!("{line}");
        }
    }

    fn clear(&self) {
        if self.terminal {
            eprint!("\r\x1b[K");
        }
    }
}
