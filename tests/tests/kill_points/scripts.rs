//! What a session does when it is killed: a script for every operation.
//!
//! A script prepares, says that it is ready, does one thing, and says that it is done. Only the part between is stepped
//! through. Nothing that it was given is dropped before it is done. A script returns `None` where it could not go on
//! because others have what it wants: alone it always can.

use core::{hint::black_box, mem};

use pool_typed::{HandleError, PoolArc, PoolBox};

use crate::{
    ledger::Change,
    stage::{Id, Item, Me, Props, Region},
};

/// What a script acts on.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) region: &'a Region,
    pub(crate) props: &'a Props,
    /// The numbers of objects that are new: this one, and those after it.
    pub(crate) new: u64,
    /// What is called when the script is ready, and when it is done.
    pub(crate) cue: &'a dyn Fn(),
}

impl<'a> Scene<'a> {
    fn join(&self) -> Me<'a> {
        self.region.join_as("victim").expect("there is room for a session")
    }

    fn item(&self) -> Item {
        Item::new(self.new)
    }

    fn made<'s>(&self, me: &'s Me<'_>) -> Option<PoolBox<'s, Item>> {
        me.alloc(self.item()).ok()
    }

    fn shared<'s>(&self, me: &'s Me<'_>) -> Option<PoolArc<'s, Item>> {
        self.made(me).map(PoolBox::into_shared)
    }

    /// Does the one thing. What it returns is dropped after it is done.
    fn act<V>(&self, act: impl FnOnce() -> V) -> V {
        (self.cue)();
        let value = black_box(act());
        (self.cue)();
        value
    }
}

