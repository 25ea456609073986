//! A region full of traffic: what random workers do with the objects that they share.
#![expect(clippy::disallowed_types, reason = "cells of the region that no object depends on")]

use core::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

use pool_typed::{AtomicObjId, Mapped, ObjId, Pool, PoolArc, PoolBox, Root, Session};

use crate::message::{Message, Rng};

/// What the workers share.
#[derive(Debug, Root)]
#[repr(C)]
pub struct Yard {
    /// The objects.
    pub messages: Pool<Message, 256>,
    /// Each owns the object that it names: whoever takes the handle out has it.
    pub cells: [AtomicObjId<Message>; 32],
    /// Everybody is to stop.
    pub stop: AtomicU64,
    /// What somebody has done.
    pub steps: AtomicU64,
}

/// Does something with an object, or with several. Returns how many it had in its hands.
///
/// # Panics
///
/// Where an object is not as it was written.
pub fn step(me: &Session<'_, Yard>, rng: &mut Rng) -> u64 {
    let cell = &me.cells[rng.below(32) as usize];
    match rng.below(6) {
        0 => {
            let Ok(object) = me.messages.alloc(Message::new(rng.next())) else { return 0 };
            put(me, cell, PoolBox::into_id(object));
            1
        }
        1 => {
            let Ok(object) = me.messages.alloc(Message::new(rng.next())) else { return 0 };
            let shared = PoolBox::into_shared(object);
            let again = PoolArc::clone(&shared);
            if let Ok(id) = PoolArc::to_id(&again) {
                put(me, cell, id);
            }
            1
        }
        2 => {
            let Some(id) = cell.load(Acquire) else { return 0 };
            let Ok(object) = me.messages.take(id) else { return 0 };
            assert!(object.is(object.number), "{object:?}");
            // Taken while the handle is still in the cell: a kill in between loses nothing.
            let _ = cell.compare_exchange(Some(id), None, Release, Relaxed);
            1
        }
        3 => {
            let Some(id) = cell.load(Acquire) else { return 0 };
            let Ok(object) = me.messages.get(id) else { return 0 };
            assert!(object.is(object.number), "{object:?}");
            let again = PoolArc::clone(&object);
            drop(object);
            assert!(again.is(again.number), "{again:?}");
            1
        }
        4 => {
            let Some(id) = cell.swap(None, Acquire) else { return 0 };
            let Ok(object) = me.messages.adopt(id) else { return 0 };
            assert!(object.is(object.number), "{object:?}");
            if let Ok(mut object) = PoolArc::try_into_box(object) {
                *object = Message::new(rng.next());
                put(me, cell, PoolBox::into_id(object));
            }
            1
        }
        _ => {
            let many = me.messages.alloc_many::<12>(|at| Message::new(at as u64));
            if many.is_ok() { 12 } else { 0 }
        }
    }
}

/// Puts a handle into a cell, and frees what was in it before.
fn put(me: &Session<'_, Yard>, cell: &AtomicObjId<Message>, id: ObjId<Message>) {
    if let Some(before) = cell.swap(Some(id), Release) {
        // Others may have taken the object out of it.
        let _ = me.messages.free(before);
    }
}

/// Looks after a yard in which nobody works any more: frees what the cells own, and returns how many objects were owned
/// by handles that are nowhere.
///
/// # Panics
///
/// Where anything else is not as it should be.
#[must_use]
pub fn clean_up(region: &Mapped<Yard>) -> usize {
    region.reap();
    let audit = region.audit();
    assert!(audit.is_sound() && audit.sessions.is_empty(), "{audit}");
    assert_eq!((audit.pools[0].owned, audit.pools[0].shared), (0, 0), "{audit}");
    let me = region.join_as("cleaner").expect("join");
    for cell in me.cells {
        if let Some(id) = cell.swap(None, Relaxed) {
            // Stale, where somebody was killed between taking the object and emptying the cell.
            let _ = me.messages.free(id);
        }
    }
    let mut lost = 0;
    for id in me.messages.iter() {
        let object = me.messages.take(id).expect("nobody else is here");
        assert!(object.is(object.number), "{object:?}");
        lost += 1;
    }
    drop(me);
    let audit = region.audit();
    assert!(audit.is_sound() && audit.is_empty(), "{audit}");
    lost
}
