//! Taking back what a session leaves behind.

use std::{error::Error, mem};

use pool_typed::{Mapped, Pool};

use crate::{
    harness::{Sample, time},
    message::Message,
    row::{Kind::Ours, Row},
};

pub(crate) const LEAVE: &str = "session: leave, 2^20 objects leaked";

const COUNT: usize = 1 << 20;

pub(super) fn rows() -> Result<Vec<Row>, Box<dyn Error>> {
    let region = Mapped::<Pool<Message, COUNT>>::options().prefault(true).memfd()?.leak();
    let leave = Row::new(Ours, LEAVE, move |_| leave(region));
    Ok(vec![leave.note("the same pass over all words as for a dead session")])
}

fn leave(region: &Mapped<Pool<Message, COUNT>>) -> Sample {
    let session = region.join().expect("there are 40 sessions");
    for _ in 0..COUNT {
        mem::forget(session.alloc_with(|| Message::new(1)).expect("a slot is free"));
    }
    time(1, || drop(session))
}
