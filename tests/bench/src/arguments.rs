//! What can be asked on the command line.

use crate::targets;

/// The fewest runs of a row that its figures may be made of.
pub(crate) const FEWEST_RUNS: usize = 15;

const USAGE: &str = "usage: cargo run --release --manifest-path tests/bench/Cargo.toml [-- [--runs N] [PART]]
  --runs N   keep N runs of each row, at least 15 (31 where it is left out)
  PART       measure only the rows with PART in their name, and those that they are compared with";

/// What was asked.
#[derive(Debug)]
pub(crate) struct Arguments {
    /// How many runs of each row to keep.
    pub(crate) runs: usize,
    part: Option<String>,
}

impl Arguments {
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = Self { runs: 31, part: None };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--runs" => {
                    let runs = words.next().and_then(|word| word.parse().ok()).filter(|runs| *runs >= FEWEST_RUNS);
                    arguments.runs =
                        runs.ok_or_else(|| format!("`--runs` needs a number of at least {FEWEST_RUNS}\n{USAGE}"))?;
                }
                "-h" | "--help" => return Err(USAGE.into()),
                _ if word.starts_with('-') => return Err(format!("`{word}` is not known\n{USAGE}")),
                _ => arguments.part = Some(word),
            }
        }
        Ok(arguments)
    }

    /// Whether a row is to be measured.
    pub(crate) fn wants(&self, name: &str) -> bool {
        let Some(part) = &self.part else { return true };
        name.contains(part)
            || targets::YARDSTICKS.contains(&name)
            || targets::TARGETS.iter().any(|target| target.row.contains(part) && target.names(name))
    }
}
