//! What came out: a table for people, which is Markdown too, and the same as data.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use serde::Serialize;

use crate::{
    arguments::FEWEST_RUNS,
    row::{Figures, Kind},
    targets::{Bound, TARGETS, YARDSTICKS},
};

/// All that was measured in one run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Seconds since 1970.
    time: u64,
    processor: String,
    /// The number of the processor that the thread was pinned to.
    pinned_to: usize,
    /// How many runs of each row were asked for.
    runs: usize,
    rows: Vec<Line>,
}

/// A row, measured and compared. Ratios are those of medians.
#[derive(Debug, Serialize)]
struct Line {
    name: &'static str,
    group: &'static str,
    note: &'static str,
    median_ns: Option<f64>,
    best_ns: Option<f64>,
    runs_kept: usize,
    runs_discarded: usize,
    /// Ratios to the rows that everything is compared with.
    ratios: Vec<Ratio>,
    target: Option<Outcome>,
}

#[derive(Debug, Serialize)]
struct Ratio {
    to: &'static str,
    median: Option<f64>,
    best: Option<f64>,
}

/// A target, and what became of it.
#[derive(Debug, Serialize)]
struct Outcome {
    bounds: Vec<BoundOutcome>,
    /// `None` where too few runs were kept to tell.
    reached: Option<bool>,
}

#[derive(Debug, Serialize)]
struct BoundOutcome {
    at_most: f64,
    /// The row that it is a multiple of; of a nanosecond where there is none.
    times: Option<&'static str>,
    found: Option<f64>,
}

impl Report {
    pub(crate) fn new(pinned_to: usize, runs: usize, all: Vec<Figures>) -> Self {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let rows = all.iter().map(|figures| Line::new(figures, &all)).collect();
        Self { time, processor: processor(), pinned_to, runs, rows }
    }

    /// Writes the results beside the package, and returns where.
    pub(crate) fn write(&self) -> io::Result<PathBuf> {
        let out = Path::new(env!("CARGO_MANIFEST_DIR")).join("out");
        fs::create_dir_all(&out)?;
        fs::write(out.join("results.json"), serde_json::to_string_pretty(self)? + "\n")?;
        fs::write(out.join("results.md"), self.to_string())?;
        Ok(out)
    }
}

impl Line {
    fn new(figures: &Figures, all: &[Figures]) -> Self {
        let (_, group) = Kind::ALL.into_iter().find(|(kind, _)| *kind == figures.kind).unwrap_or(Kind::ALL[0]);
        Self {
            name: figures.name,
            group,
            note: figures.note,
            median_ns: figures.median(),
            best_ns: figures.best(),
            runs_kept: figures.kept.len(),
            runs_discarded: figures.discarded,
            ratios: YARDSTICKS.iter().map(|to| Ratio::new(figures, to, all)).collect(),
            target: Outcome::of(figures, all),
        }
    }
}

impl Ratio {
    fn new(figures: &Figures, to: &'static str, all: &[Figures]) -> Self {
        let other = all.iter().find(|other| other.name == to);
        let ratio = |of: fn(&Figures) -> Option<f64>| Some(of(figures)? / other.and_then(of)?);
        Self { to, median: ratio(Figures::median), best: ratio(Figures::best) }
    }
}

impl Outcome {
    fn of(figures: &Figures, all: &[Figures]) -> Option<Self> {
        let target = TARGETS.iter().find(|target| target.row == figures.name)?;
        let bounds: Vec<_> = target
            .bounds
            .iter()
            .map(|bound| match *bound {
                Bound::Ns(at_most) => BoundOutcome { at_most, times: None, found: figures.median() },
                Bound::Times(at_most, to) => {
                    BoundOutcome { at_most, times: Some(to), found: Ratio::new(figures, to, all).median }
                }
            })
            .collect();
        let enough = all
            .iter()
            .filter(|other| other.name == figures.name || target.names(other.name))
            .all(|other| other.kept.len() >= FEWEST_RUNS);
        let reached = bounds.iter().any(|bound| bound.found.is_some_and(|found| found <= bound.at_most));
        Some(Self { bounds, reached: enough.then_some(reached) })
    }
}

