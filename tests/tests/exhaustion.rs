//! Slots that have published their last generation: their objects move, and they are retired and counted.
//!
//! A pool of 8 slots reaches that after 9 * 10^15 publications of one slot, so the words are set by hand.
#![cfg(not(loom))]

use pool_core::{
    geometry::Shape,
    hints::{self, Hints},
    holder::Bit,
    local::{Desk, Local},
    objects::{Denied, Objects},
    reap,
    slot::Record,
    table::{Refusal, Taken},
    word::{State, low},
};
use pool_tests::{message::Message, words::words_of};
use pool_typed::{Audit, HandleError, Mapped, ObjId, Pool, PoolArc, PoolBox, config::Capacity};

type Region<const N: usize> = Mapped<Pool<Message, N>>;

/// Makes all slots ready to publish their last generation.
fn wear_out<const N: usize>(region: &Region<N>)
where
    usize: Capacity<N>,
{
    let words = words_of(region);
    for slot in 0..words.shape().slots() {
        words.record(slot).set(State::Free, words.last_generation() - 1);
    }
}

fn retired<const N: usize>(region: &Region<N>) -> u64
where
    usize: Capacity<N>,
{
    let audit: Audit = region.audit();
    assert!(audit.is_sound(), "{audit}");
    audit.pools[0].retired
}

#[test]
fn an_object_moves_out_of_a_slot_that_is_worn_out() {
    let region = Region::<8>::heap().unwrap();
    let me = region.join().unwrap();
    wear_out(&region);
    let message = me.alloc(Message::new(7)).unwrap();
    let was = core::ptr::from_ref(&*message);
    let id = PoolBox::into_id(message);
    assert_eq!(retired(&region), 0);

    let message = me.take(id).unwrap();
    assert!(message.is(7), "its bytes moved with it");
    assert_ne!(core::ptr::from_ref(&*message), was);
    assert_eq!(retired(&region), 1);
    assert_eq!(me.take(id).unwrap_err(), HandleError::Stale);
    assert_eq!(me.read(id).unwrap_err(), HandleError::Stale);

    // It can be published again, and has another handle.
    let next = PoolBox::into_id(message);
    assert_ne!(next, id);
    assert!(me.take(next).unwrap().is(7));
    assert_eq!(retired(&region), 2);
}

#[test]
fn every_way_of_giving_an_object_up_retires_its_slot() {
    let region = Region::<8>::heap().unwrap();
    let me = region.join().unwrap();
    wear_out(&region);
    let publish = || PoolBox::into_id(me.alloc(Message::new(7)).unwrap());

    me.free(publish()).unwrap();
    assert_eq!(retired(&region), 1);
    drop(me.adopt(publish()).unwrap());
    assert_eq!(retired(&region), 2);
    drop(PoolBox::into_shared(me.alloc(Message::new(7)).unwrap()));
    assert_eq!(retired(&region), 3);
    let id = publish();
    let shared = me.get(id).unwrap();
    me.free(id).unwrap();
    assert_eq!(retired(&region), 3);
    drop(shared);
    assert_eq!(retired(&region), 4);

    // A box that is dropped unpublished does not wear its slot.
    drop(me.alloc(Message::new(7)).unwrap());
    assert_eq!(retired(&region), 4);

    // References to an object in such a slot cannot become a box: there would be no handle for it.
    let shared = PoolBox::into_shared(me.alloc(Message::new(7)).unwrap());
    let shared = PoolArc::try_into_box(shared).expect_err("the reference comes back");
    assert!(shared.is(7));
    drop(shared);
    assert_eq!(retired(&region), 5);

    // What is left can still be used, and no more.
    let boxes = [(); 3].map(|()| me.alloc(Message::new(7)).unwrap());
    assert!(me.alloc(Message::new(7)).is_err());
    drop(boxes);
}

