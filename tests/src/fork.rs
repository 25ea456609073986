//! Forked children, for tests of what a child inherits.
//!
//! A child gets the descriptors of every thread of its parent, so this is for processes that play a role
//! ([`crate::process`]) and share nothing with other tests.
#![allow(unsafe_code, reason = "fork and _exit have no safe form")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, set_parent_process_death_signal, waitpid};

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It exited with this code; 101 is a panic.
    Code(i32),
    /// It died of this signal.
    Signal(i32),
}

/// A forked child; killed and waited for on drop.
#[derive(Debug)]
pub struct Fork {
    pid: Pid,
    waited: bool,
}

/// Forks: the child runs `body` and exits with code 0, or 101 where it panics. It runs no destructors of its parent, and
/// is killed when its parent ends.
///
/// # Panics
///
/// Where there is no child to be had.
#[must_use]
pub fn fork(body: impl FnOnce()) -> Fork {
    fork_to_outlive(|| {
        set_parent_process_death_signal(Some(Signal::KILL)).expect("ask to die with the parent");
        body();
    })
}

/// Forks a child that may live longer than its parent; see [`fork`].
///
/// # Panics
///
/// Where there is no child to be had.
#[must_use]
pub fn fork_to_outlive(body: impl FnOnce()) -> Fork {
    // SAFETY: the child leaves by `_exit` and never comes back here. What it does in between is more than the standard
    // allows after a fork of several threads; `glibc` and `musl` keep the allocator usable in a child.
    match unsafe { libc::fork() } {
        0 => {
            let code = if catch_unwind(AssertUnwindSafe(body)).is_ok() { 0 } else { 101 };
            // SAFETY: it has no preconditions.
            unsafe { libc::_exit(code) }
        }
        pid => Fork { pid: Pid::from_raw(pid).expect("fork"), waited: false },
    }
}

impl Fork {
    /// The number of the child.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_pid().unsigned_abs()
    }

    /// Waits for the end of the child.
    ///
    /// # Panics
    ///
    /// Where the child is not there.
    #[must_use]
    pub fn wait(mut self) -> Exit {
        self.waited = true;
        let (_, status) = waitpid(Some(self.pid), WaitOptions::empty()).expect("wait").expect("a status");
        match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => Exit::Code(code),
            (None, signal) => Exit::Signal(signal.expect("an exit or a signal")),
        }
    }

    /// Kills the child, unless it has ended, and waits for it.
    ///
    /// # Panics
    ///
    /// Where the child is not there.
    pub fn kill(self) -> Exit {
        kill_process(self.pid, Signal::KILL).expect("a child that was not waited for");
        self.wait()
    }

    /// Waits for the child to end well.
    ///
    /// # Panics
    ///
    /// Where it does not.
    pub fn end(self) {
        assert_eq!(self.wait(), Exit::Code(0), "the child has failed; see above");
    }

    /// Leaves the child alone.
    pub fn forget(mut self) {
        self.waited = true;
    }
}

impl Drop for Fork {
    fn drop(&mut self) {
        if !self.waited {
            // It may have ended by itself.
            let _ = kill_process(self.pid, Signal::KILL);
            let _ = waitpid(Some(self.pid), WaitOptions::empty());
        }
    }
}
