//! All pools of a region, by its layout.
#![expect(unsafe_code, reason = "binds a pool's words to their place in the region")]

use pool_core::pool::Pool;

use super::Region;
use crate::{
    home::Seated,
    layout::{FieldKind, Place, PoolLayout, RootLayout},
    pool::seated,
    seat::Seat,
};

/// A pool of a region, found by its layout.
#[derive(Clone, Copy)]
pub(crate) struct PoolAt<'a> {
    region: &'a Region,
    pub(crate) layout: &'static PoolLayout,
    pub(crate) place: Place,
    path: Path<'a>,
}

/// The names on the way to a pool.
#[derive(Clone, Copy)]
struct Path<'a> {
    outer: Option<&'a Self>,
    name: &'static str,
}

impl Path<'_> {
    fn write(&self, text: &mut String) {
        if let Some(outer) = self.outer {
            outer.write(text);
            text.push('.');
        }
        text.push_str(self.name);
    }
}

impl<'a> PoolAt<'a> {
    /// The names of the fields that lead to the pool.
    pub(crate) fn path(&self) -> String {
        let mut text = String::new();
        self.path.write(&mut text);
        text
    }

    /// The words of the pool.
    pub(crate) fn words(&self) -> Pool<'a> {
        // SAFETY: the layout is that of the region's root, and says that a pool stands here.
        let base = unsafe { self.region.root().add(self.place.offset) };
        // SAFETY: its bytes are within the mapping, which lives for `'a`, and its words are atomics for everybody.
        unsafe { Pool::from_raw(base, &self.layout.geometry, self.place.source) }
    }

    /// The pool as a session sees it.
    ///
    /// # Safety
    ///
    /// `seat` is of this region.
    pub(crate) unsafe fn seated<'s>(&self, seat: &Seat<'s>) -> Seated<'s> {
        // SAFETY: the layout says that a pool of this geometry stands here.
        unsafe { seated(seat, self.place, &self.layout.geometry) }
    }
}

/// Calls `visit` for each pool of a region. Allocates nothing.
pub(crate) fn pools(region: &Region, mut visit: impl FnMut(PoolAt<'_>)) {
    walk(region, region.layout(), region.place(), None, &mut visit);
}

fn walk(
    region: &Region,
    layout: &'static RootLayout,
    at: Place,
    outer: Option<&Path<'_>>,
    visit: &mut dyn FnMut(PoolAt<'_>),
) {
    for field in layout.fields {
        let place = at.within(field.place);
        let path = Path { outer, name: field.name };
        match &field.kind {
            FieldKind::Pool(layout) => visit(PoolAt { region, layout, place, path }),
            FieldKind::Root(layout) => walk(region, layout, place, Some(&path), visit),
            FieldKind::Plain(_) | FieldKind::Handle { .. } => {}
        }
    }
}
