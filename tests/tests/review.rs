//! Faults that earlier designs of the protocol had, each as a test that such a design fails.
#![cfg(not(loom))]

use core::{cell::Cell, mem};
use std::collections::BTreeSet;

use pool_core::{
    cache::{Cache, Kept},
    geometry::Shape,
    hints::{self, Hints},
    holder::Bit,
    local::{Desk, Local},
    member::Member,
    objects::Objects,
    reap::{self, Tally},
    slot::Record,
    table::Refusal,
    word::{MAX_DATA, SESSIONS, State, low},
};
use pool_tests::{message::Message, words::words_of};
use pool_typed::{Fault, HandleError, Mapped, ObjId, Pool, PoolArc, PoolBox, Session};

type Region<const N: usize> = Mapped<Pool<Message, N>>;

/// A session that nobody has joined as: what it does, a dead one has done.
const NOBODY: u32 = 33;

fn nobody() -> Bit {
    Bit::of(NOBODY).unwrap()
}

/// The slot and the generation that a handle of the only pool of a region names.
fn parts<const N: usize>(region: &Region<N>, id: ObjId<Message>) -> (u32, u64)
where
    usize: pool_typed::config::Capacity<N>,
{
    let parts = words_of(region).table().parts(id.to_bits().try_into().unwrap()).unwrap();
    (parts.slot, parts.generation)
}

#[test]
fn a_kill_between_the_two_words_of_a_publication_brings_an_old_handle_back_to_life() {
    // The state was written before the generation, so a kill in between left a generation that was handed out again.
    let region = Region::<1>::heap().unwrap();
    let me = region.join().unwrap();
    let first = PoolBox::into_id(me.alloc(Message::new(1)).unwrap());
    assert_eq!(parts(&region, first), (0, 1), "no handle has generation 0");
    drop(me.take(first).unwrap());

    // Killed after the generation word, before the state.
    let words = words_of(&region);
    words.record(0).set(State::Owned { holders: nobody().mask(), tainted: false }, 2);
    assert_eq!(reap::reap(&words, nobody()), Tally { freed: 1, released: 0, leases: 0 });

    let second = PoolBox::into_id(me.alloc(Message::new(2)).unwrap());
    assert_eq!(parts(&region, second), (0, 3), "a kill skips a number");
    assert_eq!(me.take(first).unwrap_err(), HandleError::Stale);
    assert_eq!(me.get(first).unwrap_err(), HandleError::Stale);
    assert!(me.take(second).unwrap().is(2));
}

#[test]
fn giving_an_object_up_moves_its_generation() {
    // Taking, dropping and reaping wrote the generation word, beside the state and not in one change with it.
    let region = Region::<1>::heap().unwrap();
    let me = region.join().unwrap();
    let words = words_of(&region);
    let publish = || PoolBox::into_id(me.alloc(Message::new(1)).unwrap());
    let still = |generation| assert_eq!(words.record(0).generation(), generation);

    drop(me.take(publish()).unwrap());
    still(1);
    me.free(publish()).unwrap();
    still(2);
    drop(me.adopt(publish()).unwrap());
    still(3);
    let shared = me.adopt(publish()).unwrap();
    drop(PoolArc::try_into_box(shared).unwrap());
    still(4);
    words.record(0).set(State::Held { data: 0, low: low(5), holders: nobody().mask(), tainted: false }, 5);
    assert_eq!(reap::reap(&words, nobody()).freed, 1);
    still(5);
}

#[test]
fn a_handle_is_valid_again_after_as_many_publications_as_the_short_generation_counts() {
    // Only the low bits of the generation were compared, so an old handle matched each 2^13th object after its own.
    const ROUND: u64 = 1 << 13;
    let region = Region::<1>::heap().unwrap();
    let me = region.join().unwrap();
    let old = PoolBox::into_id(me.alloc(Message::new(0)).unwrap());
    let mut last = old;
    for number in 1..=2 * ROUND {
        let mut message = me.take(last).unwrap();
        *message = Message::new(number);
        last = PoolBox::into_id(message);
        let alike = low(parts(&region, last).1) == low(parts(&region, old).1);
        assert_eq!(alike, number % ROUND == 0);
        if alike {
            assert_eq!(me.take(old).unwrap_err(), HandleError::Stale, "owned by data");
            let held = me.get(last).unwrap();
            for outcome in [me.take(old).map(drop), me.get(old).map(drop), me.adopt(old).map(drop), me.free(old)] {
                assert_eq!(outcome, Err(HandleError::Stale), "held by a session");
            }
            assert!(held.is(number));
        }
    }
    assert!(me.take(last).unwrap().is(2 * ROUND));
}

