//! Names and directories that no other test uses, and that vanish with their test.
#![expect(clippy::disallowed_types, reason = "counts the names that were given out")]

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
};

fn unique() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("pool-tests-{}-{}", process::id(), NEXT.fetch_add(1, Relaxed))
}

/// The name of a region; unlinked on drop.
#[derive(Debug)]
pub struct Name(String);

impl Name {
    /// Makes up a name.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        Self(format!("/{}", unique()))
    }

    /// Where the file of the region is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        Path::new("/dev/shm").join(&self.0[1..])
    }
}

impl core::ops::Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        // Most tests have unlinked it.
        let _ = fs::remove_file(self.path());
    }
}

/// A directory; removed on drop with all that is in it.
#[derive(Debug)]
pub struct Directory(PathBuf);

impl Directory {
    /// Makes an empty directory.
    ///
    /// # Panics
    ///
    /// Where that cannot be done.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        Self::at(env::temp_dir())
    }

    /// Makes an empty directory in the filesystem where named regions are.
    ///
    /// # Panics
    ///
    /// Where that cannot be done.
    #[must_use]
    pub fn in_shared_memory() -> Self {
        Self::at("/dev/shm".into())
    }

    fn at(place: PathBuf) -> Self {
        let path = place.join(unique());
        fs::create_dir(&path).expect("make a directory");
        Self(path)
    }

    /// The path of a file in it.
    #[must_use]
    pub fn join(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
