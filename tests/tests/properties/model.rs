//! Who has which object, as it should be; and the pool beside it.

mod ending;

use core::mem;
use std::collections::{BTreeMap, BTreeSet};

use pool_tests::message::Message;
use pool_typed::{FullCause, HandleError, ObjId};

use super::{
    place::{Api, Place},
    steps::{Step, Which},
};

type Id = ObjId<Message>;

struct Boxed<A: Api> {
    session: usize,
    guard: A::Boxed,
    number: u64,
}

struct Shared<A: Api> {
    session: usize,
    guard: A::Shared,
    object: usize,
}

/// A published object.
struct Object {
    number: u64,
    id: Id,
    /// References by guards of each session, forgotten ones included.
    guards: Vec<u64>,
    /// References by handles.
    handles: u64,
}

impl Object {
    fn is_held(&self) -> bool {
        self.guards.iter().any(|count| *count != 0)
    }
}

pub(crate) struct Model<P: Place> {
    place: P,
    boxes: Vec<Boxed<P::Api>>,
    shared: Vec<Shared<P::Api>>,
    /// Handles that own a reference, and their objects.
    handles: Vec<(Id, usize)>,
    objects: BTreeMap<usize, Object>,
    /// Boxes that each session has forgotten.
    forgotten: Vec<u64>,
    /// Handles that were valid once.
    stale: Vec<Id>,
    /// All handles that there ever were.
    published: BTreeSet<Id>,
    /// Counts messages and objects.
    next: u64,
}

