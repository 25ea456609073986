//! Measures the typed pools beside what a user would pick instead, and beside the limits of the machine.
//!
//! All of it is measured in one run, on one pinned thread, in short turns that go round: a slow minute hits every row
//! alike, and only figures of one run are compared. What may be compared with what, and how far the pools should get, is
//! data ([`targets`]); what came out is printed, and written to `tests/bench/out`.
//!
//! ```text
//! cargo run --release --manifest-path tests/bench/Cargo.toml [-- [--runs N] [part of a row's name]]
//! ```
#![deny(unsafe_code)]

mod arguments;
mod harness;
mod limits;
mod message;
mod ours;
mod peers;
mod report;
mod row;
mod targets;

use std::{error::Error, process::ExitCode};

use arguments::Arguments;

fn main() -> ExitCode {
    match Arguments::read(std::env::args().skip(1)).map_err(Into::into).and_then(|arguments| run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let pinned = harness::pin()?;
    let mut rows = limits::rows();
    rows.extend(ours::rows()?);
    rows.extend(peers::rows());
    targets::check(&rows)?;
    rows.retain(|row| arguments.wants(row.name));
    let figures = harness::measure(rows, arguments.runs);
    let report = report::Report::new(pinned, arguments.runs, figures);
    println!("{report}");
    let written = report.write()?;
    println!("Written to {}.", written.display());
    Ok(())
}
