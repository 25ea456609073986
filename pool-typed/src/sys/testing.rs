//! What the tests of this layer share: real children, and files that vanish with their test.
//!
//! A child gets every descriptor of every thread of its parent, so while one test has a child, a description that another
//! test closes stays open. Therefore children come from an [`Alone`] only, and tests that close a locked description
//! take one as well.

#![allow(unsafe_code, reason = "fork, _exit and ending one thread have no safe form")]

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

/// The right to have children.
pub(crate) struct Alone {
    _turn: MutexGuard<'static, ()>,
}

pub(crate) fn alone() -> Alone {
    static TURN: Mutex<()> = Mutex::new(());
    Alone { _turn: TURN.lock().unwrap_or_else(PoisonError::into_inner) }
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Code(i32),
    Signal(i32),
}

/// A child process; killed and waited for when dropped.
pub(crate) struct Child {
    pid: Pid,
    waited: bool,
}

impl Alone {
    /// Runs `body` in a child and waits for it. A panic is exit code 101.
    pub(crate) fn in_child(&self, body: impl FnOnce() -> i32) -> Exit {
        self.child(body).wait()
    }

    /// Starts a child that runs `body` and exits with its result.
    pub(crate) fn child(&self, body: impl FnOnce() -> i32) -> Child {
        // SAFETY: the child leaves by `_exit` and never comes back here; `glibc` and `musl` keep the allocator usable in it.
        match unsafe { libc::fork() } {
            0 => {
                let body = core::panic::AssertUnwindSafe(body);
                exit_now(std::panic::catch_unwind(body).unwrap_or(101))
            }
            pid => Child { pid: Pid::from_raw(pid).expect("fork"), waited: false },
        }
    }
}

impl Child {
    pub(crate) fn pid(&self) -> u32 {
        self.pid.as_raw_pid().unsigned_abs()
    }

    /// Lets a child that called [`stop_to_be_traced`] run to the next edge of a system call: into it, or out of it. Tells
    /// whether there was one before it stopped for another reason or ended.
    pub(crate) fn run_to_system_call(&mut self) -> bool {
        let none = core::ptr::null_mut::<core::ffi::c_void>();
        // SAFETY: the child has asked to be traced by this thread, and is stopped.
        let result = unsafe { libc::ptrace(libc::PTRACE_SYSCALL, self.pid.as_raw_pid(), none, none) };
        assert_eq!(result, 0, "PTRACE_SYSCALL");
        let (_, status) = waitpid(Some(self.pid), WaitOptions::UNTRACED).unwrap().unwrap();
        self.waited = !status.stopped();
        status.stopping_signal() == Some(libc::SIGTRAP)
    }

    /// Waits until the child has stopped.
    pub(crate) fn wait_for_stop(&self) {
        let (_, status) = waitpid(Some(self.pid), WaitOptions::UNTRACED).unwrap().unwrap();
        assert!(status.stopped());
    }

    pub(crate) fn kill(&self) {
        kill_process(self.pid, Signal::KILL).unwrap();
    }

    pub(crate) fn wait(mut self) -> Exit {
        self.waited = true;
        let (_, status) = waitpid(Some(self.pid), WaitOptions::empty()).unwrap().unwrap();
        match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => Exit::Code(code),
            (None, signal) => Exit::Signal(signal.unwrap()),
        }
    }

    /// Waits until the child has ended, and leaves it a zombie.
    pub(crate) fn wait_for_zombie(&self) {
        let options = rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOWAIT;
        rustix::process::waitid(rustix::process::WaitId::Pid(self.pid), options).unwrap();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.waited {
            // It may have ended by itself.
            let _ = kill_process(self.pid, Signal::KILL);
            let _ = waitpid(Some(self.pid), WaitOptions::empty());
        }
    }
}

/// Stops this child; its parent decides from then on how far it runs.
pub(crate) fn stop_to_be_traced() {
    let none = core::ptr::null_mut::<core::ffi::c_void>();
    // SAFETY: it changes no memory.
    let result = unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, none, none) };
    assert_eq!(result, 0, "PTRACE_TRACEME");
    // SAFETY: it has no preconditions.
    unsafe { libc::raise(libc::SIGSTOP) };
}

/// Ends the process without destructors: a child must not run those of its parent.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: it has no preconditions.
    unsafe { libc::_exit(code) }
}

/// Ends the calling thread and leaves the others of the process alone.
pub(crate) fn end_this_thread() -> ! {
    // SAFETY: nothing of this thread is used afterwards, as the callers are children which leak it.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
    unreachable!("exit returned")
}

/// A line between parent and child.
pub(crate) struct Line {
    reader: std::io::PipeReader,
    writer: std::io::PipeWriter,
}

impl Line {
    pub(crate) fn new() -> Self {
        let (reader, writer) = std::io::pipe().unwrap();
        Self { reader, writer }
    }

    pub(crate) fn say(&self) {
        (&self.writer).write_all(b"x").unwrap();
    }

    /// Waits for a word of the other side, and gives up where that side must have failed.
    pub(crate) fn hear(&self) {
        let long = rustix::event::Timespec { tv_sec: 30, tv_nsec: 0 };
        let mut fds = [rustix::event::PollFd::new(&self.reader, rustix::event::PollFlags::IN)];
        assert_eq!(rustix::event::poll(&mut fds, Some(&long)), Ok(1), "the other side is silent");
        (&self.reader).read_exact(&mut [0]).unwrap();
    }
}

/// Sleeps until somebody kills this process.
pub(crate) fn sleep_for_ever() -> ! {
    loop {
        std::thread::sleep(core::time::Duration::from_secs(1000));
    }
}

/// An unnamed file in memory.
pub(crate) fn memory(len: u64) -> OwnedFd {
    let fd = rustix::fs::memfd_create("test", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
    rustix::fs::ftruncate(&fd, len).unwrap();
    fd
}

/// A name that no other test uses; what has it in the shm filesystem is removed on drop.
pub(crate) struct Unique(String);

impl Unique {
    pub(crate) fn new() -> Self {
        static NEXT: Mutex<u32> = Mutex::new(0);
        let mut next = NEXT.lock().unwrap_or_else(PoisonError::into_inner);
        *next += 1;
        let number = *next;
        Self(format!("/pool-typed-test-{}-{number}", std::process::id()))
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    pub(crate) fn path(&self) -> PathBuf {
        Path::new("/dev/shm").join(&self.0[1..])
    }
}

impl Drop for Unique {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.path());
        let _ = std::fs::remove_dir_all(self.path());
    }
}
