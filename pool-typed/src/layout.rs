//! What stands where in a region, as constant data.
//!
//! Every `Shared` type has a [`TypeLayout`] and every root a [`RootLayout`]: trees of names, offsets and sizes, built
//! by the compiler, the same in every build and on 32- and 64-bit targets. Three things are made of them:
//!
//! * the [`Fingerprint`], 8 bytes that a region carries and that `attach` compares: any change of a name, an order, a
//!   type or a capacity is seen;
//! * the places of a root's fields ([`plan`]);
//! * a text ([`RootLayout::describe`]) that the region carries too. It tells a tool without the types what it is
//!   looking at, and [`first_difference`] turns two of them into the reason why two builds do not fit.

mod describe;
mod difference;
mod fingerprint;
mod name;
mod plan;
mod root;
mod types;

pub use difference::{Difference, first_difference};
pub use fingerprint::Fingerprint;
pub use name::{NameArg, TypeName};
pub use plan::{Extent, MAX_SOURCES, Place, plan};
pub use root::{FieldKind, PoolLayout, RootField, RootLayout};
pub use types::{FieldLayout, TypeKind, TypeLayout, VariantLayout};
