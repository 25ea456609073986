//! Showing how far the workers are, while they work.

use core::{fmt, sync::atomic::Ordering::Relaxed};
use std::{
    io::{self, IsTerminal, Write},
    thread,
    time::{Duration, Instant},
};

use crate::exchange::Link;

/// How far all workers are, and since when they pass messages.
#[derive(Debug)]
pub(crate) struct Watch<'s> {
    links: &'s [Link],
    started: Option<Instant>,
    received: u64,
}

impl<'s> Watch<'s> {
    pub(crate) fn new(links: &'s [Link]) -> Self {
        Self { links, started: None, received: 0 }
    }

    /// Shows progress until `is_over`: on one line of a terminal, which is written anew; elsewhere on a line a second.
    pub(crate) fn until(&mut self, mut is_over: impl FnMut() -> bool) {
        let terminal = io::stderr().is_terminal();
        let period = Duration::from_millis(if terminal { 100 } else { 1000 });
        let mut shown = Instant::now();
        while !is_over() {
            thread::sleep(Duration::from_millis(2));
            self.count();
            if shown.elapsed() >= period && self.started.is_some() {
                shown = Instant::now();
                if terminal {
                    eprint!("\r{self}\x1b[K");
                } else {
                    eprintln!("{self}");
                }
                // Progress that cannot be shown is no reason to stop.
                let _ = io::stderr().flush();
            }
        }
        self.count();
        if terminal {
            eprint!("\r\x1b[K");
        }
    }

    fn count(&mut self) {
        self.received = self.progress(|progress| progress.received.load(Relaxed));
        if self.received != 0 && self.started.is_none() {
            self.started = Some(Instant::now());
        }
    }

    /// The sum of a number over both sides of each link.
    fn progress(&self, number: impl Fn(&crate::exchange::Progress) -> u64) -> u64 {
        self.links.iter().map(|link| number(&link.consumer) + number(&link.producer)).sum()
    }

    /// How many messages have passed, in both directions, and how many a second.
    pub(crate) fn rate(&self) -> String {
        let seconds = self.started.map_or(0.0, |started| started.elapsed().as_secs_f64()).max(1e-9);
        let rate = self.received as f64 / seconds / 1e6;
        format!("{} messages in {seconds:.2} s: {rate:.2} million a second", grouped(self.received))
    }
}

/// One line: `  41.3 %  4_130_000 of 10_000_000 messages  9.81 million a second`.
impl fmt::Display for Watch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.progress(|progress| progress.total.load(Relaxed)).max(self.received);
        let percent = 100.0 * self.received as f64 / total.max(1) as f64;
        let seconds = self.started.map_or(0.0, |started| started.elapsed().as_secs_f64()).max(1e-9);
        let rate = self.received as f64 / seconds / 1e6;
        let (received, total) = (grouped(self.received), grouped(total));
        write!(f, "{percent:5.1} %  {received} of {total} messages  {rate:.2} million a second")
    }
}

/// Writes a number as people read it: `1_234_567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join("_")
}