/// A script.
pub(crate) struct Script {
    pub(crate) name: &'static str,
    /// What its preparation does to what handles own.
    pub(crate) before: &'static [Change],
    /// What each of its changes does to it, in order.
    pub(crate) steps: &'static [Change],
    /// It finds a session that is dead already.
    pub(crate) corpse: bool,
    pub(crate) play: fn(&Scene<'_>) -> Option<()>,
}

/// The number of the script's new object while its story is told: see [`Scene::new`].
pub(crate) const NEW: u64 = 100;

const fn script(name: &'static str, steps: &'static [Change], play: fn(&Scene<'_>) -> Option<()>) -> Script {
    Script { name, before: &[], steps, corpse: false, play }
}

impl Script {
    const fn after(self, before: &'static [Change]) -> Self {
        Self { before, ..self }
    }

    const fn with_corpse(self) -> Self {
        Self { corpse: true, ..self }
    }
}

/// Every script.
pub(crate) const ALL: &[Script] = &[
    script("alloc from the cache", &[], |scene| {
        let me = scene.join();
        let many = me.alloc_many::<4>(|_| scene.item()).ok()?;
        drop(many);
        scene.act(|| scene.made(&me)).map(drop)
    }),
    script("alloc with a refill", &[], |scene| {
        let me = scene.join();
        scene.act(|| scene.made(&me)).map(drop)
    }),
    script("drop into the cache", &[], |scene| {
        let me = scene.join();
        let object = scene.made(&me)?;
        scene.act(|| drop(object));
        Some(())
    }),
    script("drop with a flush", &[], |scene| {
        let me = scene.join();
        let many = me.alloc_many::<12>(|_| scene.item()).ok()?;
        scene.act(|| drop(many));
        Some(())
    }),
    script("alloc many", &[], |scene| {
        let me = scene.join();
        scene.act(|| me.alloc_many::<12>(|_| scene.item())).ok().map(drop)
    }),
    script("close groups and open them", &[], |scene| {
        let me = scene.join();
        scene.act(|| {
            let many = me.alloc_many::<16>(|_| scene.item()).ok()?;
            drop(many);
            me.give_back_cache();
            Some(())
        })
    }),
    script("box into id", &[(NEW, 1)], |scene| {
        let me = scene.join();
        let object = scene.made(&me)?;
        let _id = scene.act(|| PoolBox::into_id(object));
        Some(())
    }),
    script("box into shared", &[], |scene| {
        let me = scene.join();
        let object = scene.made(&me)?;
        drop(scene.act(|| PoolBox::into_shared(object)));
        Some(())
    }),
    script("get what handles own", &[], |scene| {
        let me = scene.join();
        scene.act(|| me.get(scene.props.single[0])).ok().map(drop)
    }),
    script("get what another holds", &[], |scene| {
        let me = scene.join();
        let [seen, held] = scene.act(|| [me.get(scene.props.seen), me.get(scene.props.held)]);
        seen.and(held).ok().map(drop)
    }),
    script("clone", &[], |scene| {
        let me = scene.join();
        let object = me.get(scene.props.single[0]).ok()?;
        let again = scene.act(|| PoolArc::clone(&object));
        drop((object, again));
        Some(())
    }),
    script("drop the last reference", &[], |scene| {
        let me = scene.join();
        let object = scene.shared(&me)?;
        scene.act(|| drop(object));
        Some(())
    }),
    script("drop the last reference of a session", &[], |scene| {
        let me = scene.join();
        let object = me.get(scene.props.single[0]).ok()?;
        scene.act(|| drop(object));
        Some(())
    }),
    script("drop one reference of two sessions", &[], |scene| {
        let me = scene.join();
        let objects = [me.get(scene.props.seen).ok()?, me.get(scene.props.held).ok()?];
        scene.act(|| drop(objects));
        Some(())
    }),
    script("take", &[(1, 0)], |scene| {
        let me = scene.join();
        scene.act(|| me.take(scene.props.single[0])).ok().map(drop)
    }),
    script("free the last handle", &[(1, 0)], |scene| {
        let me = scene.join();
        scene.act(|| me.free(scene.props.single[0])).ok()
    }),
    script("free one handle of three", &[(5, 2)], |scene| {
        let me = scene.join();
        scene.act(|| me.free(scene.props.thrice)).ok()
    }),
    script("free what it holds", &[(1, 0)], |scene| {
        let me = scene.join();
        let object = me.get(scene.props.single[0]).ok()?;
        scene.act(|| me.free(scene.props.single[0])).ok()?;
        drop(object);
        Some(())
    }),
    script("free what another holds", &[(6, 0)], |scene| {
        let me = scene.join();
        scene.act(|| me.free(scene.props.seen)).ok()
    }),
    script("share into one more id", &[(NEW, 1), (1, 2)], |scene| {
        let me = scene.join();
        let [new, old] = [scene.shared(&me)?, me.get(scene.props.single[0]).ok()?];
        let [new_id, old_id] = scene.act(|| [PoolArc::to_id(&new), PoolArc::to_id(&old)]);
        new_id.and(old_id).ok().map(drop)
    }),
    script("shared into id", &[(NEW, 1)], |scene| {
        let me = scene.join();
        let object = scene.shared(&me)?;
        scene.act(|| PoolArc::into_id(object)).ok().map(drop)
    }),
    script("shared into id, a clone stays", &[(NEW, 1)], |scene| {
        let me = scene.join();
        let object = scene.shared(&me)?;
        let clone = PoolArc::clone(&object);
        let id = scene.act(|| PoolArc::into_id(object)).ok();
        drop(clone);
        id.map(drop)
    }),
    script("adopt the last handle", &[(1, 0)], |scene| {
        let me = scene.join();
        scene.act(|| me.adopt(scene.props.single[0])).ok().map(drop)
    }),
    script("adopt one handle of three", &[(5, 2)], |scene| {
        let me = scene.join();
        scene.act(|| me.adopt(scene.props.thrice)).ok().map(drop)
    }),
    script("adopt what another holds", &[(6, 0)], |scene| {
        let me = scene.join();
        scene.act(|| me.adopt(scene.props.seen)).ok().map(drop)
    }),
    script("shared into box", &[], |scene| {
        let me = scene.join();
        let object = scene.shared(&me)?;
        scene.act(|| PoolArc::try_into_box(object)).ok().map(drop)
    }),
    script("shared into box, adopted", &[], |scene| {
        let me = scene.join();
        let object = me.adopt(scene.props.single[0]).ok()?;
        scene.act(|| PoolArc::try_into_box(object)).ok().map(drop)
    })
    .after(&[(1, 0)]),
    script("shared into box, refused", &[], |scene| {
        let me = scene.join();
        let object = me.get(scene.props.seen).ok()?;
        scene.act(|| PoolArc::try_into_box(object)).err().map(drop)
    }),
    script("take the last generation", &[(8, 0)], |scene| {
        let me = scene.join();
        scene.act(|| me.take(scene.props.last)).ok().map(drop)
    }),
    script("free the last generation", &[(8, 0)], |scene| {
        let me = scene.join();
        scene.act(|| me.free(scene.props.last)).ok()
    }),
    script("drop the last generation", &[], |scene| {
        let me = scene.join();
        let object = me.adopt(scene.props.last).ok()?;
        scene.act(|| drop(object));
        Some(())
    })
    .after(&[(8, 0)]),
    script("try stale handles", &[], |scene| {
        let me = scene.join();
        let stale = |id: Id| {
            let told = [me.get(id).err(), me.take(id).err(), me.adopt(id).err(), me.free(id).err()];
            told == [Some(HandleError::Stale); 4]
        };
        let told = scene.act(|| scene.props.stale.map(stale));
        assert_eq!(told, [true; 2]);
        Some(())
    }),
    script("all round", &[(NEW, 1), (NEW, 0), (NEW, 1), (NEW, 2), (NEW, 1), (NEW, 0)], |scene| {
        let me = scene.join();
        scene.act(|| {
            let id = PoolBox::into_id(scene.made(&me)?);
            let object = PoolBox::into_shared(me.take(id).ok()?);
            let id = PoolArc::to_id(&object).ok()?;
            let again = PoolArc::to_id(&object).ok()?;
            drop(object);
            me.free(again).ok()?;
            let object = me.adopt(id).ok()?;
            PoolArc::try_into_box(object).ok().map(drop)
        })
    }),
    script("give back the cache", &[], |scene| {
        let me = scene.join();
        let many = me.alloc_many::<8>(|_| scene.item()).ok()?;
        drop(many);
        scene.act(|| me.give_back_cache());
        Some(())
    }),
    script("join", &[], |scene| {
        let me = scene.act(|| scene.join());
        drop(me);
        Some(())
    }),
    script("leave", &[], |scene| {
        let me = scene.join();
        let many = me.alloc_many::<8>(|_| scene.item()).ok()?;
        drop(many);
        scene.act(|| drop(me));
        Some(())
    }),
    script("leave with guards", &[], |scene| {
        let me = scene.join();
        leak_guards(scene, &me)?;
        let _id = PoolBox::into_id(scene.made(&me)?);
        scene.act(|| drop(me));
        Some(())
    })
    .after(&[(NEW, 1)]),
    script("attach", &[], |scene| {
        let fd = scene.region.fd()?.try_clone_to_owned().ok()?;
        scene.act(|| Region::from_fd(fd)).ok().map(drop)
    })
    .with_corpse(),
    script("join, and reap", &[], |scene| {
        let me = scene.act(|| scene.join());
        drop(me);
        Some(())
    })
    .with_corpse(),
    script("reap", &[], |scene| {
        let departed = scene.act(|| scene.region.reap());
        drop(departed);
        Some(())
    })
    .with_corpse(),
];

/// Leaves guards of every kind to the end of the session.
fn leak_guards(scene: &Scene<'_>, me: &Me<'_>) -> Option<()> {
    mem::forget(me.alloc_many::<3>(|_| scene.item()).ok()?);
    mem::forget(scene.shared(me)?);
    mem::forget(me.get(scene.props.single[1]).ok()?);
    mem::forget(me.get(scene.props.seen).ok()?);
    mem::forget(me.get(scene.props.held).ok()?);
    Some(())
}

/// What the session does that is dead when some scripts begin: it dies in the middle of a refill, with guards of every
/// kind.
pub(crate) fn corpse(scene: &Scene<'_>) -> Option<()> {
    let me = scene.join();
    leak_guards(scene, &me)?;
    scene.act(|| me.alloc_many::<16>(|_| scene.item())).ok().map(drop)
}
