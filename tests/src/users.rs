//! Being somebody else, for tests of who may do what.
#![allow(unsafe_code, reason = "changing the user of a process has no safe form in std")]

/// A user that owns nothing.
pub const NOBODY: u32 = 65_534;

/// Whether this process may do everything.
#[must_use]
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Makes this process that of [`NOBODY`], for good. Returns whether it is; only root can do that.
#[must_use]
pub fn become_nobody() -> bool {
    // SAFETY: it changes rights, and no memory.
    let group = unsafe { libc::setgid(NOBODY) };
    // SAFETY: as above.
    let user = unsafe { libc::setuid(NOBODY) };
    group == 0 && user == 0
}
