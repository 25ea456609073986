//! What a producer and a consumer do: send handles, receive handles, and notice when the other one is gone.

use core::{hint, sync::atomic::Ordering::Relaxed};
use std::{
    thread,
    time::{Duration, Instant, SystemTime},
};

use pool_typed::{Mapped, Session};

use crate::{
    Result,
    exchange::{Exchange, LINKS, Message},
    ring::{Receiver, Sender},
};

/// One side of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Sends so many requests, and receives as many answers.
    Producer {
        /// How many.
        requests: u64,
    },
    /// Answers each request, until it has answered the last.
    Consumer,
}

impl Role {
    /// The name of the session that plays it: how the two sides find each other.
    fn session(self, link: usize) -> String {
        match self {
            Self::Producer { .. } => format!("producer {link}"),
            Self::Consumer => format!("consumer {link}"),
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Producer { .. } => Self::Consumer,
            Self::Consumer => Self::Producer { requests: 0 },
        }
    }
}

/// The session at the other side of a link.
#[derive(Debug)]
pub(crate) struct Peer<'m> {
    world: &'m Mapped<Exchange>,
    name: String,
    pid: u32,
    /// Tells it from another one that comes after it.
    joined: SystemTime,
}

impl<'m> Peer<'m> {
    /// Waits until the other side is there.
    pub(crate) fn meet(world: &'m Mapped<Exchange>, role: Role, link: usize) -> Self {
        let name = role.other().session(link);
        loop {
            if let Some(found) = world.sessions().into_iter().find(|other| other.name == name && !other.dead) {
                return Self { world, name, pid: found.pid, joined: found.joined };
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whether it is still there. It makes system calls, so ask when there is nothing else to do.
    pub(crate) fn is_there(&self) -> bool {
        let same = |other: &pool_typed::SessionInfo| other.name == self.name && other.joined == self.joined;
        self.world.sessions().iter().any(|other| same(other) && !other.dead)
    }
}

/// Joins the region in this role, unless somebody else has it.
pub(crate) fn join(world: &Mapped<Exchange>, role: Role, link: usize) -> Result<Session<'_, Exchange>> {
    assert!(link < LINKS, "link {link} of {LINKS}");
    let name = role.session(link);
    let me = world.join_as(&name)?;
    match world.sessions().iter().find(|other| other.name == name && other.number != Session::number(&me)) {
        Some(other) => Err(format!("there is a {name} already: {other}").into()),
        None => Ok(me),
    }
}

/// Does the work of a role, until every message has come.
pub(crate) fn work(me: &Session<'_, Exchange>, peer: &Peer<'_>, role: Role, link: usize) -> Result<()> {
    let link = &me.links[link];
    let (outgoing, incoming, progress) = match role {
        Role::Producer { .. } => (&link.requests, &link.answers, &link.producer),
        Role::Consumer => (&link.answers, &link.requests, &link.consumer),
    };
    let (mut outgoing, mut incoming) = (Sender::new(outgoing), Receiver::new(incoming));
    let mut total = match role {
        Role::Producer { requests } => requests,
        // The first request tells.
        Role::Consumer => u64::MAX,
    };
    let (mut sent, mut received) = (0, 0);
    let mut pause = Pause::new();
    while sent < total || received < total {
        // A consumer answers what it has received. Where the pool is full we try again later: others give back.
        let until = if role == Role::Consumer { received } else { total };
        let messages = (sent..until).map_while(|number| me.messages.alloc_with(|| Message::new(number, total)).ok());
        let sent_now = outgoing.send(messages);
        sent += sent_now;

        let received_now = incoming.receive(|id| -> Result<()> {
            let message = me.messages.take(id)?;
            if !message.is_right(received) {
                return Err(format!("expected message {received}, found {message:?}").into());
            }
            (received, total) = (received + 1, message.total);
            // Here `message` is dropped: its slot is free for whoever allocates next.
            Ok(())
        })?;

        if sent_now + received_now != 0 {
            progress.received.store(received, Relaxed);
            progress.total.store(total, Relaxed);
            pause = Pause::new();
        } else if pause.is_due() && !peer.is_there() && incoming.is_empty() {
            let Peer { name, pid, .. } = peer;
            return Err(format!("{name} (process {pid}) is gone after {received} messages of {total}").into());
        }
    }
    Ok(())
}

/// What to do while there is nothing to do.
#[derive(Debug)]
struct Pause {
    turns: u32,
    look: Option<Instant>,
}

impl Pause {
    const SPINS: u32 = 256;
    /// How long nothing may come before somebody looks whether the other side lives.
    const PATIENCE: Duration = Duration::from_millis(20);

    fn new() -> Self {
        Self { turns: 0, look: None }
    }

    /// Waits a moment: spinning at first, since the other side needs less than a microsecond for a batch, then by
    /// giving the processor to others. Returns whether it is time to look after the other side.
    fn is_due(&mut self) -> bool {
        self.turns = self.turns.saturating_add(1);
        if self.turns <= Self::SPINS {
            hint::spin_loop();
            return false;
        }
        thread::yield_now();
        let now = Instant::now();
        let due = *self.look.get_or_insert(now + Self::PATIENCE) <= now;
        if due {
            self.look = None;
        }
        due
    }
}