#[test]
fn a_reaper_retires_slots_too() {
    let region = Region::<8>::heap().unwrap();
    let words = words_of(&region);
    let me = region.join().unwrap();
    let ids = [(); 3].map(|()| PoolBox::into_id(me.alloc(Message::new(7)).unwrap()));
    let slots = ids.map(|id| words.table().parts(id.to_bits().try_into().unwrap()).unwrap().slot);
    let (dead, last) = (Bit::of(33).unwrap(), words.last_generation());
    let holders = dead.mask();
    words.record(slots[0]).set(State::Owned { holders, tainted: false }, last);
    words.record(slots[1]).set(State::Held { data: 0, low: low(last), holders, tainted: false }, last);
    words.record(slots[2]).set(State::Held { data: 1, low: low(last), holders, tainted: false }, last);
    let tally = reap::reap(&words, dead);
    assert_eq!((tally.freed, tally.released), (2, 1));
    assert_eq!(retired(&region), 2);
    assert_eq!(words.record(slots[2]).state(), State::Data { data: 1, generation: last, tainted: false });
}

#[test]
fn a_pool_of_one_slot_wears_out() {
    let region = Region::<1>::heap().unwrap();
    let me = region.join().unwrap();
    wear_out(&region);
    let id = PoolBox::into_id(me.alloc(Message::new(7)).unwrap());
    assert_eq!(me.take(id).unwrap_err(), HandleError::Full, "there is no slot to move to");
    assert!(me.get(id).unwrap().is(7), "the object is untouched");
    assert!(me.read(id).unwrap().is(7));
    me.free(id).unwrap();
    assert_eq!(retired(&region), 1);
    assert!(me.alloc(Message::new(8)).is_err());
    assert!(region.audit().is_empty());
    assert_eq!(me.take(id).unwrap_err(), HandleError::Stale);
}

#[test]
fn a_refused_handle_of_the_last_generation_is_refused_as_such_in_a_full_pool() {
    // A slot to move to was looked for first, and a handle that names nothing was told that the pool is full.
    let region = Region::<2>::heap().unwrap();
    let me = region.join().unwrap();
    wear_out(&region);
    let stale = PoolBox::into_id(me.alloc(Message::new(1)).unwrap());
    me.free(stale).unwrap();
    let id = PoolBox::into_id(me.alloc(Message::new(2)).unwrap());
    assert!(me.alloc(Message::new(3)).is_err(), "one slot is retired, the other in use");
    assert_eq!(me.take(stale).unwrap_err(), HandleError::Stale);
    let held = me.get(id).unwrap();
    assert_eq!(me.take(id).unwrap_err(), HandleError::InUse { holders: 1, handles: 1 });
    drop(held);
    assert_eq!(me.take(id).unwrap_err(), HandleError::Full);

    // Forged bits with a generation that no slot ever has.
    let forged = ObjId::from_bits(id.to_bits() | 1 << 55).unwrap();
    assert_eq!(me.take(forged).unwrap_err(), HandleError::Stale);
}

#[test]
fn local_pools_wear_out_alike() {
    for slots_log2 in [0, 3] {
        let shape = Shape::new(slots_log2);
        let records: Vec<_> = (0..shape.slots()).map(|_| Record::new()).collect();
        let words: Vec<_> = (0..hints::words(shape.groups())).map(|_| hints::Word::default()).collect();
        let desk = Desk::new();
        let pool = Local::new(&records, Hints::new(&words, shape.groups()), &desk, shape);
        let last = pool.table().format().last_generation();
        for record in &records {
            record.set(State::Free, last - 1);
        }
        let slot = pool.alloc().unwrap();
        let id = pool.publish(slot, false);
        let mut moved = None;
        let taken = pool.take(id, |from, to| moved = Some((from, to)));
        if slots_log2 == 0 {
            assert_eq!((taken, moved), (Err(Refusal::Full), None));
            assert_eq!(pool.free(id), Ok(()));
            assert_eq!(pool.take(id, |_, _| ()), Err(Refusal::Stale));
            assert_eq!(pool.alloc(), Err(Denied::Full));
        } else {
            let Ok(Taken { slot: to, tainted: false }) = taken else { panic!("{taken:?}") };
            assert_eq!(moved, Some((slot, to)));
            pool.share(to, false);
            assert_eq!(pool.own(to), Err(Refusal::Full));
            pool.drop_ref(to);
            assert_eq!(records[to as usize].state(), State::Retired);
        }
        assert_eq!(records[slot as usize].state(), State::Retired);
    }
}
