//! Leaving, and the end of a sequence: what the model says that is left.

use core::mem;

use pool_typed::Audit;

use super::{
    super::{
        place::{Api, Place},
        steps::Step,
    },
    Boxed, Model, Shared,
};

impl<P: Place> Model<P> {
    /// A session gives up all that it has.
    pub(super) fn leave(&mut self, session: usize, forget: bool) {
        let (gone, stay) = mem::take(&mut self.boxes).into_iter().partition(|boxed| boxed.session == session);
        self.boxes = stay;
        for Boxed { guard, number, .. } in gone {
            assert!(guard.is(number));
            if forget {
                mem::forget(guard);
            }
        }
        let (gone, stay) = mem::take(&mut self.shared).into_iter().partition(|shared| shared.session == session);
        self.shared = stay;
        for Shared { guard, object, .. } in gone {
            assert!(guard.is(self.objects[&object].number));
            if forget {
                mem::forget(guard);
            }
        }
        self.forgotten[session] = 0;
        let held: Vec<_> =
            self.objects.iter().filter(|(_, object)| object.guards[session] != 0).map(|(key, _)| *key).collect();
        for object in held {
            self.change(object, |object| object.guards[session] = 0);
        }
    }

    /// Whether the audit is what the model says.
    fn compare(&self, audit: &Audit) {
        assert!(audit.is_sound(), "{audit}");
        let [pool] = &audit.pools[..] else { panic!("one pool") };
        let cached: u64 = pool.holdings.iter().map(|had| had.cached).sum();
        let held = self.objects.values().filter(|object| object.is_held()).count() as u64;
        assert_eq!(pool.capacity, self.place.capacity());
        assert_eq!(pool.free + cached, self.place.capacity() - self.used(), "{audit}");
        assert_eq!(pool.owned, self.boxes.len() as u64 + self.forgotten.iter().sum::<u64>(), "{audit}");
        assert_eq!(pool.shared, held, "{audit}");
        assert_eq!(pool.in_handles, self.objects.len() as u64 - held, "{audit}");
        assert_eq!((pool.cached, pool.retired, pool.broken), (cached, 0, 0), "{audit}");
        for session in 0..self.place.sessions() {
            let boxes = self.boxes.iter().filter(|boxed| boxed.session == session).count() as u64;
            let shared = self.objects.values().filter(|object| object.guards[session] != 0).count() as u64;
            let had = pool.holdings.iter().find(|had| had.session == session as u32);
            let found = had.map_or((0, 0), |had| (had.owned, had.shared));
            assert_eq!(found, (boxes + self.forgotten[session], shared), "session {session}: {audit}");
        }
    }

    /// The audit is exact with caches and without, and when everything is given up nothing is left.
    pub(crate) fn finish(mut self) {
        match self.place.audit() {
            Some(audit) => self.compare(&audit),
            None => assert_eq!(self.place.api(0).len() as u64, self.used()),
        }
        for session in 0..self.place.sessions() {
            self.place.give_back_cache(session);
        }
        if let Some(audit) = self.place.audit() {
            self.compare(&audit);
            assert_eq!(audit.pools[0].cached, 0, "{audit}");
        }
        for (id, object) in mem::take(&mut self.handles) {
            assert_eq!(self.place.api(0).free(id), Ok(()));
            self.change(object, |object| object.handles -= 1);
        }
        if self.place.sessions() == 1 {
            // What users of a local pool forget is lost.
            while !self.boxes.is_empty() {
                self.take_step(&Step::DropBox(0));
            }
            while !self.shared.is_empty() {
                self.take_step(&Step::DropShared(0));
            }
            assert_eq!(self.place.api(0).len() as u64, self.used());
        }
        for session in 0..self.place.sessions() {
            self.leave(session, session == 0);
        }
        // SAFETY: all guards were dropped or forgotten.
        #[expect(unsafe_code, reason = "as said")]
        let last = unsafe { self.place.end() };
        if let Some(audit) = last {
            assert!(audit.is_sound() && audit.is_empty(), "{audit}");
        }
    }
}
