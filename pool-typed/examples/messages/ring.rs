//! A ring of handles in shared memory, from one sender to one receiver.
//!
//! Handles travel in batches of eight, one cache line each, so a line changes hands once for eight messages. A batch is
//! there once its first cell has a handle, and gone once that cell is empty again: there are no counters to keep.

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use pool_typed::{AtomicObjId, ObjId, PoolBox, Shared};

use crate::exchange::Message;

const BATCHES: usize = 64;

/// Eight handles on a line of their own.
#[derive(Debug, Shared)]
#[repr(C, align(64))]
struct Batch {
    cells: [AtomicObjId<Message>; 8],
}

/// The ring. All zeros are an empty one.
#[derive(Debug, Shared)]
#[repr(C)]
pub(crate) struct Ring {
    batches: [Batch; BATCHES],
}

/// The end of a ring where messages go in. There must be one only.
#[derive(Debug)]
pub(crate) struct Sender<'s> {
    ring: &'s Ring,
    next: usize,
}

/// The end of a ring where messages come out. There must be one only.
#[derive(Debug)]
pub(crate) struct Receiver<'s> {
    ring: &'s Ring,
    next: usize,
}

impl<'s> Sender<'s> {
    pub(crate) fn new(ring: &'s Ring) -> Self {
        Self { ring, next: 0 }
    }

    /// Sends the next messages, up to eight, and returns how many: 0 where there are none, or no room.
    ///
    /// The ownership of a message moves into its handle, and with the handle into the ring: who is killed here loses
    /// at most the one that is between the two.
    pub(crate) fn send<'m>(&mut self, mut messages: impl Iterator<Item = PoolBox<'m, Message>>) -> u64 {
        let [first, rest @ ..] = &self.ring.batches[self.next].cells;
        // Acquire: pairs with the Release of the receiver; the other cells are empty too.
        if first.load(Acquire).is_some() {
            return 0;
        }
        let Some(front) = messages.next() else { return 0 };
        let mut sent = 1;
        for (cell, message) in rest.iter().zip(messages) {
            cell.store(Some(PoolBox::into_id(message)), Relaxed);
            sent += 1;
        }
        // Release: whoever sees this handle sees the others of the batch, and what is in the messages.
        first.store(Some(PoolBox::into_id(front)), Release);
        self.next = (self.next + 1) % BATCHES;
        sent
    }
}

impl<'s> Receiver<'s> {
    pub(crate) fn new(ring: &'s Ring) -> Self {
        Self { ring, next: 0 }
    }

    /// Whether nothing is there to be received.
    pub(crate) fn is_empty(&self) -> bool {
        self.ring.batches[self.next].cells[0].load(Acquire).is_none()
    }

    /// Hands each message of the next batch to `take`, and returns how many there were.
    ///
    /// The batch is emptied after its messages were taken, so none is lost if we are killed in between.
    pub(crate) fn receive<E>(&mut self, mut take: impl FnMut(ObjId<Message>) -> Result<(), E>) -> Result<u64, E> {
        let [first, rest @ ..] = &self.ring.batches[self.next].cells;
        // Acquire: pairs with the Release of the sender.
        let Some(front) = first.load(Acquire) else { return Ok(0) };
        take(front)?;
        let mut received = 1;
        for cell in rest {
            let Some(id) = cell.load(Relaxed) else { break };
            take(id)?;
            cell.store(None, Relaxed);
            received += 1;
        }
        // Release: whoever finds this cell empty finds the others empty.
        first.store(None, Release);
        self.next = (self.next + 1) % BATCHES;
        Ok(received)
    }
}
