//! The rows of the typed pools.

mod leave;
mod local;
mod occupancy;
mod session;

use std::error::Error;

use pool_typed::{Mapped, Pool, Session, config::Capacity};

use crate::{message::Message, row::Row};

pub(crate) use leave::LEAVE;
pub(crate) use local::names as local_names;
pub(crate) use occupancy::names as occupancy_names;
pub(crate) use session::names as session_names;

/// A session that stays until the process ends, and with it a region of its own.
type Seat<const N: usize> = &'static Session<'static, Pool<Message, N>>;

pub(crate) fn rows() -> Result<Vec<Row>, Box<dyn Error>> {
    let mut rows = session::rows()?;
    rows.extend(occupancy::rows()?);
    rows.extend(local::rows());
    rows.extend(leave::rows()?);
    Ok(rows)
}

/// Joins a new region, whose memory is all there.
fn join<const N: usize>() -> Result<Seat<N>, Box<dyn Error>>
where
    usize: Capacity<N>,
{
    let region = Mapped::<Pool<Message, N>>::options().prefault(true).memfd()?.leak();
    Ok(Box::leak(Box::new(region.join()?)))
}
