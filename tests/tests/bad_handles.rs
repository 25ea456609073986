//! A handle that names nothing here is an error, whatever its bits are, and never another object.
#![cfg(not(loom))]

use std::collections::HashSet;

use pool_tests::message::{Message, Rng};
use pool_typed::{Full, FullCause, HandleError, Mapped, NullId, ObjId, Pool, PoolArc, PoolBox, Root, SessionPool};

#[derive(Root)]
#[repr(C)]
struct World {
    first: Pool<Message, 1024>,
    second: Pool<Message, 1024>,
    one: Pool<Message, 1>,
}

fn assert_empty(region: &Mapped<World>) {
    let audit = region.audit();
    assert!(audit.is_sound() && audit.is_empty(), "{audit}");
}

/// Tries a handle in every way; all must give this error. Returns how many ways there are.
fn refused<const N: usize>(pool: &SessionPool<'_, Message, N>, id: ObjId<Message>, expected: HandleError) -> u64 {
    assert_eq!(pool.take(id).unwrap_err(), expected);
    assert_eq!(pool.get(id).unwrap_err(), expected);
    assert_eq!(pool.adopt(id).unwrap_err(), expected);
    assert_eq!(pool.free(id).unwrap_err(), expected);
    assert_eq!(pool.read(id).unwrap_err(), expected);
    #[expect(unsafe_code, reason = "one of the ways")]
    // SAFETY: no reference comes of it.
    let borrowed = unsafe { pool.borrow(id) };
    assert_eq!(borrowed.unwrap_err(), expected);
    6
}

#[test]
fn stale_handles() {
    let region = Mapped::<World>::memfd().unwrap();
    let me = region.join().unwrap();
    let mut count = 0;
    // The one slot of this pool is used again and again, so every handle but the last is of the same slot.
    let mut old = Vec::new();
    for number in 0..200 {
        let owned = me.one.alloc(Message::new(number)).unwrap();
        for id in &old {
            count += refused(&me.one, *id, HandleError::Stale);
        }
        let id = PoolBox::into_id(owned);
        for id in &old {
            count += refused(&me.one, *id, HandleError::Stale);
        }
        // While it is live the right one is accepted, and used up by that.
        let shared = me.one.get(id).unwrap();
        for id in &old {
            count += refused(&me.one, *id, HandleError::Stale);
        }
        assert!(shared.is(number));
        drop(shared);
        match number % 3 {
            0 => me.one.free(id).unwrap(),
            1 => drop(me.one.take(id).unwrap()),
            _ => drop(me.one.adopt(id).unwrap()),
        }
        old.push(id);
        for id in &old {
            count += refused(&me.one, *id, HandleError::Stale);
        }
    }
    assert_eq!(count, 6 * (3 * (200 * 199 / 2) + 200 * 201 / 2));
    assert_eq!(
        HandleError::Stale.to_string(),
        "stale handle: its object is free, exclusively owned, or published anew"
    );
    drop(me);
    assert_empty(&region);
}

#[test]
fn handles_of_objects_that_somebody_owns() {
    let region = Mapped::<World>::memfd().unwrap();
    let (me, other) = (region.join().unwrap(), region.join().unwrap());
    let mut count = 0;
    for number in 0..100 {
        let id = PoolBox::into_id(me.first.alloc(Message::new(number)).unwrap());
        let mut owned = other.first.take(id).unwrap();
        count += refused(&me.first, id, HandleError::Stale);
        count += refused(&other.first, id, HandleError::Stale);
        *owned = Message::new(number + 1);
        assert_eq!(other.first.id_of(&owned), None, "it has no handle");
        let shared = PoolBox::into_shared(owned);
        count += refused(&me.first, id, HandleError::Stale);
        assert_ne!(PoolArc::id(&shared), id);
        assert!(me.first.read(PoolArc::id(&shared)).unwrap().is(number + 1));
    }
    assert_eq!(count, 100 * 18);
    drop((me, other));
    assert_empty(&region);
}

#[test]
fn handles_of_another_pool() {
    let region = Mapped::<World>::memfd().unwrap();
    let me = region.join().unwrap();
    let ids: Vec<_> = (0..500).map(|n| PoolBox::into_id(me.first.alloc(Message::new(n)).unwrap())).collect();
    let own: Vec<_> = (0..500).map(|n| PoolBox::into_id(me.second.alloc(Message::new(n)).unwrap())).collect();
    let mut count = 0;
    for (number, id) in (0..).zip(&ids) {
        count += refused(&me.second, *id, HandleError::Foreign { expected: 2, found: 1 });
        count += refused(&me.one, *id, HandleError::Foreign { expected: 3, found: 1 });
        assert!(me.first.read(*id).unwrap().is(number), "and it is untouched");
    }
    let error = me.second.take(ids[0]).unwrap_err();
    assert_eq!(error.to_string(), "handle of another pool: expected ordinal 2, found 1");
    assert_eq!(count, 500 * 12);
    for id in ids {
        me.first.free(id).unwrap();
    }
    for (number, id) in (0..).zip(own) {
        assert!(me.second.take(id).unwrap().is(number));
    }
    drop(me);
    assert_empty(&region);
}

