//! What must hold of a region in which somebody was killed, seen by the survivor: first before anybody reaps, then after.

use pool_typed::{Fault, HandleError, PoolBox};

use crate::{
    ledger::{Ledger, near_misses, owned},
    stage::{Cast, Item, Me, Region, SLOTS},
};

/// The survivor goes on as if nothing had happened: nobody has reaped yet.
pub(crate) fn before_the_reap(region: &Region, me: &Me<'_>, cast: &Cast<'_>) {
    assert!(cast.is_whole());
    refuse_what_is_stale(region, me, cast);
    // A group may be hidden, where somebody died between making room and saying so; and nothing else may be wrong.
    let audit = region.audit();
    let faults = audit.pools[0].faults.iter().filter(|fault| !matches!(fault, Fault::Hidden { .. }));
    assert_eq!(faults.count(), 0, "{audit}");

    let accounts = Ledger::read(region, me);
    for (number, id) in cast.props.numbered() {
        match me.get(id) {
            Ok(object) => assert!(object.is(number), "{object:?} is not {number}"),
            Err(HandleError::Stale) => assert_eq!(accounts.of(number), 0, "{number} is owned, and refused"),
            Err(error) => panic!("{number}: {error}"),
        }
    }
    assert_eq!(Ledger::read(region, me), accounts, "looking changes nothing");

    let mut object = me.alloc(Item::new(500)).expect("there is room");
    *object = Item::new(501);
    let id = PoolBox::into_id(object);
    let shared = PoolBox::into_shared(me.take(id).expect("published just now"));
    assert!(shared.is(501));
    drop(shared);
    assert_eq!(me.take(id).err(), Some(HandleError::Stale));
    // Into groups that the dead may have leased, and out of its cache again.
    drop(me.alloc_many::<4>(Item::many).expect("there is room"));
}

/// Nobody but the survivor is there any more. Returns what handles own.
pub(crate) fn after_the_reap(region: &Region, me: &Me<'_>, cast: &Cast<'_>) -> Ledger {
    assert!(cast.is_whole());
    refuse_what_is_stale(region, me, cast);
    let accounts = Ledger::read(region, me);
    let audit = region.audit();
    let pool = &audit.pools[0];
    assert!(audit.is_sound(), "{audit}");
    assert_eq!(audit.sessions.len(), 1, "{audit}");
    // `seen` and `held` are the survivor's: the former is also in a handle, unless that was freed.
    let in_handles = accounts.len() - u64::from(accounts.of(6) != 0);
    let worn_out = u64::from(accounts.of(8) == 0);
    assert_eq!(
        (pool.owned, pool.shared, pool.in_handles, pool.retired),
        (cast.boxes(), 2, in_handles, worn_out),
        "{audit}"
    );
    assert_eq!(pool.free + pool.cached + pool.owned + pool.shared + pool.in_handles + pool.retired, SLOTS as u64);
    for (number, id, _) in owned(region, me) {
        assert!(me.get(id).expect("it is owned").is(number));
    }
    accounts
}

/// Ends it: everything is given back, and nothing is left.
pub(crate) fn to_the_end(region: &Region, me: &Me<'_>, cast: Cast<'_>) {
    for (number, id, handles) in owned(region, me) {
        if handles == 1 && number != 6 {
            assert!(me.take(id).expect("nobody else refers to it").is(number));
        } else {
            for _ in 0..handles {
                me.free(id).expect("one more handle");
            }
        }
        if number != 6 {
            assert_eq!(me.get(id).err(), Some(HandleError::Stale), "{number} is free");
        }
    }
    drop(cast);
    me.give_back_cache();
    let audit = region.audit();
    assert!(audit.is_sound() && audit.is_empty(), "{audit}");
}

/// Nobody reaps: the survivor takes and allocates all that there is, and comes upon the dead by itself.
pub(crate) fn without_a_reap(region: &Region, me: &Me<'_>, cast: &Cast<'_>, accounts: &Ledger) {
    let mut all = Vec::new();
    for (number, id) in cast.props.numbered().filter(|(number, _)| !matches!(number, 6 | 7)) {
        match (me.take(id), accounts.of(number)) {
            (Ok(object), 1) if object.is(number) => all.push(object),
            (Err(HandleError::Stale), 0) | (Err(HandleError::InUse { holders: 0, .. }), 2..) => {}
            (other, handles) => panic!("take({number}), which {handles} handles own: {other:?}"),
        }
    }
    let taken = all.len() as u64;
    while let Ok(object) = me.alloc(Item::new(600)) {
        all.push(object);
    }
    let audit = region.audit();
    assert!(audit.is_sound(), "{audit}");
    assert_eq!(audit.sessions.len(), 1, "who has come upon the end of the pool has reaped\n{audit}");
    let pool = &audit.pools[0];
    // Taking the last generation moves an object and wears its slot out, however it comes about.
    let left = accounts.len() - taken - u64::from(accounts.of(6) != 0);
    assert_eq!((pool.free, pool.cached, pool.shared, pool.in_handles, pool.retired), (0, 0, 2, left, 1), "{audit}");
    assert_eq!(all.len() as u64 + cast.boxes() + 2 + left + 1, SLOTS as u64, "{audit}");
}

fn refuse_what_is_stale(region: &Region, me: &Me<'_>, cast: &Cast<'_>) {
    for id in near_misses(region).into_iter().chain(cast.props.stale) {
        assert_eq!(me.get(id).err(), Some(HandleError::Stale), "{id:?} is nobody's");
        assert_eq!(me.take(id).err(), Some(HandleError::Stale), "{id:?} is nobody's");
    }
}
