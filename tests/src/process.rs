//! Real processes for tests.
//!
//! A test declares *roles* and starts processes that play them. Such a process is another run of the test's own binary
//! that executes this one test: it comes to the declaration of its role, plays it and exits, so it never reaches what
//! the test itself does.
//!
//! ```no_run
//! use pool_tests::process::Roles;
//!
//! // #[test]
//! fn an_echo_comes_back() {
//!     let roles = Roles::of_test("an_echo_comes_back");
//!     roles.play("echo", |line| line.say(line.hear()));
//!
//!     let echo = roles.start("echo");
//!     echo.say("hello");
//!     assert_eq!(echo.hear(), "hello");
//!     echo.end();
//! }
//! ```
//!
//! A process and its test are connected by a line, a socket in place of the process's standard input. Processes are
//! killed when their test is over, however it ends, and when their test's process is.

use core::{cell::RefCell, fmt, str::FromStr, time::Duration};
use std::{
    env,
    io::{self, BufRead, BufReader, Write},
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::Instant,
};

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process, set_parent_process_death_signal, waitid, waitpid,
};

const ROLE: &str = "POOL_TESTS_ROLE";

/// How long a process may keep the other end of its line waiting: far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// The roles of a test.
#[derive(Debug)]
pub struct Roles {
    test: &'static str,
    mine: Option<String>,
}

impl Roles {
    /// Starts declaring the roles of the test with this name. It is the first thing that the test does.
    #[must_use]
    pub fn of_test(test: &'static str) -> Self {
        Self { test, mine: env::var(ROLE).ok() }
    }

    /// Declares a role. In the process that has it, this plays it and never returns.
    ///
    /// # Panics
    ///
    /// Where the part does; the process then fails, and so does [`Peer::end`].
    pub fn play(&self, role: &str, part: impl FnOnce(&Line)) {
        if self.mine.as_deref() == Some(role) {
            set_parent_process_death_signal(Some(Signal::KILL)).expect("ask to die with the test");
            let socket = io::stdin().as_fd().try_clone_to_owned().expect("the line stands in place of the input");
            part(&Line::over(socket.into()));
            std::process::exit(0);
        }
    }

    /// Starts a process that plays a role.
    ///
    /// # Panics
    ///
    /// Where that cannot be done.
    #[must_use]
    pub fn start(&self, role: &str) -> Peer {
        assert_eq!(self.mine, None, "the role was not declared, or after the test began");
        let (ours, theirs) = UnixStream::pair().expect("make a line");
        let child = Command::new(env::current_exe().expect("find the test binary"))
            .args([self.test, "--exact", "--nocapture", "--test-threads=1"])
            .env(ROLE, role)
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .spawn()
            .expect("start a process");
        Peer { role: role.to_owned(), child: RefCell::new(child), line: Line::over(ours) }
    }
}

/// A connection between a process and its test: lines of text, both ways.
#[derive(Debug)]
pub struct Line {
    reader: RefCell<BufReader<UnixStream>>,
    writer: UnixStream,
}

impl Line {
    /// Makes a line of a socket.
    ///
    /// # Panics
    ///
    /// Where there is no descriptor left.
    #[must_use]
    pub fn over(socket: UnixStream) -> Self {
        socket.set_read_timeout(Some(PATIENCE)).expect("limit the waiting");
        let writer = socket.try_clone().expect("a second descriptor");
        Self { reader: RefCell::new(BufReader::new(socket)), writer }
    }

    /// Says something: one line, without a line end.
    ///
    /// # Panics
    ///
    /// Where the other end is gone.
    pub fn say(&self, words: impl fmt::Display) {
        (&self.writer).write_all(format!("{words}\n").as_bytes()).expect("somebody at the other end of the line");
    }

    /// Waits for what the other end says, or returns `None` where it is gone.
    ///
    /// # Panics
    ///
    /// Where the other end says nothing at all.
    pub fn hear_or_end(&self) -> Option<String> {
        let mut words = String::new();
        match self.reader.borrow_mut().read_line(&mut words) {
            Ok(_) => words.strip_suffix('\n').map(str::to_owned),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => None,
            Err(error) => panic!("nothing was said for {PATIENCE:?}: {error}"),
        }
    }

    /// Waits for what the other end says.
    ///
    /// # Panics
    ///
    /// Where the other end is gone, or says nothing.
    #[must_use]
    pub fn hear(&self) -> String {
        self.hear_or_end().expect("the other end of the line has ended")
    }

    /// Waits for the other end to say these words.
    ///
    /// # Panics
    ///
    /// Where it says others.
    pub fn expect(&self, words: &str) {
        assert_eq!(self.hear(), words);
    }

    /// Waits for the other end to say something that can be read as a `V`, a number for example.
    ///
    /// # Panics
    ///
    /// Where it says something else.
    #[must_use]
    pub fn hear_value<V: FromStr>(&self) -> V {
        let words = self.hear();
        words.parse().unwrap_or_else(|_| panic!("expected a value, heard {words:?}"))
    }

    /// Waits until the other end says something, or is gone.
    pub fn wait_for_end(&self) {
        while self.hear_or_end().is_some() {}
    }
}

/// A process that plays a role; killed on drop.
#[derive(Debug)]
pub struct Peer {
    role: String,
    child: RefCell<Child>,
    line: Line,
}

impl core::ops::Deref for Peer {
    type Target = Line;

    fn deref(&self) -> &Line {
        &self.line
    }
}

impl Peer {
    /// The number of the process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.borrow().id()
    }

    fn signal(&self, signal: Signal) {
        kill_process(pid(self.pid()), signal).expect("a process that was not waited for");
    }

    /// Kills the process and waits for it.
    pub fn kill(self) {
        drop(self);
    }

    /// Kills the process and leaves it a zombie.
    ///
    /// # Panics
    ///
    /// Where the process cannot be killed.
    pub fn kill_to_zombie(&self) {
        self.signal(Signal::KILL);
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(pid(self.pid())), options).expect("wait for the end of a process");
    }

    /// Stops the process, as Ctrl-Z does, and waits until it has stopped.
    ///
    /// # Panics
    ///
    /// Where the process cannot be stopped.
    pub fn stop(&self) {
        self.signal(Signal::STOP);
        let (_, status) = waitpid(Some(pid(self.pid())), WaitOptions::UNTRACED).expect("wait").expect("a status");
        assert!(status.stopped(), "{status:?}");
    }

    /// Lets a stopped process go on.
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    /// Waits until the process has ended by itself, all being well.
    ///
    /// # Panics
    ///
    /// Where it has failed, was killed, or does not end.
    pub fn end(self) {
        let status = self.wait();
        assert!(status.success(), "`{}` has failed: {status}", self.role);
    }

    /// Waits until the process has ended.
    ///
    /// # Panics
    ///
    /// Where it does not.
    #[must_use]
    pub fn wait(&self) -> ExitStatus {
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.borrow_mut().try_wait().expect("wait for a process") {
                return status;
            }
            assert!(since.elapsed() < PATIENCE, "`{}` does not end", self.role);
            thread::sleep(Duration::from_micros(200));
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let child = self.child.get_mut();
        // It may have ended by itself.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Names a process to the system.
///
/// # Panics
///
/// Where the number is none of a process.
#[must_use]
pub fn pid(number: u32) -> Pid {
    i32::try_from(number).ok().and_then(Pid::from_raw).expect("the number of a process")
}