/// A million handles that nobody gave out: many near those that somebody did, so that it is not only their number that
/// makes them miss.
#[test]
fn random_bits() {
    let region = Mapped::<World>::memfd().unwrap();
    let me = region.join().unwrap();
    let mut rng = Rng::new(1);
    let mut live = HashSet::new();
    let mut shared = Vec::new();
    let mut owned = Vec::new();
    for number in 0..900 {
        // Slots are used a few times each, so that there are generations to hit.
        for _ in 0..rng.below(4) {
            me.first.free(PoolBox::into_id(me.first.alloc(Message::new(0)).unwrap())).unwrap();
        }
        let object = me.first.alloc(Message::new(number)).unwrap();
        match number % 3 {
            0 => {
                live.insert(PoolBox::into_id(object).to_bits());
            }
            1 => {
                let object = PoolBox::into_shared(object);
                live.insert(PoolArc::id(&object).to_bits());
                shared.push(object);
            }
            _ => owned.push(object),
        }
    }
    let highest = live.iter().max().unwrap() & ((1 << 56) - 1);
    let (mut stale, mut foreign, mut hit, mut null) = (0, 0, 0, 0);
    for tries in 0..1_000_000 {
        let bits = match tries % 4 {
            // Anything at all.
            0 => rng.next(),
            // The right pool.
            1 => 1 << 56 | rng.next() >> 8,
            // The right pool, and a generation that some slot has had or will soon have.
            2 => 1 << 56 | rng.below(2 * highest),
            // A pool that there is not, or not with so many slots.
            _ => rng.below(6) << 56 | rng.below(4096),
        };
        let Ok(id) = ObjId::<Message>::from_bits(bits) else {
            assert_eq!((bits, ObjId::<Message>::from_bits(bits)), (0, Err(NullId)));
            null += 1;
            continue;
        };
        if live.contains(&bits) {
            assert!(me.first.get(id).unwrap().number < 900);
            hit += 1;
            continue;
        }
        let error = match tries / 4 % 5 {
            0 => me.first.take(id).err(),
            1 => me.first.get(id).err(),
            2 => me.first.adopt(id).err(),
            3 => me.first.free(id).err(),
            _ => me.first.read(id).err(),
        };
        match error {
            Some(HandleError::Stale) => stale += 1,
            Some(HandleError::Foreign { expected: 1, found }) => {
                assert_eq!(u64::from(found), bits >> 56);
                foreign += 1;
            }
            other => panic!("{bits:#018x}: {other:?}"),
        }
    }
    assert_eq!(stale + foreign + hit + null, 1_000_000);
    assert!(stale > 100_000 && foreign > 100_000 && hit > 100, "{stale} stale, {foreign} foreign, {hit} right");
    // Everything is as it was.
    for (number, object) in (0..).zip(&owned) {
        assert!(object.is(number * 3 + 2));
    }
    for (number, object) in (0..).zip(&shared) {
        assert!(object.is(number * 3 + 1));
    }
    drop((shared, owned));
    let mut left = 0;
    for id in me.first.iter() {
        assert!(live.contains(&id.to_bits()));
        drop(me.first.take(id).unwrap());
        left += 1;
    }
    assert_eq!(left, 300);
    drop(me);
    assert_empty(&region);
}

#[test]
fn more_references_than_can_be_counted() {
    let region = Mapped::<World>::memfd().unwrap();
    let me = region.join().unwrap();
    let object = PoolBox::into_shared(me.first.alloc(Message::new(1)).unwrap());
    let ids: Vec<_> = (0..255).map(|_| PoolArc::to_id(&object).unwrap()).collect();
    assert_eq!(PoolArc::to_id(&object), Err(HandleError::TooManyReferences));
    assert_eq!(HandleError::TooManyReferences.to_string(), "the object has as many references as can be counted");
    let object = PoolArc::into_id(object).expect_err("there is no room for another handle");
    assert!(object.is(1));
    let id = PoolArc::id(&object);
    drop(object);
    assert_eq!(me.first.take(id).unwrap_err(), HandleError::InUse { holders: 0, handles: 255 });
    let text = me.first.take(id).unwrap_err().to_string();
    assert_eq!(text, "the object is in use: 0 hold it and 255 handles own a reference to it");
    for id in &ids[1..] {
        me.first.free(*id).unwrap();
    }
    assert!(me.first.take(id).unwrap().is(1));
    assert_eq!(me.first.free(ids[0]), Err(HandleError::Stale));
    drop(me);
    assert_empty(&region);
}

/// With one session it is exact: all slots, and then not one more.
#[test]
fn a_full_pool_gives_the_value_back() {
    let region = Mapped::<World>::memfd().unwrap();
    let me = region.join().unwrap();
    for _ in 0..3 {
        let all: Vec<_> = (0..1024).map(|number| me.first.alloc(Message::new(number)).unwrap()).collect();
        for number in 0..1000 {
            let full: Full<Message> = me.first.alloc(Message::new(number)).unwrap_err();
            assert_eq!(full.cause(), FullCause::Exhausted { capacity: 1024 });
            assert_eq!(full.to_string(), "the pool is full: none of its 1024 slots is free");
            assert!(full.into_value().is(number));
        }
        assert!(me.first.alloc_with(|| unreachable!("there is no place to build it")).is_err());
        assert!(me.first.alloc_zeroed().is_err());
        assert!(me.first.alloc_many::<2>(|_| unreachable!("there is no place to build it")).is_err());
        // One place is not enough for two.
        let mut all = all;
        drop(all.swap_remove(500));
        assert!(me.first.alloc_many::<2>(|_| Message::new(0)).is_err());
        assert!(me.first.alloc(Message::new(0)).is_ok());
        assert_eq!(all.len(), 1023);
    }
    drop(me);
    assert_empty(&region);
}
