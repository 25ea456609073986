//! Runs the cases of `ui/`: what must not compile, with the exact message, and what must.
//!
//! * `ui/<topic>/<fault>.rs` with a `.stderr` beside it: must not compile.
//! * `ui/at_build/<fault>.rs`: the same, for what the compiler only sees when it generates code.
//! * `ui/pass/<name>.rs`: must compile and run.
//!
//! To add a case, write the file and run `TRYBUILD=overwrite cargo test -p pool-ui-tests`, read the `.stderr`, and
//! raise the number below. Texts are those of the pinned toolchain, without any `--cfg`.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use trybuild::TestCases;

/// How many cases there are, so that a folder that was not found cannot pass.
const MUST_FAIL: usize = 151;
const MUST_FAIL_AT_BUILD: usize = 5;
const MUST_PASS: usize = 5;

/// trybuild checks where every case must fail, which takes a tenth of the time.
#[test]
fn check() {
    let topics = folders(Path::new("ui")).unwrap();
    let topics = topics.into_iter().filter(|topic| !topic.ends_with("at_build") && !topic.ends_with("pass"));
    let cases: Vec<PathBuf> = topics.flat_map(|topic| with_messages(&topic).unwrap()).collect();
    assert_eq!(cases.len(), MUST_FAIL);
    let check = TestCases::new();
    cases.iter().for_each(|case| check.compile_fail(case));
}

/// trybuild builds where one case must pass.
#[test]
fn build() {
    let fail = with_messages(Path::new("ui/at_build")).unwrap();
    let pass = files(Path::new("ui/pass"), "rs").unwrap();
    assert_eq!((fail.len(), pass.len()), (MUST_FAIL_AT_BUILD, MUST_PASS));
    let build = TestCases::new();
    pass.iter().for_each(|name| build.pass(Path::new("ui/pass").join(name).with_extension("rs")));
    fail.iter().for_each(|case| build.compile_fail(case));
}

/// The cases of a topic. Each has a message and each message has a case, or it would be written and never compared.
fn with_messages(topic: &Path) -> io::Result<Vec<PathBuf>> {
    let cases = files(topic, "rs")?;
    if std::env::var_os("TRYBUILD").is_none() {
        assert_eq!(cases, files(topic, "stderr")?, "cases and messages of {}", topic.display());
    }
    Ok(cases.iter().map(|name| topic.join(name).with_extension("rs")).collect())
}

fn folders(path: &Path) -> io::Result<Vec<PathBuf>> {
    let entries: io::Result<Vec<_>> = fs::read_dir(path)?.collect();
    Ok(entries?.iter().map(fs::DirEntry::path).filter(|path| path.is_dir()).collect())
}

/// The names of the files with this extension, without it.
fn files(path: &Path, extension: &str) -> io::Result<BTreeSet<PathBuf>> {
    let entries: io::Result<Vec<_>> = fs::read_dir(path)?.collect();
    let paths = entries?.into_iter().map(|entry| entry.path());
    let matching = paths.filter(|path| path.extension().is_some_and(|found| found == extension));
    Ok(matching.filter_map(|path| path.file_stem().map(PathBuf::from)).collect())
}
