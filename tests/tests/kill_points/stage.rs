//! What every script finds: a region with a survivor in it, who owns, shares and has published objects.
//!
//! Setting it up is deterministic: done twice, in two regions, it leaves the same words and the same private memory. So
//! the bytes of one region can be put over the other, and the survivor there goes on as if nothing had happened.

use core::iter;

use pool_core::word::State;
use pool_tests::{
    message::Rng,
    words::{header_of, words_of},
};
use pool_typed::{Mapped, ObjId, Pool, PoolArc, PoolBox, Session, Shared, layout::FieldKind};

use crate::ledger::Ledger;

/// The slots of the pool: few, so that a region is copied in a microsecond, and enough for caches and groups of 4.
pub(crate) const SLOTS: usize = 256;

pub(crate) type Root = Pool<Item, SLOTS>;
pub(crate) type Region = Mapped<Root>;
pub(crate) type Me<'m> = Session<'m, Root>;
pub(crate) type Id = ObjId<Item>;

/// An object that shows whether it was written to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shared)]
#[repr(C)]
pub(crate) struct Item {
    pub(crate) number: u64,
    check: u64,
}

impl Item {
    pub(crate) const fn new(number: u64) -> Self {
        Self { number, check: Rng::new(number).next() }
    }

    /// Makes one of many objects.
    pub(crate) const fn many(number: usize) -> Self {
        Self::new(number as u64)
    }

    /// Whether it is the object with this number, whole.
    pub(crate) fn is(&self, number: u64) -> bool {
        *self == Self::new(number)
    }
}

/// The variant of a stage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// The survivor owns all but this many slots, scattered: all sessions look for room in the same groups.
    pub(crate) room: Option<usize>,
}

/// The handles that everybody knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Props {
    /// Own one object each, numbers 1 to 4.
    pub(crate) single: [Id; 4],
    /// Owns number 5, as two other handles do.
    pub(crate) thrice: Id,
    /// Owns number 6, which the survivor holds as well.
    pub(crate) seen: Id,
    /// Number 7, which only the survivor holds.
    pub(crate) held: Id,
    /// Owns number 8, whose slot has published its last generation.
    pub(crate) last: Id,
    /// Used up.
    pub(crate) stale: [Id; 2],
}

/// What handles own at the beginning.
pub(crate) fn ledger() -> Ledger {
    [(1, 1), (2, 1), (3, 1), (4, 1), (5, 3), (6, 1), (8, 1)].into_iter().collect()
}

impl Props {
    /// The handles and the numbers of their objects.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (u64, Id)> + use<> {
        let [a, b, c, d] = self.single;
        [(1, a), (2, b), (3, c), (4, d), (5, self.thrice), (6, self.seen), (7, self.held), (8, self.last)].into_iter()
    }
}

/// The survivor's own.
#[derive(Debug)]
pub(crate) struct Cast<'s> {
    pub(crate) props: Props,
    pub(crate) seen: PoolArc<'s, Item>,
    pub(crate) held: PoolArc<'s, Item>,
    pub(crate) owned: PoolBox<'s, Item>,
    pub(crate) crowd: Vec<PoolBox<'s, Item>>,
}

impl Cast<'_> {
    /// How many objects the survivor owns.
    pub(crate) fn boxes(&self) -> u64 {
        self.crowd.len() as u64 + 1
    }

    /// Whether everything of the survivor's is as it was.
    pub(crate) fn is_whole(&self) -> bool {
        self.seen.is(6)
            && self.held.is(7)
            && self.owned.is(9)
            && (1000..).zip(&self.crowd).all(|(number, object)| object.is(number))
    }
}

/// Sets the stage in a fresh region whose first session is `me`.
pub(crate) fn set<'s>(region: &Region, me: &'s Me<'_>, plan: Plan) -> Cast<'s> {
    let mut rng = Rng::new(plan.seed);
    let last = words_of(region).last_generation();
    let make = |number, generation| {
        let object = me.alloc(Item::new(number)).expect("a fresh region has room");
        set_generation(region, &object, generation);
        object
    };
    // Generations of every size; some are about to overflow the 13 bits that a shared object's word has room for.
    let mut generation = || match rng.below(3) {
        0 => rng.below(4),
        1 => (rng.below(1 << 20) << 13) + 0x1FFE + rng.below(3),
        _ => rng.below(last - 1000),
    };
    let single = [1, 2, 3, 4].map(|number| PoolBox::into_id(make(number, generation())));
    let five = PoolBox::into_shared(make(5, generation()));
    let [thrice, _, _] = [(); 3].map(|()| PoolArc::to_id(&five).expect("few references"));
    drop(five);
    let seen = PoolBox::into_shared(make(6, generation()));
    let held = PoolBox::into_shared(make(7, generation()));
    let owned;
    let props = Props {
        single,
        thrice,
        seen: PoolArc::to_id(&seen).expect("few references"),
        held: PoolArc::id(&held),
        last: PoolBox::into_id(make(8, last - 1)),
        // After all that sets generations by hand: their slots only go forward from here.
        stale: {
            owned = make(9, generation());
            [(); 2].map(|()| {
                let id = PoolBox::into_id(make(0, generation()));
                drop(me.take(id).expect("published just now"));
                id
            })
        },
    };
    let mut crowd = Vec::new();
    if let Some(room) = plan.room {
        crowd.extend(iter::from_fn(|| me.alloc(Item::new(0)).ok()));
        for _ in 0..room {
            drop(crowd.swap_remove(rng.below(crowd.len() as u64) as usize));
        }
        (1000..).zip(&mut crowd).for_each(|(number, object)| **object = Item::new(number));
    }
    me.give_back_cache();
    Cast { props, seen, held, owned, crowd }
}

/// Makes an object's slot look as if it had been published so many times.
fn set_generation(region: &Region, object: &Item, generation: u64) {
    let words = words_of(region);
    let record = words.record(slot_of(region, object));
    let State::Owned { .. } = record.state() else { panic!("{:?}", record.state()) };
    record.set(record.state(), generation);
}

/// The slot of an object.
fn slot_of(region: &Region, object: &Item) -> u32 {
    let root = region.base().addr().get() + header_of(region).fields.root as usize;
    let FieldKind::Pool(pool) = &<Root as pool_typed::Root>::LAYOUT.fields[0].kind else { panic!("it is a pool") };
    let geometry = pool.geometry;
    ((core::ptr::from_ref(object).addr() - root - geometry.slots) >> geometry.stride_log2) as u32
}
