//! A peer may write anything into a region. Then objects are lost or spoilt, but whoever else uses the region gets its
//! answers: nothing panics, nothing hangs, and no memory is touched that is not the region's.
#![cfg(not(loom))]
#![allow(unsafe_code, reason = "writes where nobody may")]

use core::ptr::NonNull;

use pool_tests::{
    message::{Message, Rng},
    process::{Line, Roles},
    words::header_of,
};
use pool_typed::{AtomicObjId, Mapped, ObjId, Pool, PoolArc, PoolBox, Root, Session};

#[derive(Root)]
#[repr(C)]
struct World {
    messages: Pool<Message, 256>,
    large: Pool<u64, 8192>,
    cell: AtomicObjId<Message>,
}

/// The bytes of a region after its header.
fn shared_bytes(region: &Mapped<World>) -> (NonNull<u8>, usize) {
    let header = header_of(region).fields.header_len as usize;
    // SAFETY: within the mapping.
    let first = unsafe { region.base().add(header) };
    (first, region.bytes() - header)
}

/// Writes random bytes, in the way of `kind`.
fn scribble(region: &Mapped<World>, rng: &mut Rng, kind: u64) {
    let (first, len) = shared_bytes(region);
    let put = |at: usize, word: u64| {
        // SAFETY: within the mapping, aligned, and nobody has a reference to it but as to atomics.
        let place = unsafe { first.add(at & !7) }.cast::<u64>();
        // SAFETY: as above.
        unsafe { place.write_volatile(word) };
    };
    let words = len / 8;
    match kind {
        // All of it: noise, ones, or words that look like those of the protocol.
        0 => (0..words).for_each(|at| put(at * 8, rng.next())),
        1 => (0..words).for_each(|at| put(at * 8, u64::MAX)),
        2 => (0..words).for_each(|at| put(at * 8, (rng.below(4) << 62) | (rng.next() & 0x0000_00FF_0000_00FF))),
        // Here and there.
        _ => (0..rng.below(4000)).for_each(|_| {
            let word = if rng.below(2) == 0 { rng.next() } else { 1 << rng.below(64) };
            put(rng.below(words as u64) as usize * 8, word);
        }),
    }
}

/// Does everything there is. Returns how many things were done.
fn use_it(region: &Mapped<World>, me: &Session<'_, World>, rng: &mut Rng) -> u64 {
    let mut done = 0;
    let mut ids: Vec<ObjId<Message>> = me.messages.iter().take(300).collect();
    for _ in 0..50 {
        ids.extend(ObjId::from_bits(1 << 56 | rng.below(1 << 20)).ok());
        ids.extend(me.cell.load(core::sync::atomic::Ordering::Relaxed));
    }
    let mut boxes = Vec::new();
    let mut shared = Vec::new();
    for id in ids {
        match rng.below(5) {
            0 => boxes.extend(me.messages.take(id)),
            1 => shared.extend(me.messages.get(id)),
            2 => shared.extend(me.messages.adopt(id)),
            3 => drop(me.messages.free(id)),
            _ => drop(me.messages.read(id)),
        }
        done += 1;
    }
    for number in 0..300 {
        boxes.extend(me.messages.alloc(Message::new(number)));
        drop(me.large.alloc(number));
        done += 2;
    }
    drop(me.messages.alloc_many::<16>(|_| Message::new(0)));
    drop(me.large.alloc_many::<200>(|_| 0));
    for object in boxes {
        match rng.below(4) {
            0 => drop(object),
            1 => shared.push(PoolBox::into_shared(object)),
            2 => drop(me.messages.id_of(&object)),
            _ => drop(me.messages.take(PoolBox::into_id(object))),
        }
        done += 1;
    }
    for object in shared {
        let again = PoolArc::clone(&object);
        let _ = PoolArc::to_id(&again);
        match rng.below(3) {
            0 => drop(PoolArc::into_id(object)),
            1 => drop(PoolArc::try_into_box(again)),
            _ => drop(object),
        }
        done += 1;
    }
    done += (me.messages.len() + me.large.len()) as u64;
    let audit = region.audit();
    done += audit.to_string().len() as u64;
    done += region.sessions().len() as u64;
    done += region.reap().len() as u64;
    match region.join() {
        Ok(other) => drop(other.messages.alloc(Message::new(1))),
        Err(error) => done += error.to_string().len() as u64,
    }
    done
}

const ROUNDS: u64 = 10;

fn rounds(line: &Line, kind: u64) {
    let mut rng = Rng::new(kind);
    let mut done = 0;
    for _ in 0..ROUNDS {
        let region = Mapped::<World>::memfd().unwrap();
        let me = region.join().unwrap();
        let other = region.join().unwrap();
        done += use_it(&region, &me, &mut rng);
        let held: Vec<_> = (0..20).filter_map(|number| me.messages.alloc(Message::new(number)).ok()).collect();
        let share: Vec<_> =
            (0..20).filter_map(|n| Some(PoolBox::into_shared(other.messages.alloc(Message::new(n)).ok()?))).collect();
        scribble(&region, &mut rng, kind);
        done += use_it(&region, &me, &mut rng);
        drop(held);
        drop(share);
        drop(other);
        done += use_it(&region, &me, &mut rng);
        scribble(&region, &mut rng, kind);
        drop(me);
        // Whoever comes afterwards gets answers, too.
        let again = Mapped::<World>::from_fd(region.fd().unwrap().try_clone_to_owned().unwrap()).unwrap();
        done += again.audit().to_string().len() as u64;
    }
    line.say(done);
}

#[test]
fn whatever_a_peer_writes_everything_gives_an_answer() {
    let roles = Roles::of_test("whatever_a_peer_writes_everything_gives_an_answer");
    let names = ["noise", "ones", "likely", "here", "there"];
    for (kind, name) in (0..).zip(names) {
        roles.play(name, |line| rounds(line, kind));
    }

    let peers = names.map(|name| roles.start(name));
    let mut done = 0;
    for peer in peers {
        done += peer.hear_value::<u64>();
        peer.end();
    }
    assert!(done > 5 * ROUNDS * 1000, "{done} things done");
}
