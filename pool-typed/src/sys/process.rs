//! Who a process is, and whether it still lives.
//!
//! A number alone does not name a process: it is used again. So a process is its number, its start time and the namespaces
//! in which these were read. Where a forked child keeps the lock of its dead parent (see [`super::locks`]), this settles it.
//!
//! * `kill(pid, 0)` succeeds on a zombie, and a process whose first thread has ended shows the state of a zombie while its
//!   other threads go on. A pidfd becomes readable exactly when all threads have ended.
//! * A start time as `/proc` shows it is shifted by the reader's time namespace; two of them compare only within one.
//! * `/proc` may belong to another PID namespace than the process that reads it, and may hide processes (`hidepid`). What
//!   is not there is therefore not dead.
//!
//! Nothing here allocates or touches `errno`; all of it may run in a signal handler.

use core::ffi::CStr;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, getpid, pidfd_open};

use super::proc::ProcPath;
use super::{Result, uninterrupted};
use crate::error::OsError;

/// A process, as others can find it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Its number in its PID namespace.
    pub(crate) pid: u32,
    /// Its start time in clock ticks since boot.
    pub(crate) start_time: u64,
    /// Its namespaces for numbers and for times; see [`namespaces`].
    pub(crate) namespaces: u64,
    /// Its name, for people; padded with zeros.
    pub(crate) comm: [u8; 16],
}

impl Identity {
    /// Looks at the calling process.
    pub(crate) fn current() -> Result<Self> {
        let mut buffer = [0; STAT_BYTES];
        let stat = read(c"/proc/self/stat", &mut buffer).map_err(OsError::of("read /proc/self/stat"))?;
        let (comm, start_time) = parse_stat(stat).ok_or(OsError::new("understand /proc/self/stat", Errno::ILSEQ))?;
        let pid = getpid().as_raw_pid().unsigned_abs();
        Ok(Self { pid, start_time, namespaces: namespaces()?, comm })
    }
}

/// Returns the identity of the namespaces in which this process reads numbers and start times: that of the PID namespace in
/// the low half, that of the time namespace in the high half (0 where the kernel has none).
pub(crate) fn namespaces() -> Result<u64> {
    let inode = |path: &CStr| uninterrupted(|| rustix::fs::stat(path)).map(|stat| stat.st_ino);
    let pid = inode(c"/proc/thread-self/ns/pid").map_err(OsError::of("read /proc/thread-self/ns/pid"))?;
    let time = match inode(c"/proc/thread-self/ns/time") {
        Ok(inode) => inode,
        Err(Errno::NOENT) => 0,
        Err(errno) => return Err(OsError::new("read /proc/thread-self/ns/time", errno)),
    };
    // The kernel numbers namespaces with 32 bits.
    Ok((pid & 0xFFFF_FFFF) | (time << 32))
}

/// Tells whether all threads of a process have ended; `None` where this process cannot know.
///
/// `Some(true)` is certain and stays true. `Some(false)` was true at some time during the call.
pub(crate) fn is_dead(pid: u32, start_time: u64, namespaces: u64) -> Option<bool> {
    if self::namespaces().ok()? != namespaces {
        return None;
    }
    let name = Pid::from_raw(i32::try_from(pid).ok()?)?;
    let pidfd = match pidfd_open(name, PidfdFlags::empty()) {
        Ok(pidfd) => pidfd,
        // Nobody has the number.
        Err(Errno::SRCH) => return Some(true),
        // On some kernels: a thread has the number and is not the first of its process. The start time tells below that
        // it is not the one meant.
        Err(Errno::INVAL | Errno::NOENT) => return is_another(pid, start_time),
        Err(_) => return None,
    };
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let mut fds = [PollFd::new(&pidfd, PollFlags::IN)];
    let ended = uninterrupted(|| poll(&mut fds, Some(&now))).ok()?;
    if ended != 0 {
        // Whoever had the number has ended: the one that is meant, or one that came after it.
        return Some(true);
    }
    // Somebody with this number lives. It had it from its start on, as the one that is meant would have.
    is_another(pid, start_time)
}

/// Tells whether who has the number now started at another time.
fn is_another(pid: u32, start_time: u64) -> Option<bool> {
    if !proc_speaks_of_our_numbers() {
        return None;
    }
    let mut buffer = [0; STAT_BYTES];
    let stat = read(ProcPath::stat_of(pid).as_c_str(), &mut buffer).ok()?;
    let (_, found) = parse_stat(stat)?;
    Some(found != start_time)
}

/// Tells whether `/proc` was mounted for our PID namespace.
fn proc_speaks_of_our_numbers() -> bool {
    let mut link = [0_u8; 16];
    let own = rustix::path::DecInt::new(getpid().as_raw_pid());
    match rustix::fs::readlinkat_raw(CWD, c"/proc/self", &mut link[..]) {
        Ok(len) => link.get(..len) == Some(own.as_bytes()),
        Err(_) => false,
    }
}

