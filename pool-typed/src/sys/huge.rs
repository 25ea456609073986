//! Whether the system's policy lets advice for huge pages have any effect.
//!
//! The kernel accepts the advice even where huge pages are switched off, so that granting it says nothing. What can be seen
//! is the policy for each sort of memory.

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::{Result, uninterrupted};
use crate::error::OsError;

/// The sort of memory behind a region, as far as the policy tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Memory {
    /// Memory of one process.
    Private,
    /// An unnamed file in memory.
    Unnamed,
    /// A file with a name, whose filesystem has a policy of its own.
    Named,
}

/// Checks that advice for huge pages is not switched off.
pub(crate) fn check_policy(memory: Memory) -> Result<()> {
    let directory = "/sys/kernel/mm/transparent_hugepage/";
    let (file, off): (_, &[&[u8]]) = match memory {
        Memory::Private => ("enabled", &[b"[never]"]),
        Memory::Unnamed => ("shmem_enabled", &[b"[never]", b"[deny]"]),
        Memory::Named => ("shmem_enabled", &[b"[deny]"]),
    };
    let path = [directory, file].concat();
    let mut buffer = [0_u8; 128];
    let len = uninterrupted(|| rustix::fs::open(&*path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()))
        .and_then(|file| uninterrupted(|| rustix::io::read(&file, &mut buffer)))
        .map_err(OsError::of("find the policy for huge pages"))?;
    let chosen = buffer.get(..len).unwrap_or(&buffer);
    if chosen.split(u8::is_ascii_whitespace).any(|word| off.contains(&word)) {
        return Err(OsError::new("get huge pages, which are switched off for such memory", Errno::OPNOTSUPP));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_the_word_in_brackets() {
        let read = |file| std::fs::read_to_string(format!("/sys/kernel/mm/transparent_hugepage/{file}"));
        let (Ok(private), Ok(shared)) = (read("enabled"), read("shmem_enabled")) else {
            assert!(check_policy(Memory::Private).is_err());
            return;
        };
        assert_eq!(check_policy(Memory::Private).is_err(), private.contains("[never]"));
        assert_eq!(check_policy(Memory::Named).is_err(), shared.contains("[deny]"));
        let off = shared.contains("[never]") || shared.contains("[deny]");
        assert_eq!(check_policy(Memory::Unnamed).is_err(), off);
    }
}
