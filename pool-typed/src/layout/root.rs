//! Layouts of roots.

use pool_core::geometry::Geometry;

use super::{Extent, Fingerprint, Place, TypeLayout, TypeName};

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
    #[must_use]
    pub const fn new(name: TypeName, extent: Extent, fields: &'static [RootField]) -> Self {
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
    const fn fingerprint(&self) -> Fingerprint {
        match self {
            Self::Pool(pool) => {
                Fingerprint::start("pool").number(pool.slots_log2 as u128).fingerprint(pool.item.fingerprint)
            }
            Self::Plain(layout) => Fingerprint::start("plain").fingerprint(layout.fingerprint),
            Self::Handle { target } => Fingerprint::start("handle").name(*target),
            Self::Root(layout) => Fingerprint::start("root").fingerprint(layout.fingerprint),
        }
    }
}
