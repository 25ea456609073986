//! Two processes pass millions of messages to each other through shared memory, by handle.
//!
//! ```text
//! cargo run --release -p pool-typed --example messages
//! cargo run --release -p pool-typed --example messages -- --processes 4 --messages 20000000
//! ```
//!
//! or in two terminals, in either order:
//!
//! ```text
//! cargo run --release -p pool-typed --example messages -- produce /name
//! cargo run --release -p pool-typed --example messages -- consume /name
//! ```
//!
//! The processes share one struct ([`exchange::Exchange`]): a pool of messages, and rings through which handles travel
//! ([`ring`]). A producer allocates requests and sends their handles; the consumer takes each message out of its handle,
//! checks it, drops it, and sends an answer of its own ([`work`]). No message is ever copied, so what one process
//! allocates another one frees. At the end an audit of the region shows that every object came back.

mod arguments;
mod exchange;
mod ring;
mod watch;
mod work;

use std::{
    env,
    error::Error,
    process::{Child, Command as Process, ExitCode},
    thread,
    time::Duration,
};

use pool_typed::Mapped;

use self::{
    arguments::{Command, USAGE},
    exchange::Exchange,
    watch::Watch,
    work::{Peer, Role, join, work},
};

/// A result with any error.
type Result<T> = core::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    let done = match Command::parse(env::args().skip(1)) {
        Ok(Command::Run { links, messages }) => run(links, messages),
        Ok(Command::TakePart { name, role }) => take_part(&name, role),
        Ok(Command::Work { name, role, link }) => work_for_another(&name, role, link),
        Ok(Command::Help) => {
            println!("{USAGE}");
            Ok(())
        }
        Err(error) => {
            eprintln!("error: {error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Starts the processes over a region of their own, and shows how they get on.
fn run(links: usize, messages: u64) -> Result<()> {
    let name = format!("/messages-{}", std::process::id());
    let world = Mapped::<Exchange>::create(&name)?;
    let unlinked = Unlink(&name);
    let me = world.join_as("watcher")?;

    let mut workers = Workers::default();
    for link in 0..links {
        let rest = u64::from((link as u64) < messages % links as u64);
        let (link, requests) = (link.to_string(), (messages / links as u64 + rest).to_string());
        workers.start(&["work", &name, &link, "--messages", &requests])?;
        workers.start(&["work", &name, &link])?;
    }
    println!("{} processes pass {messages} messages and as many answers over `{name}`", 2 * links);
    while world.sessions().len() <= 2 * links && workers.are_working()? {
        thread::sleep(Duration::from_millis(1));
    }
    // Everybody is there, so the name has done its work. Without it nothing stays behind, however we end.
    drop(unlinked);

    let mut watch = Watch::new(me.links);
    let mut failed = Ok(());
    watch.until(|| match workers.are_working() {
        Ok(working) => !working,
        Err(error) => {
            failed = Err(error);
            true
        }
    });
    failed?;
    println!("{}", watch.rate());
    drop(me);
    prove(&world)
}

/// Is one side of a region that anybody may be the other side of.
fn take_part(name: &str, role: Role) -> Result<()> {
    let world = Mapped::<Exchange>::create_or_attach(name)?;
    println!("waiting for the other side of `{name}`");
    thread::scope(|scope| {
        let worker = scope.spawn(|| -> Result<()> {
            let me = join(&world, role, 0)?;
            let peer = Peer::meet(&world, role, 0);
            if role != Role::Consumer {
                // Both are there, so the name has done its work, as in `run`. What is found under a name is therefore
                // always a region where nothing was sent yet, whoever was killed before.
                Mapped::<Exchange>::unlink(name)?;
            }
            work(&me, &peer, role, 0)
        });
        let me = world.join_as("watcher")?;
        let mut watch = Watch::new(me.links);
        watch.until(|| worker.is_finished());
        worker.join().map_err(|_| "the worker panicked")??;
        println!("{}", watch.rate());
        Result::Ok(())
    })?;
    if role == Role::Consumer {
        println!("the producer looks whether every object came back");
        return Ok(());
    }
    while !world.sessions().is_empty() {
        thread::sleep(Duration::from_millis(1));
    }
    prove(&world)
}

/// Is one of the processes that `run` starts.
fn work_for_another(name: &str, role: Role, link: usize) -> Result<()> {
    let world = Mapped::<Exchange>::attach(name)?;
    let me = join(&world, role, link)?;
    let peer = Peer::meet(&world, role, link);
    work(&me, &peer, role, link)
}

/// Proves that every object came back, now that nobody works in the region any more.
fn prove(world: &Mapped<Exchange>) -> Result<()> {
    let audit = world.audit();
    println!("{audit}");
    if !audit.sessions.is_empty() || !audit.is_sound() || !audit.is_empty() {
        return Err("some objects did not come back".into());
    }
    println!("every object came back");
    Ok(())
}

/// Removes a name, however the function that has this ends.
struct Unlink<'a>(&'a str);

impl Drop for Unlink<'_> {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = Mapped::<Exchange>::unlink(self.0);
    }
}

/// Processes that run this same program; those that still run are ended on drop.
#[derive(Default)]
struct Workers(Vec<Child>);

impl Workers {
    fn start(&mut self, arguments: &[&str]) -> Result<()> {
        self.0.push(Process::new(env::current_exe()?).args(arguments).spawn()?);
        Ok(())
    }

    /// Whether any still works; an error where one has failed.
    fn are_working(&mut self) -> Result<bool> {
        let mut any = false;
        for worker in &mut self.0 {
            match worker.try_wait()? {
                None => any = true,
                Some(status) if status.success() => {}
                Some(status) => return Err(format!("process {} failed: {status}", worker.id()).into()),
            }
        }
        Ok(any)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        for worker in &mut self.0 {
            // They have ended where all went well.
            let _ = worker.kill();
            let _ = worker.wait();
        }
    }
}