#[test]
fn references_by_handles_run_over_into_the_holders() {
    // The count of data references had no end: the 256th was one more holder.
    let region = Region::<2>::heap().unwrap();
    let (me, other) = (region.join().unwrap(), region.join().unwrap());
    let shared = PoolBox::into_shared(me.alloc(Message::new(7)).unwrap());
    let theirs = other.get(PoolArc::id(&shared)).unwrap();
    let handles: Vec<_> = (0..MAX_DATA).map(|_| PoolArc::to_id(&shared).unwrap()).collect();
    assert_eq!(handles.iter().collect::<BTreeSet<_>>().len(), 1, "handles of one object are equal");

    assert_eq!(PoolArc::to_id(&shared), Err(HandleError::TooManyReferences));
    let shared = PoolArc::into_id(shared).expect_err("the reference comes back");
    let theirs = PoolArc::into_id(theirs).expect_err("the reference comes back");
    let state = words_of(&region).record(0).state();
    let holders = 1 << Session::number(&me) | 1 << Session::number(&other);
    assert_eq!(state, State::Held { data: MAX_DATA, low: 1, holders, tainted: false });

    drop((shared, theirs));
    assert_eq!(me.take(handles[0]).unwrap_err(), HandleError::InUse { holders: 0, handles: MAX_DATA });
    for handle in &handles[1..] {
        other.free(*handle).unwrap();
    }
    assert!(me.take(handles[0]).unwrap().is(7));
}

#[test]
fn some_ways_from_one_kind_of_reference_to_another_take_two_steps() {
    // A reference moved into a handle, or out of it, in two changes: in between it was counted twice, or not at all.
    let region = Region::<2>::heap().unwrap();
    let me = region.join().unwrap();
    let slot = words_of(&region).record(0);
    let holders = 1 << Session::number(&me);
    let held = |data| State::Held { data, low: 1, holders, tainted: false };
    let by_data = |data| State::Data { data, generation: 1, tainted: false };

    let shared = PoolBox::into_shared(me.alloc(Message::new(7)).unwrap());
    assert_eq!(slot.state(), held(0));
    let id = PoolArc::into_id(shared).unwrap();
    assert_eq!(slot.state(), by_data(1));
    let shared = me.adopt(id).unwrap();
    assert_eq!(slot.state(), held(0));
    let id = PoolArc::to_id(&shared).unwrap();
    assert_eq!(slot.state(), held(1));
    let second = PoolArc::into_id(shared).unwrap();
    assert_eq!(slot.state(), by_data(2));
    me.free(second).unwrap();
    assert_eq!(slot.state(), by_data(1));
    let boxed = PoolArc::try_into_box(me.adopt(id).unwrap()).unwrap();
    assert_eq!(slot.state(), State::Owned { holders, tainted: false });
    assert!(boxed.is(7));
}

#[test]
fn a_second_free_of_one_handle_is_a_fault() {
    // It gives up the reference of another handle to the object, which is safe, and stale where there is none.
    let region = Region::<2>::heap().unwrap();
    let me = region.join().unwrap();
    let shared = PoolBox::into_shared(me.alloc(Message::new(7)).unwrap());
    let id = PoolArc::to_id(&shared).unwrap();
    let same = PoolArc::to_id(&shared).unwrap();
    assert_eq!((me.free(id), me.free(id)), (Ok(()), Ok(())));
    assert_eq!(me.free(same), Err(HandleError::Stale), "its reference is gone");
    assert!(shared.is(7), "those that sessions hold are not concerned");
    drop(shared);
    assert_eq!(me.free(same), Err(HandleError::Stale));
    assert!(region.audit().is_sound());
}

