//! Layouts of roots.

use pool_core::geometry::Geometry;

use super::{Extent, Fingerprint, MAX_SOURCES, Place, TypeKind, TypeLayout, TypeName};
use crate::shared::Shared;

/// How a root lies in a region.
#[derive(Clone, Copy, Debug)]
pub struct RootLayout {
    /// The name with its generic arguments.
    pub name: TypeName,
    /// What the root takes up.
    pub extent: Extent,
    /// The hash of everything that two processes must agree on.
    pub fingerprint: Fingerprint,
    /// The fields, in the order of their declaration.
    pub fields: &'static [RootField],
}

/// A field of a root.
#[derive(Clone, Copy, Debug)]
pub struct RootField {
    /// The name.
    pub name: &'static str,
    /// Where it stands, seen from its root.
    pub place: Place,
    /// What it is.
    pub kind: FieldKind,
}

/// What a field of a root is.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum FieldKind {
    /// A pool.
    Pool(PoolLayout),
    /// A value of a `Shared` type.
    Plain(&'static TypeLayout),
    /// A cell with a handle.
    Handle {
        /// The name of the type that the handle refers to.
        target: TypeName,
    },
    /// Another root.
    Root(&'static RootLayout),
}

/// The shape of a pool.
#[derive(Clone, Copy, Debug)]
pub struct PoolLayout {
    /// The logarithm of the capacity.
    pub slots_log2: u32,
    /// The layout of an object.
    pub item: &'static TypeLayout,
    /// Where its words and its objects stand.
    pub geometry: Geometry,
}

impl RootLayout {
    /// Describes a root.
    ///
    /// # Panics
    ///
    /// Where the fields are more than [`MAX_SOURCES`] sources: in a constant, so that the program does not compile.
    #[must_use]
    #[track_caller]
    pub const fn new(name: TypeName, extent: Extent, fields: &'static [RootField]) -> Self {
        if extent.sources > MAX_SOURCES {
            panic!("a region has room for 255 pools, because a handle names its pool with 8 bits; use a second region");
        }
        let mut hash = Fingerprint::start("root").name(name).number(extent.bytes as u128);
        let mut at = 0;
        while at < fields.len() {
            let field = &fields[at];
            hash = hash.text(field.name).number(field.place.offset as u128).fingerprint(field.kind.fingerprint());
            at += 1;
        }
        Self { name, extent, fingerprint: hash, fields }
    }
}

impl FieldKind {
    /// Describes a field of a plain type.
    #[must_use]
    pub const fn plain<T: Shared>() -> Self {
        match T::LAYOUT.kind {
            TypeKind::Handle { target } => Self::Handle { target },
            _ => Self::Plain(T::LAYOUT),
        }
    }

    const fn fingerprint(&self) -> Fingerprint {
        match self {
            // Where the slots stand depends on the alignment of the item, which its own fingerprint does not have.
            Self::Pool(pool) => Fingerprint::start("pool")
                .number(pool.slots_log2 as u128)
                .number(pool.geometry.slots as u128)
                .number(pool.geometry.stride_log2 as u128)
                .fingerprint(pool.item.fingerprint),
            Self::Plain(layout) => Fingerprint::start("plain").fingerprint(layout.fingerprint),
            Self::Handle { target } => Fingerprint::start("handle").name(*target),
            Self::Root(layout) => Fingerprint::start("root").fingerprint(layout.fingerprint),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sources: u32) -> RootLayout {
        RootLayout::new(TypeName::plain("World"), Extent { sources, ..Extent::plain(0, 1) }, &[])
    }

    #[test]
    fn the_255th_source_is_the_last() {
        assert_eq!(of(MAX_SOURCES).extent.sources, 255);
    }

    #[test]
    #[should_panic = "room for 255 pools"]
    fn the_256th_source_is_refused() {
        let _ = of(MAX_SOURCES + 1);
    }
}