/// The name of the processor, as the system tells it.
fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split(':').nth(1));
    name.map_or_else(|| std::env::consts::ARCH.into(), |name| name.trim().into())
}

const HEADS: [&str; 9] =
    ["row", "median ns", "best ns", "/ ours", "/ mimalloc", "/ cmpxchg", "found", "target", "reached"];

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processor, pinned_to, runs, .. } = self;
        writeln!(f, "{processor}, one thread on processor {pinned_to}; nanoseconds per operation, {runs} runs a row.")?;
        writeln!(f, "Ratios are to `{}`, `{}` and `{}` of the same run.", YARDSTICKS[0], YARDSTICKS[1], YARDSTICKS[2])?;
        let mut table = vec![HEADS.map(String::from)];
        for (_, group) in Kind::ALL {
            let mut lines = self.rows.iter().filter(|line| line.group == group).peekable();
            if lines.peek().is_some() {
                let mut head = HEADS.map(|_| String::new());
                head[0] = format!("**{group}**");
                table.push(head);
            }
            table.extend(lines.map(Line::cells));
        }
        writeln!(f)?;
        write_table(f, &table)?;
        let targets = self.rows.iter().filter_map(|line| line.target.as_ref());
        let reached = targets.clone().filter(|target| target.reached == Some(true)).count();
        writeln!(f, "\n{reached} of {} targets reached.", targets.count())
    }
}

impl Line {
    fn cells(&self) -> [String; 9] {
        let ratio = |index: usize| self.ratios[index].median.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        let (found, target, reached) = self.target.as_ref().map_or_else(Default::default, Outcome::cells);
        let few = if self.runs_kept < FEWEST_RUNS { " (disturbed)" } else { "" };
        let name = if self.note.is_empty() { self.name.into() } else { format!("{} ({})", self.name, self.note) };
        let (median, best) = (ns(self.median_ns), ns(self.best_ns));
        [name, format!("{median}{few}"), best, ratio(0), ratio(1), ratio(2), found, target, reached]
    }
}

impl Outcome {
    fn cells(&self) -> (String, String, String) {
        let found = self.bounds.iter().map(|bound| match bound.times {
            Some(_) => bound.found.map_or_else(|| "-".into(), |found| format!("{found:.2}")),
            None => format!("{} ns", ns(bound.found)),
        });
        let target = self.bounds.iter().map(|bound| match bound.times {
            Some(to) => format!("{} of `{to}`", bound.at_most),
            None => format!("{} ns", bound.at_most),
        });
        let reached = match self.reached {
            Some(true) => "yes",
            Some(false) => "no",
            None => "disturbed",
        };
        (found.collect::<Vec<_>>().join(", "), target.collect::<Vec<_>>().join(" or "), reached.into())
    }
}

fn ns(time: Option<f64>) -> String {
    match time {
        None => "-".into(),
        Some(time) if time < 1000.0 => format!("{time:.2}"),
        Some(time) => format!("{time:.0}"),
    }
}

/// Writes a Markdown table whose columns are as wide as their widest cell.
fn write_table(f: &mut fmt::Formatter<'_>, table: &[[String; 9]]) -> fmt::Result {
    let widths: Vec<usize> =
        (0..9).map(|column| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)).collect();
    for (index, row) in table.iter().enumerate() {
        for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            match column {
                0 | 7 | 8 => write!(f, "| {cell:width$} ")?,
                _ => write!(f, "| {cell:>width$} ")?,
            }
        }
        writeln!(f, "|")?;
        if index == 0 {
            for (column, &width) in widths.iter().enumerate() {
                let colon = if matches!(column, 0 | 7 | 8) { '-' } else { ':' };
                write!(f, "|{}{colon}", "-".repeat(width + 1))?;
            }
            writeln!(f, "|")?;
        }
    }
    Ok(())
}
