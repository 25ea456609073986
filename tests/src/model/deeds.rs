//! What sessions and threads do with objects, written down as data: scripts for models.

use std::sync::{Arc, Mutex};

use pool_core::objects::Objects;

use super::World;

/// What somebody does, with their latest box or reference, or with an object that is there from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Gets a box.
    Alloc,
    /// Drops a box.
    Free,
    /// Moves a box into a handle, which nobody uses before the end.
    Publish,
    /// Turns a box into a reference.
    Share,
    /// Drops a reference.
    Drop,
    /// Moves a reference into a handle.
    IntoId,
    /// Makes a handle that owns a reference.
    ToId,
    /// Turns the only reference into a box.
    Own,
    /// Takes the object in this slot.
    Take(u32),
    /// Becomes a holder of the object in this slot.
    Get(u32),
    /// Turns a data reference to the object in this slot into a reference.
    Adopt(u32),
    /// Gives a data reference to the object in this slot up.
    GiveUp(u32),
}

impl Deed {
    /// What it adds to the data references where it succeeds.
    #[must_use]
    pub fn data(self) -> i64 {
        match self {
            Self::Publish | Self::IntoId | Self::ToId => 1,
            Self::Take(_) | Self::Adopt(_) | Self::GiveUp(_) => -1,
            Self::Alloc | Self::Free | Self::Share | Self::Drop | Self::Own | Self::Get(_) => 0,
        }
    }
}

/// What somebody has, as far as they have come.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Slots of boxes.
    pub boxes: Vec<u32>,
    /// Slots of references; one with two references is there twice.
    pub references: Vec<u32>,
    /// What they added to the data references.
    pub data: i64,
    /// What the deed that is being done adds to the data references, where it succeeds.
    pub doing: i64,
}

impl Log {
    /// The log of somebody who has these boxes from the start. It survives them.
    #[must_use]
    pub fn of(boxes: &[u32]) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self { boxes: boxes.to_vec(), ..Self::default() }))
    }

    /// All slots that they have something of.
    pub fn slots(&self) -> impl Iterator<Item = u32> {
        self.boxes.iter().chain(&self.references).copied()
    }

    fn hold(&mut self, world: &World, slot: u32) {
        let _ = world.read(slot);
        self.references.push(slot);
    }

    fn own(&mut self, world: &World, slot: u32) {
        world.write(slot, 0);
        self.boxes.push(slot);
    }

    /// Does one deed; returns `None` where there is nothing to do it with, or it is refused.
    fn perform(&mut self, world: &World, objects: &impl Objects, deed: Deed) -> Option<()> {
        let handle = |slot| objects.table().handle(slot, 1);
        match deed {
            Deed::Alloc => self.own(world, objects.alloc().ok()?),
            Deed::Free => {
                let slot = self.boxes.pop()?;
                world.write(slot, u64::MAX);
                objects.free_slot(slot);
            }
            Deed::Publish => {
                let slot = self.boxes.pop()?;
                world.write(slot, 0);
                objects.publish(slot, false);
            }
            Deed::Share => {
                let slot = self.boxes.pop()?;
                world.write(slot, 0);
                objects.share(slot, false);
                self.references.push(slot);
            }
            Deed::Drop => {
                let slot = self.references.pop()?;
                let _ = world.read(slot);
                objects.drop_ref(slot);
            }
            Deed::IntoId => {
                let slot = self.references.pop()?;
                let _ = world.read(slot);
                let expected = objects.table().handle_of_held(slot);
                assert_eq!(objects.ref_into_handle(slot), Ok(expected));
            }
            Deed::ToId => {
                let slot = *self.references.last()?;
                assert_eq!(objects.ref_to_handle(slot), Ok(objects.table().handle_of_held(slot)));
            }
            Deed::Own => {
                let taken = objects.own(*self.references.last()?).ok()?;
                self.references.pop();
                self.own(world, taken.slot);
            }
            Deed::Take(slot) => {
                let taken = objects.take(handle(slot), |_, _| unreachable!("a slot of its first generation")).ok()?;
                self.own(world, taken.slot);
            }
            Deed::Get(slot) => self.hold(world, objects.get(handle(slot)).ok()?),
            Deed::Adopt(slot) => self.hold(world, objects.adopt(handle(slot)).ok()?),
            Deed::GiveUp(slot) => objects.free(handle(slot)).ok()?,
        }
        Some(())
    }
}

/// Does deeds one after the other, writing down what came of them.
///
/// # Panics
///
/// Where an earlier user of `log` panicked.
pub fn act(world: &World, objects: &impl Objects, deeds: &[Deed], log: &Mutex<Log>) {
    for deed in deeds {
        log.lock().unwrap().doing = deed.data();
        // Somebody who is killed in the middle of it leaves the log as it was before.
        let mut after = log.lock().unwrap().clone();
        if after.perform(world, objects, *deed).is_some() {
            after.data += deed.data();
        }
        after.doing = 0;
        *log.lock().unwrap() = after;
    }
}
