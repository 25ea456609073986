//! Slots by handle: what local pools and sessions share.

use core::{num::NonZeroU64, ops::Range};

use crate::{
    handle::{Format, Parts},
    holder::Holder,
    slot::{Record, Refused},
    word::{self, State},
};

/// The records of a pool, and how its handles are laid out.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    records: &'a [Record],
    format: Format,
}

/// Why a handle was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The handle is of another pool, the one with this ordinal.
    Foreign {
        /// The ordinal of this pool.
        expected: u32,
        /// The ordinal in the handle.
        found: u32,
    },
    /// See [`Refused::Stale`].
    Stale,
    /// See [`Refused::InUse`].
    InUse {
        /// The sessions that hold the object.
        holders: u64,
        /// How many data references it has.
        data: u64,
    },
    /// See [`Refused::TooManyReferences`].
    TooManyReferences,
    /// The object's slot has published its last generation, and there is no other slot to move the object to.
    Full,
    /// This process is a forked child of the one that joined.
    Forked,
}

impl From<Refused> for Refusal {
    #[inline]
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Stale => Self::Stale,
            Refused::InUse { holders, data } => Self::InUse { holders, data },
            Refused::TooManyReferences => Self::TooManyReferences,
        }
    }
}

/// An object that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The slot that the caller owns now.
    pub slot: u32,
    /// Whether the object is to be overwritten before it becomes free.
    pub tainted: bool,
}

/// What became of a data reference that was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum GivenUp {
    /// It was one of several.
    OneOfMany,
    /// It was the last: the caller owns the object now and has to give it back.
    Last(Taken),
    /// Sessions hold the object: the caller has to become a holder to give the reference up.
    Held,
}

impl<'a> Table<'a> {
    /// Puts handles over records.
    ///
    /// # Panics
    ///
    /// Where the number of records is not a power of two.
    #[inline]
    #[must_use]
    pub fn new(records: &'a [Record], format: Format) -> Self {
        assert!(records.len().is_power_of_two(), "{} records", records.len());
        Self { records, format }
    }

    /// How the handles of this pool are laid out.
    #[inline]
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The record of a slot. Slots beyond the capacity are taken modulo it, so there is no way to panic.
    #[inline]
    #[must_use]
    pub fn record(&self, slot: u32) -> &'a Record {
        &self.records[slot as usize & (self.records.len() - 1)]
    }

    /// The records of some slots; none where these are beyond the capacity.
    #[inline]
    #[must_use]
    pub fn records(&self, slots: Range<u32>) -> &'a [Record] {
        self.records.get(slots.start as usize..slots.end as usize).unwrap_or(&[])
    }

    /// Takes a handle apart.
    ///
    /// # Errors
    ///
    /// [`Refusal::Foreign`].
    #[inline]
    pub fn parts(&self, handle: NonZeroU64) -> Result<Parts, Refusal> {
        self.format.unpack(handle).map_err(|found| Refusal::Foreign { expected: self.format.source(), found })
    }

    /// Builds the handle of a slot with this generation.
    #[inline]
    #[must_use]
    pub fn handle(&self, slot: u32, generation: u64) -> NonZeroU64 {
        self.format.pack(Parts { slot, generation })
    }

    /// Whether `generation` is the last that a slot can publish: such a slot cannot become a box again.
    #[inline]
    #[must_use]
    pub fn is_last(&self, generation: u64) -> bool {
        generation >= self.format.last_generation()
    }

    /// Returns the handle of an object that the caller holds, whose generation therefore stands still. It owns nothing.
    #[inline]
    #[must_use]
    pub fn handle_of_held(&self, slot: u32) -> NonZeroU64 {
        self.handle(slot, self.record(slot).generation())
    }

    /// Returns the handle of a published object by its slot. It owns nothing.
    #[inline]
    #[must_use]
    pub fn handle_of(&self, slot: u32) -> Option<NonZeroU64> {
        self.published(slot).map(|(generation, _)| self.handle(slot, generation))
    }

    /// Returns the handle of an object that data refers to, by its slot. It owns nothing.
    #[inline]
    #[must_use]
    pub fn handle_of_data(&self, slot: u32) -> Option<NonZeroU64> {
        self.published(slot).filter(|(_, data)| *data != 0).map(|(generation, _)| self.handle(slot, generation))
    }

    /// Returns the slot of a live object without holding it.
    ///
    /// # Errors
    ///
    /// [`Refusal::Foreign`], [`Refusal::Stale`].
    #[inline]
    pub fn look(&self, handle: NonZeroU64) -> Result<u32, Refusal> {
        let Parts { slot, generation } = self.parts(handle)?;
        match self.published(slot) {
            Some((found, _)) if found == generation => Ok(slot),
            _ => Err(Refusal::Stale),
        }
    }

    /// The generation under which a slot is published now, and its data references.
    #[inline]
    fn published(&self, slot: u32) -> Option<(u64, u64)> {
        let record = self.record(slot);
        match record.state() {
            State::Data { generation, data, .. } => Some((generation, data)),
            State::Held { low, data, .. } => {
                Some((record.generation(), data)).filter(|(generation, _)| word::low(*generation) == low)
            }
            _ => None,
        }
    }

    /// Gives up a handle, and the data reference that it is.
    ///
    /// # Errors
    ///
    /// [`Refusal::Foreign`], [`Refusal::Stale`].
    pub fn give_up<H: Holder>(&self, handle: NonZeroU64, holder: H) -> Result<GivenUp, Refusal> {
        let Parts { slot, generation } = self.parts(handle)?;
        let record = self.record(slot);
        loop {
            match record.take(generation, holder) {
                Ok(tainted) => return Ok(GivenUp::Last(Taken { slot, tainted })),
                Err(Refused::InUse { holders: 0, .. }) => match record.forget_data(generation) {
                    Ok(()) => return Ok(GivenUp::OneOfMany),
                    // Others came or went in between: look again.
                    Err(Refused::InUse { .. }) => {}
                    Err(refused) => return Err(refused.into()),
                },
                Err(Refused::InUse { .. }) => return Ok(GivenUp::Held),
                Err(refused) => return Err(refused.into()),
            }
        }
    }
}