impl<P: Place> Model<P> {
    pub(crate) fn new(place: P) -> Self {
        let forgotten = vec![0; place.sessions()];
        Self {
            place,
            boxes: Vec::new(),
            shared: Vec::new(),
            handles: Vec::new(),
            objects: BTreeMap::new(),
            forgotten,
            stale: Vec::new(),
            published: BTreeSet::new(),
            next: 0,
        }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn session(&self, which: Which) -> (usize, P::Api) {
        let session = which % self.place.sessions();
        (session, self.place.api(session))
    }

    fn take_box(&mut self, which: Which) -> Option<Boxed<P::Api>> {
        pick(self.boxes.len(), which).map(|index| self.boxes.swap_remove(index))
    }

    fn take_shared(&mut self, which: Which) -> Option<Shared<P::Api>> {
        pick(self.shared.len(), which).map(|index| self.shared.swap_remove(index))
    }

    /// A published object, whoever refers to it.
    fn some_object(&self, which: Which) -> Option<(usize, &Object)> {
        let index = pick(self.objects.len(), which)?;
        self.objects.iter().nth(index).map(|(key, object)| (*key, object))
    }

    /// A new object in the model, with this handle.
    fn publish(&mut self, number: u64, id: Id) -> usize {
        assert!(self.published.insert(id), "{id:?} was a handle before");
        let key = self.number() as usize;
        let guards = vec![0; self.place.sessions()];
        self.objects.insert(key, Object { number, id, guards, handles: 0 });
        key
    }

    fn change(&mut self, object: usize, change: impl FnOnce(&mut Object)) {
        let entry = self.objects.get_mut(&object).expect("a published object");
        change(entry);
        if !entry.is_held() && entry.handles == 0 {
            self.unpublish(object);
        }
    }

    /// The object is nobody's, or somebody's box, and its handle stale.
    fn unpublish(&mut self, object: usize) -> Object {
        let object = self.objects.remove(&object).expect("a published object");
        self.stale.push(object.id);
        object
    }

    fn hold(&mut self, session: usize, guard: <P::Api as Api>::Shared, object: usize) {
        assert!(guard.is(self.objects[&object].number));
        self.objects.get_mut(&object).expect("published").guards[session] += 1;
        self.shared.push(Shared { session, guard, object });
    }

    fn release(&mut self, session: usize, object: usize) {
        self.change(object, |object| object.guards[session] -= 1);
    }

    /// What a `take` must come to.
    fn in_use(&self, object: &Object) -> Option<HandleError> {
        // References of one session count once in a region, each by itself in a local pool.
        let holders = match self.place.sessions() {
            1 => object.guards[0],
            _ => object.guards.iter().filter(|count| **count != 0).count() as u64,
        };
        (object.is_held() || object.handles > 1).then_some(HandleError::InUse { holders, handles: object.handles })
    }

    /// Slots that the model says are in use.
    fn used(&self) -> u64 {
        self.boxes.len() as u64 + self.forgotten.iter().sum::<u64>() + self.objects.len() as u64
    }

    /// A session found fewer than `wanted` free slots: rightly so?
    fn full(&self, session: usize, wanted: u64, cause: FullCause) {
        let capacity = self.place.capacity();
        assert_eq!(cause, FullCause::Exhausted { capacity: capacity as usize });
        let free = match self.place.audit() {
            // What the others have in their caches is not for this session.
            Some(audit) => {
                let holdings = audit.pools[0].holdings.iter();
                audit.pools[0].free
                    + holdings.filter(|had| had.session == session as u32).map(|had| had.cached).sum::<u64>()
            }
            None => capacity - self.used(),
        };
        assert!(free < wanted, "{free} slots are free, {wanted} were wanted");
    }

    /// A handle that names nothing is refused in every way.
    fn refused(&self, api: P::Api, id: Id, expected: impl Fn(HandleError) -> bool) {
        for outcome in [
            api.take(id).map(drop),
            api.get(id).map(drop),
            api.adopt(id).map(drop),
            api.free(id),
            api.read(id).map(drop),
        ] {
            assert!(outcome.is_err_and(&expected), "{id:?}: {outcome:?}");
        }
    }

    pub(crate) fn take_step(&mut self, step: &Step) {
        match *step {
            Step::Alloc(_) | Step::AllocThree(_) => self.alloc(step),
            Step::Write(_)
            | Step::DropBox(_)
            | Step::ForgetBox(_)
            | Step::IntoId(_)
            | Step::IntoShared(_)
            | Step::ThroughRaw(_) => self.with_box(step),
            Step::CloneShared(_)
            | Step::DropShared(_)
            | Step::ForgetShared(_)
            | Step::ToId(_)
            | Step::SharedIntoId(_)
            | Step::TryIntoBox(_) => self.with_shared(step),
            Step::Take(session, handle) | Step::Adopt(session, handle) | Step::Free(session, handle) => {
                self.with_handle(step, session, handle);
            }
            Step::Get(session, object) => {
                let (session, api) = self.session(session);
                if let Some((object, id)) = self.some_object(object).map(|(key, object)| (key, object.id)) {
                    let guard = api.get(id).unwrap();
                    self.hold(session, guard, object);
                }
            }
            Step::Read(..)
            | Step::Stale(..)
            | Step::Foreign(..)
            | Step::RandomBits(..)
            | Step::IdOf(_)
            | Step::List(_) => {
                self.look(step);
            }
            Step::GiveBackCache(session) => {
                let (session, _) = self.session(session);
                self.place.give_back_cache(session);
                let audit = self.place.audit();
                let cached =
                    audit.iter().flat_map(|audit| &audit.pools[0].holdings).find(|had| had.session == session as u32);
                assert_eq!(cached.map_or(0, |had| had.cached), 0);
            }
            Step::Leave(session, forget) => {
                let (session, _) = self.session(session);
                if self.place.sessions() > 1 {
                    self.leave(session, forget);
                    // SAFETY: all guards of the session were dropped or forgotten just now.
                    #[expect(unsafe_code, reason = "as said")]
                    unsafe {
                        self.place.leave_and_join(session);
                    }
                }
            }
        }
    }

    fn alloc(&mut self, step: &Step) {
        match *step {
            Step::Alloc(session) => {
                let ((session, api), number) = (self.session(session), self.number());
                match api.alloc(Message::new(number)) {
                    Ok(guard) => self.boxes.push(Boxed { session, guard, number }),
                    Err(full) => {
                        self.full(session, 1, full.cause());
                        assert!(full.into_value().is(number), "the value comes back");
                    }
                }
            }
            Step::AllocThree(session) => {
                let ((session, api), number) = (self.session(session), self.number());
                self.next += 2;
                match api.alloc_three(number) {
                    Ok(guards) => self.boxes.extend((number..).zip(guards).map(|(number, guard)| Boxed {
                        session,
                        guard,
                        number,
                    })),
                    Err(full) => self.full(session, 3, full.cause()),
                }
            }
            _ => unreachable!("{step:?}"),
        }
    }

    fn with_box(&mut self, step: &Step) {
        let (Step::Write(which)
        | Step::DropBox(which)
        | Step::ForgetBox(which)
        | Step::IntoId(which)
        | Step::IntoShared(which)
        | Step::ThroughRaw(which)) = *step
        else {
            unreachable!("{step:?}")
        };
        let Some(Boxed { session, mut guard, number }) = self.take_box(which) else { return };
        assert!(guard.is(number), "what was written to a box");
        match step {
            Step::Write(_) => {
                let number = self.number();
                *guard = Message::new(number);
                self.boxes.push(Boxed { session, guard, number });
            }
            Step::DropBox(_) => drop(guard),
            Step::ForgetBox(_) => {
                mem::forget(guard);
                self.forgotten[session] += 1;
            }
            Step::IntoId(_) => {
                let id = P::Api::into_id(guard);
                let object = self.publish(number, id);
                self.objects.get_mut(&object).expect("published").handles = 1;
                self.handles.push((id, object));
            }
            Step::IntoShared(_) => {
                let guard = P::Api::into_shared(guard);
                let object = self.publish(number, P::Api::id(&guard));
                self.hold(session, guard, object);
            }
            _ => {
                let guard = self.place.api(session).through_raw(guard);
                self.boxes.push(Boxed { session, guard, number });
            }
        }
    }

    fn with_shared(&mut self, step: &Step) {
        let (Step::CloneShared(which)
        | Step::DropShared(which)
        | Step::ForgetShared(which)
        | Step::ToId(which)
        | Step::SharedIntoId(which)
        | Step::TryIntoBox(which)) = *step
        else {
            unreachable!("{step:?}")
        };
        let Some(Shared { session, guard, object }) = self.take_shared(which) else { return };
        let entry = &self.objects[&object];
        assert!(guard.is(entry.number), "what was published");
        assert_eq!(P::Api::id(&guard), entry.id);
        assert_eq!(P::Api::count(&guard), entry.guards[session]);
        match step {
            Step::CloneShared(_) => {
                let clone = guard.clone();
                self.hold(session, clone, object);
                self.shared.push(Shared { session, guard, object });
            }
            Step::DropShared(_) => {
                drop(guard);
                self.release(session, object);
            }
            Step::ForgetShared(_) => mem::forget(guard),
            Step::ToId(_) => {
                let id = P::Api::to_id(&guard).unwrap();
                assert_eq!(id, entry.id);
                self.shared.push(Shared { session, guard, object });
                self.change(object, |object| object.handles += 1);
                self.handles.push((id, object));
            }
            Step::SharedIntoId(_) => {
                let Ok(id) = P::Api::shared_into_id(guard) else { panic!("fewer than 255 handles") };
                assert_eq!(id, entry.id);
                self.change(object, |object| {
                    object.handles += 1;
                    object.guards[session] -= 1;
                });
                self.handles.push((id, object));
            }
            _ => {
                let sole = entry.handles == 0 && entry.guards.iter().sum::<u64>() == 1;
                match P::Api::try_into_box(guard) {
                    Ok(guard) => {
                        assert!(sole, "others refer to it");
                        let number = self.unpublish(object).number;
                        self.boxes.push(Boxed { session, guard, number });
                    }
                    Err(guard) => {
                        assert!(!sole, "nobody else refers to it");
                        self.shared.push(Shared { session, guard, object });
                    }
                }
            }
        }
    }

    fn with_handle(&mut self, step: &Step, session: Which, handle: Which) {
        let (session, api) = self.session(session);
        let Some(index) = pick(self.handles.len(), handle) else { return };
        let (id, object) = self.handles[index];
        match step {
            Step::Take(..) => match (api.take(id), self.in_use(&self.objects[&object])) {
                (Ok(guard), None) => {
                    self.handles.swap_remove(index);
                    let number = self.unpublish(object).number;
                    assert!(guard.is(number));
                    self.boxes.push(Boxed { session, guard, number });
                }
                (Err(found), Some(expected)) => assert_eq!(found, expected),
                (outcome, expected) => panic!("expected {expected:?}, found {:?}", outcome.err()),
            },
            Step::Adopt(..) => {
                let guard = api.adopt(id).unwrap();
                self.handles.swap_remove(index);
                self.hold(session, guard, object);
                self.change(object, |object| object.handles -= 1);
            }
            _ => {
                assert_eq!(api.free(id), Ok(()));
                self.handles.swap_remove(index);
                self.change(object, |object| object.handles -= 1);
            }
        }
    }

    /// Steps that change nothing.
    fn look(&mut self, step: &Step) {
        match *step {
            Step::Read(session, object) => {
                let (_, api) = self.session(session);
                if let Some((_, object)) = self.some_object(object) {
                    assert!(api.read(object.id).unwrap().is(object.number));
                }
            }
            Step::Stale(session, which) => {
                let (_, api) = self.session(session);
                if let Some(index) = pick(self.stale.len(), which) {
                    self.refused(api, self.stale[index], |error| error == HandleError::Stale);
                }
            }
            Step::Foreign(session, object) => {
                let (_, api) = self.session(session);
                if let Some((_, object)) = self.some_object(object) {
                    let expected = (object.id.to_bits() >> 56) as u32;
                    let found = expected % 255 + 1;
                    let id = ObjId::from_bits(u64::from(found) << 56 | object.id.to_bits() & (u64::MAX >> 8)).unwrap();
                    self.refused(api, id, |error| error == HandleError::Foreign { expected, found });
                }
            }
            Step::RandomBits(session, bits) => {
                let (_, api) = self.session(session);
                if let Ok(id) = ObjId::from_bits(bits)
                    && !self.objects.values().any(|object| object.id == id)
                {
                    self.refused(api, id, |error| matches!(error, HandleError::Stale | HandleError::Foreign { .. }));
                }
            }
            Step::IdOf(session) => {
                let (_, api) = self.session(session);
                for boxed in &self.boxes {
                    assert_eq!(api.id_of(&boxed.guard), None, "no handle of a box is valid");
                }
                for shared in &self.shared {
                    assert_eq!(api.id_of(&shared.guard), Some(self.objects[&shared.object].id));
                }
                assert_eq!(api.id_of(&Message::new(0)), None, "not an address of the pool");
            }
            _ => {
                let Step::List(session) = *step else { unreachable!("{step:?}") };
                let (_, api) = self.session(session);
                let found: BTreeSet<_> = api.ids().into_iter().collect();
                let objects = self.objects.values().filter(|object| object.handles != 0);
                assert_eq!(found, objects.map(|object| object.id).collect());
            }
        }
    }
}

fn pick(count: usize, which: Which) -> Option<usize> {
    which.checked_rem(count)
}