#[test]
fn a_session_that_leaves_keeps_what_it_forgot() {
    // There was no step for it: boxes and references that were forgotten stayed for ever.
    let region = Region::<64>::heap().unwrap();
    let stays = region.join().unwrap();
    let leaves = region.join().unwrap();
    mem::forget(leaves.alloc(Message::new(1)).unwrap());
    let _ = PoolBox::leak(leaves.alloc(Message::new(2)).unwrap());
    mem::forget(PoolBox::into_shared(leaves.alloc(Message::new(3)).unwrap()));
    let shared = PoolBox::into_shared(stays.alloc(Message::new(4)).unwrap());
    mem::forget(leaves.get(PoolArc::id(&shared)).unwrap());
    let id = PoolBox::into_id(leaves.alloc(Message::new(5)).unwrap());
    drop(leaves);
    stays.give_back_cache();
    let audit = region.audit();
    assert!(audit.is_sound(), "{audit}");
    let pool = &audit.pools[0];
    assert_eq!((pool.free, pool.owned, pool.shared, pool.in_handles), (62, 0, 1, 1), "{audit}");
    assert!(PoolArc::try_into_box(shared).unwrap().is(4), "nobody else holds it any more");
    assert!(stays.take(id).unwrap().is(5), "what a handle owns survives its sender");
}

#[test]
fn forgotten_clones_wrap_the_private_count() {
    // Four billion forgotten clones made the count 0 again, and the next drop freed an object that others refer to.
    let region = Region::<2>::heap().unwrap();
    let counts = [Cell::new(0), Cell::new(0)];
    let (cache, kept) = (Cache::new(), Kept::default());
    let member = Member::new(words_of(&region), &cache, &counts, &kept);
    member.join(nobody());
    let slot = member.alloc().unwrap();
    member.share(slot, false);
    let held = member.pool().record(slot).state();
    counts[slot as usize].set(u32::MAX - 1);
    for _ in 0..3 {
        assert_eq!(member.clone_ref(slot), Ok(()));
        assert_eq!(member.references(slot), u64::from(u32::MAX), "the count sticks");
    }
    for _ in 0..5 {
        member.drop_ref(slot);
        assert_eq!(member.pool().record(slot).state(), held, "the session holds the object until it leaves");
    }
    assert_eq!(member.own(slot), Err(Refusal::InUse { holders: 0, data: 0 }));
    let id = member.ref_to_handle(slot).unwrap();
    assert_eq!(member.leave().released, 1);
    assert_eq!(region.join().unwrap().free(ObjId::from_bits(id.get()).unwrap()), Ok(()));
    assert!(region.audit().is_empty());
}

#[test]
fn references_of_a_local_pool_run_over_into_the_generation() {
    // The plain count of holders shares its word with the generation.
    let shape = Shape::new(1);
    let records = [Record::new(), Record::new()];
    let words: Vec<_> = (0..hints::words(shape.groups())).map(|_| hints::Word::default()).collect();
    let desk = Desk::new();
    let pool = Local::new(&records, Hints::new(&words, shape.groups()), &desk, shape);
    let slot = pool.alloc().unwrap();
    pool.share(slot, false);
    let most = State::Held { data: 0, low: 1, holders: (1 << SESSIONS) - 1, tainted: false };
    records[slot as usize].set(most, 1);
    assert_eq!(pool.clone_ref(slot), Err(Refusal::TooManyReferences));
    assert_eq!(pool.get(pool.table().handle_of_held(slot)), Err(Refusal::TooManyReferences));
    assert_eq!(records[slot as usize].state(), most);
    pool.drop_ref(slot);
    assert_eq!(pool.clone_ref(slot), Ok(()));
}

#[test]
fn a_summary_hides_a_group_that_was_freed_while_it_was_written() {
    // Who closed a group wrote the summary from what it had seen before, and a group that was freed in between was
    // hidden. (What happens between two levels, the models show.)
    const GROUPS: u32 = 64 * 64;
    let words: Vec<_> = (0..hints::words(GROUPS)).map(|_| hints::Word::default()).collect();
    let hints = Hints::new(&words, GROUPS);
    for group in (0..GROUPS).filter(|group| *group != 70) {
        hints.close(group, || false);
    }
    // Group 70 is the last open one of its word. It is closed, and group 75 is freed just then.
    hints.close(70, || {
        hints::settle();
        hints.open(75);
        false
    });
    assert_eq!(hints.next_open(0), Some(75));
    assert!(hints.is_open(75) && !hints.is_open(70));
    // The closer looks again itself.
    hints.close(75, || true);
    assert_eq!(hints.next_open(0), Some(75));
}