/// Longer than every `stat` file: 52 numbers of at most 20 digits, and a name of at most 64 bytes.
const STAT_BYTES: usize = 52 * 21 + 66;

/// Reads a small file whole.
fn read<'a>(path: &CStr, buffer: &'a mut [u8]) -> rustix::io::Result<&'a [u8]> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let file = uninterrupted(|| rustix::fs::open(path, flags, Mode::empty()))?;
    let mut len = 0;
    while let Some(rest) = buffer.get_mut(len..).filter(|rest| !rest.is_empty()) {
        match uninterrupted(|| rustix::io::read(&file, &mut *rest))? {
            0 => break,
            more => len += more,
        }
    }
    Ok(buffer.get(..len).unwrap_or(buffer))
}

/// Finds the name and the start time in a `stat` file.
///
/// The name stands in parentheses and may contain anything, closing parentheses and line ends too; what follows the last
/// one are numbers and one letter.
fn parse_stat(stat: &[u8]) -> Option<([u8; 16], u64)> {
    let open = stat.iter().position(|byte| *byte == b'(')?;
    let close = stat.iter().rposition(|byte| *byte == b')')?;
    let name = stat.get(open + 1..close)?;
    let mut comm = [0; 16];
    for (to, from) in comm.iter_mut().zip(name) {
        *to = *from;
    }
    // Field 22; the first after the name is field 3.
    let field =
        stat.get(close + 1..)?.split(|byte| byte.is_ascii_whitespace()).filter(|field| !field.is_empty()).nth(19)?;
    let start_time = core::str::from_utf8(field).ok()?.parse().ok()?;
    Some((comm, start_time))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;

    use super::*;
    use crate::sys::testing::{Exit, Line, alone, end_this_thread, exit_now, sleep_for_ever};

    fn start_time_of(pid: u32) -> u64 {
        let stat = std::fs::read(format!("/proc/{pid}/stat")).unwrap();
        parse_stat(&stat).unwrap().1
    }

    #[test]
    fn the_start_time_is_found_behind_any_name() {
        let rest = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20 21";
        for name in ["a", "a b", ") S 1 (", "((()", "", ")", "a\nb", "123456789012345678901234"] {
            let stat = format!("77 ({name}) {rest}\n");
            let (comm, start) = parse_stat(stat.as_bytes()).unwrap();
            assert_eq!(start, 4242, "{name:?}");
            assert!(name.as_bytes().starts_with(comm.split(|byte| *byte == 0).next().unwrap()));
        }
        for bad in
            ["", "77", "77 (a", "77 (a)", "77 a) S 1", "77 (a) S 1 2", &format!("77 (a) {}", rest.replace("4242", "x"))]
        {
            assert_eq!(parse_stat(bad.as_bytes()), None, "{bad:?}");
        }
    }

    #[test]
    fn this_process_lives() {
        let me = Identity::current().unwrap();
        assert_eq!(me.pid, std::process::id());
        assert_eq!(me.start_time, start_time_of(me.pid));
        assert_ne!(me.namespaces & 0xFFFF_FFFF, 0);
        assert_eq!(Identity::current().unwrap(), me);
        assert_eq!(is_dead(me.pid, me.start_time, me.namespaces), Some(false));
    }

    /// Its name is that of the thread that called `fork`.
    #[test]
    fn a_child_has_an_identity_of_its_own() {
        let me = Identity::current().unwrap();
        let exit = alone().in_child(|| {
            let child = Identity::current().unwrap();
            i32::from(child.pid == me.pid || child.namespaces != me.namespaces)
        });
        assert_eq!(exit, Exit::Code(0));
    }

    /// The trap: `/proc` of the parent's namespace shows other processes by the numbers of the new one.
    #[test]
    fn in_a_new_pid_namespace_with_the_old_proc_nobody_is_taken_for_dead() {
        let alone = alone();
        let me = Identity::current().unwrap();
        let exit = alone.in_child(|| {
            if !enter(libc::CLONE_NEWPID) {
                return 0;
            }
            let exit = alone.in_child(|| {
                let child = Identity::current().unwrap();
                assert_eq!(child.pid, 1);
                assert_ne!(child.namespaces, me.namespaces);
                assert_eq!(is_dead(me.pid, me.start_time, me.namespaces), None);
                assert_eq!(is_dead(1, child.start_time, child.namespaces), None);
                assert_eq!(is_dead(1 << 20, 1, child.namespaces), Some(true), "nobody has the number");
                0
            });
            i32::from(exit != Exit::Code(0))
        });
        assert_eq!(exit, Exit::Code(0));
    }

    /// The trap: a live process would look like one that uses the number again.
    #[test]
    fn another_time_namespace_shifts_start_times() {
        let alone = alone();
        let me = Identity::current().unwrap();
        let exit = alone.in_child(|| {
            if !enter(libc::CLONE_NEWTIME) || std::fs::write("/proc/self/timens_offsets", "boottime 1000 0").is_err() {
                return 0;
            }
            let exit = alone.in_child(|| {
                assert_ne!(start_time_of(me.pid), me.start_time);
                assert_eq!(is_dead(me.pid, me.start_time, me.namespaces), None);
                let child = Identity::current().unwrap();
                assert_eq!(is_dead(child.pid, child.start_time, child.namespaces), Some(false));
                0
            });
            i32::from(exit != Exit::Code(0))
        });
        assert_eq!(exit, Exit::Code(0));
    }

    /// Children of this process start in a new namespace; `false` where that takes privileges.
    #[expect(unsafe_code, reason = "a raw call")]
    fn enter(namespace: i32) -> bool {
        // SAFETY: it changes where children start, and no memory.
        unsafe { libc::unshare(namespace) == 0 }
    }

    #[test]
    fn who_uses_the_number_again_is_not_who_had_it() {
        let me = Identity::current().unwrap();
        assert_eq!(is_dead(me.pid, me.start_time - 1, me.namespaces), Some(true));
        assert_eq!(is_dead(me.pid, me.start_time + 1, me.namespaces), Some(true));
    }

    #[test]
    fn another_namespace_cannot_be_known() {
        let me = Identity::current().unwrap();
        assert_eq!(is_dead(me.pid, me.start_time, me.namespaces + 1), None);
        assert_eq!(is_dead(me.pid, me.start_time, me.namespaces ^ (1 << 32)), None);
        assert_eq!(is_dead(me.pid, me.start_time, 0), None);
    }

    #[test]
    fn numbers_that_name_nobody() {
        let here = namespaces().unwrap();
        assert_eq!(is_dead(0, 1, here), None);
        assert_eq!(is_dead(u32::MAX, 1, here), None);
        // Above the greatest number that Linux gives away.
        assert_eq!(is_dead(1 << 30, 1, here), Some(true));
    }

    #[test]
    fn a_killed_child_is_dead_as_a_zombie_and_afterwards() {
        let alone = alone();
        let here = namespaces().unwrap();
        let child = alone.child(|| sleep_for_ever());
        let pid = child.pid();
        let start = start_time_of(pid);
        assert_eq!(is_dead(pid, start, here), Some(false));
        child.kill();
        child.wait_for_zombie();
        assert_eq!(rustix::process::test_kill_process(Pid::from_raw(pid as i32).unwrap()), Ok(()), "the trap");
        assert_eq!(is_dead(pid, start, here), Some(true), "a zombie");
        assert!(matches!(child.wait(), Exit::Signal(_)));
        assert_eq!(is_dead(pid, start, here), Some(true), "waited for");
    }

    #[test]
    fn a_stopped_child_lives() {
        let alone = alone();
        let child = alone.child(|| sleep_for_ever());
        let start = start_time_of(child.pid());
        rustix::process::kill_process(Pid::from_raw(child.pid() as i32).unwrap(), rustix::process::Signal::STOP)
            .unwrap();
        assert_eq!(is_dead(child.pid(), start, namespaces().unwrap()), Some(false));
    }

    /// `/proc` shows state `Z` for it.
    #[test]
    fn a_process_whose_first_thread_has_ended_lives() {
        let alone = alone();
        let line = std::sync::Arc::new(Line::new());
        let heard = line.clone();
        let child = alone.child(|| {
            std::thread::spawn(move || {
                while !std::fs::read_to_string("/proc/self/stat").unwrap().contains(") Z ") {
                    std::thread::yield_now();
                }
                if Identity::current().is_err() {
                    exit_now(1);
                }
                line.say();
                sleep_for_ever()
            });
            end_this_thread()
        });
        heard.hear();
        let start = start_time_of(child.pid());
        assert_eq!(is_dead(child.pid(), start, namespaces().unwrap()), Some(false));
        child.kill();
        child.wait_for_zombie();
        assert_eq!(is_dead(child.pid(), start, namespaces().unwrap()), Some(true));
    }

    #[test]
    fn a_thread_with_the_number_is_not_the_process() {
        let (send, receive) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            send.send(rustix::thread::gettid().as_raw_pid() as u32).unwrap();
            let _ = ended.recv();
        });
        let tid = receive.recv().unwrap();
        assert_ne!(tid, std::process::id());
        assert_eq!(is_dead(tid, 1, namespaces().unwrap()), Some(true));
        drop(end);
        thread.join().unwrap();
    }

    #[test]
    fn exec_keeps_the_identity_and_changes_the_name() {
        let alone = alone();
        let child = alone.child(|| {
            let _ = std::process::Command::new("sleep").arg("1000").exec();
            1
        });
        let start = start_time_of(child.pid());
        while std::fs::read_to_string(format!("/proc/{}/comm", child.pid())).unwrap() != "sleep\n" {
            std::thread::yield_now();
        }
        assert_eq!(is_dead(child.pid(), start, namespaces().unwrap()), Some(false));
    }
}
