//! A child process that runs one instruction at a time.
//!
//! The child asks to be traced and stops itself (a *cue*) where its part begins and where it ends. In between its tracer
//! decides: one instruction, one edge of a system call, or all the way to the next cue. Only the thread that started a
//! child may move it.
#![allow(unsafe_code, reason = "tracing has no safe form")]

use core::ptr;

use pool_tests::fork::{Exit, Fork, fork};
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process, waitpid};

/// How far a child runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Far {
    /// One instruction.
    Instruction,
    /// To the next edge of a system call: into it, or out of it.
    SystemCall,
    /// To its next cue.
    Cue,
}

/// Why a child stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It went as far as it was told.
    There,
    /// It came to its next cue before that, or just there.
    Cue,
    /// It has exited with this code.
    Exit(i32),
}

/// A traced child; killed and waited for on drop.
#[derive(Debug)]
pub(crate) struct Tracee {
    child: Option<Fork>,
    pid: Pid,
    /// Where it stands.
    stop: Stop,
}

impl Tracee {
    /// Forks a child that runs `part`, up to its first cue.
    ///
    /// Where the system does not let us trace, that is a failure: nothing could be shown without it.
    pub(crate) fn start(part: impl FnOnce()) -> Self {
        let child = fork(|| {
            // SAFETY: it changes no memory.
            let traced = unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, ptr::null_mut::<u8>(), ptr::null_mut::<u8>()) };
            assert_eq!(
                traced, 0,
                "ptrace is refused here; allow it (in a container: CAP_SYS_PTRACE or a newer seccomp)"
            );
            part();
        });
        let pid = Pid::from_raw(child.pid().cast_signed()).expect("the number of a child");
        let mut tracee = Self { child: Some(child), pid, stop: Stop::There };
        tracee.wait();
        assert_eq!(tracee.stop, Stop::Cue, "the child came to its first cue");
        // SAFETY: the child is ours and stopped; this changes no memory.
        let set = unsafe { libc::ptrace(libc::PTRACE_SETOPTIONS, pid.as_raw_pid(), 0, libc::PTRACE_O_EXITKILL) };
        assert_eq!(set, 0, "PTRACE_SETOPTIONS");
        tracee
    }

    /// Lets the child go on, unless it has ended.
    pub(crate) fn go(&mut self, far: Far) -> Stop {
        if let Stop::Exit(_) = self.stop {
            return self.stop;
        }
        let request = match far {
            Far::Instruction => libc::PTRACE_SINGLESTEP,
            Far::SystemCall => libc::PTRACE_SYSCALL,
            Far::Cue => libc::PTRACE_CONT,
        };
        // SAFETY: the child is ours and stopped; without data it gets no signal.
        let gone =
            unsafe { libc::ptrace(request, self.pid.as_raw_pid(), ptr::null_mut::<u8>(), ptr::null_mut::<u8>()) };
        assert_eq!(gone, 0, "the child goes on");
        self.wait();
        self.stop
    }

    /// Lets the child run as many instructions, or to its next cue. Returns how many they were.
    pub(crate) fn go_far(&mut self, instructions: u64) -> u64 {
        (0..instructions).take_while(|_| self.go(Far::Instruction) == Stop::There).count() as u64
    }

    /// Lets the child run to its end, past all cues.
    pub(crate) fn finish(mut self) {
        loop {
            match self.go(Far::Cue) {
                Stop::Exit(code) => {
                    assert_eq!(code, 0, "the child has failed; see above");
                    return;
                }
                Stop::Cue | Stop::There => {}
            }
        }
    }

    fn wait(&mut self) {
        let (_, status): (Pid, WaitStatus) =
            waitpid(Some(self.pid), WaitOptions::empty()).expect("wait for a child").expect("a status");
        self.stop = match (status.stopping_signal(), status.exit_status()) {
            (Some(libc::SIGTRAP), _) => Stop::There,
            (Some(libc::SIGSTOP), _) => Stop::Cue,
            (Some(signal), _) => panic!("the child got signal {signal}"),
            (None, Some(code)) => {
                self.child.take().expect("it ends once").forget();
                Stop::Exit(code)
            }
            (None, None) => panic!("the child was killed: {status:?}"),
        };
    }

    /// Kills the child where it stands.
    pub(crate) fn kill(mut self) {
        let child = self.child.take().expect("a child that has not ended");
        assert_eq!(child.kill(), Exit::Signal(libc::SIGKILL));
    }
}

/// Stops the calling process, for its tracer to decide how far it goes.
pub(crate) fn cue() {
    // Not `raise`, which makes more system calls.
    kill_process(getpid(), Signal::STOP).expect("stop");
}

/// Keeps this thread and its children on one processor: a step then costs two switches and no wake-up elsewhere.
pub(crate) fn stay_on_one_processor(which: usize) {
    // SAFETY: the set is plain bits, for which zeros are a value.
    let mut set: libc::cpu_set_t = unsafe { core::mem::zeroed() };
    // SAFETY: it fills the set, which is as large as it is told.
    let got = unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut set) };
    // SAFETY: the number is within the set.
    let allowed = |cpu: &usize| unsafe { libc::CPU_ISSET(*cpu, &set) };
    let allowed: Vec<usize> = (0..libc::CPU_SETSIZE as usize).filter(allowed).collect();
    if got != 0 || allowed.is_empty() {
        return;
    }
    // SAFETY: as above.
    let mut one: libc::cpu_set_t = unsafe { core::mem::zeroed() };
    // SAFETY: the number is within the set.
    unsafe { libc::CPU_SET(allowed[which % allowed.len()], &mut one) };
    // SAFETY: it reads the set. Where it is refused, everything is merely slower.
    let _ = unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const one) };
}