#[test]
fn a_kill_between_a_free_and_its_hint_hides_the_slot_for_ever() {
    // Nothing in the group named the dead any more, so its reaper had no reason to look at the hints there.
    let region = Region::<64>::heap().unwrap();
    let me = region.join().unwrap();
    let boxes: Vec<_> = (0..64).map(|number| me.alloc(Message::new(number)).unwrap()).collect();
    assert!(me.alloc(Message::new(64)).is_err());

    // The dead session had slot 17 and freed it; it did not come to the hints.
    let words = words_of(&region);
    let (kept, freed): (Vec<_>, Vec<_>) = boxes.into_iter().partition(|message| !message.is(17));
    mem::forget(freed);
    let slot = (0..64).find(|slot| !kept.iter().any(|message| slot_of(&region, message) == *slot)).unwrap();
    words.record(slot).set(State::Owned { holders: nobody().mask(), tainted: false }, 0);
    assert!(words.record(slot).release(words.last_generation()));
    assert_eq!(region.audit().pools[0].faults, [Fault::Hidden { group: words.shape().group_of(slot) }]);
    assert!(me.alloc(Message::new(64)).is_err(), "hidden");

    assert_eq!(reap::reap(&words, nobody()), Tally::default());
    assert!(region.audit().is_sound());
    let found = me.alloc(Message::new(64)).unwrap();
    assert_eq!(slot_of(&region, &found), slot);
}

/// The slot of an object of the only pool of a region.
fn slot_of(region: &Region<64>, message: &Message) -> u32 {
    let words = words_of(region);
    let first = words.record(0);
    let records = core::ptr::from_ref(first).addr();
    let geometry = pool_core::geometry::Geometry::new(6, size_of::<Message>(), align_of::<Message>());
    let offset = core::ptr::from_ref(message).addr() - (records - geometry.records) - geometry.slots;
    (offset >> geometry.stride_log2) as u32
}

#[test]
fn caches_of_idle_sessions_use_a_small_pool_up() {
    // Each session kept slots in its cache, however small the pool: sixteen idle sessions filled one of sixteen slots.
    fn idle<const N: usize>()
    where
        usize: pool_typed::config::Capacity<N>,
    {
        let region = Region::<N>::heap().unwrap();
        let mut sessions: Vec<_> = (0..SESSIONS).map(|_| region.join().unwrap()).collect();
        let last = sessions.pop().unwrap();
        for session in &sessions {
            // As many at once as there may be, so that the cache is as full as it gets.
            let mut boxes = Vec::new();
            while let Ok(message) = session.alloc(Message::new(0)) {
                boxes.push(message);
            }
            drop(boxes);
        }
        let kept = region.audit().pools[0].cached;
        assert!(kept * 4 <= N as u64, "{kept} of {N}");
        let mut boxes = Vec::new();
        while let Ok(message) = last.alloc(Message::new(0)) {
            boxes.push(message);
        }
        assert_eq!(boxes.len() as u64, N as u64 - kept);
    }
    idle::<1>();
    idle::<2>();
    idle::<16>();
    idle::<64>();
    idle::<256>();
    idle::<1024>();
    idle::<4096>();
}

#[test]
fn an_error_of_a_local_pool_counts_the_bits_of_a_number() {
    // The holders of a local pool are a plain count, and were reported as if they were a set of sessions.
    let pool = Pool::<Message, 2>::boxed();
    let shared = PoolBox::into_shared(pool.alloc(Message::new(7)).unwrap());
    let id = PoolArc::to_id(&shared).unwrap();
    let mut clones = vec![shared];
    for count in 1..=9 {
        assert_eq!(pool.take(id).unwrap_err(), HandleError::InUse { holders: count, handles: 1 });
        clones.push(clones[0].clone());
    }
}
