//! Plain types of other crates, by the word of zerocopy or bytemuck.

#[cfg(any(feature = "bytemuck", feature = "zerocopy"))]
use super::{Shared, check};
#[cfg(any(feature = "bytemuck", feature = "zerocopy"))]
use crate::{
    layout::{NameArg, TypeKind, TypeLayout, TypeName},
    root::plain_field,
};

#[cfg(any(feature = "bytemuck", feature = "zerocopy"))]
macro_rules! adapter {
    ($(#[$doc:meta])* $name:ident: $($bound:path),+; $why:literal) => {
        $(#[$doc])*
        ///
        /// The layout knows the size of such a type and no more: a foreign type has no name that is the same in every
        /// build. Give it one with a struct of yours, and it is told from others of its size:
        ///
        /// ```
        #[doc = concat!("use pool_typed::{Shared, ", stringify!($name), "};")]
        ///
        /// #[derive(Shared)]
        /// #[repr(transparent)]
        #[doc = concat!("struct Address(", stringify!($name), "<[u8; 16]>);")]
        /// ```
        ///
        /// A type with a destructor, without a size, or aligned to more than 4096 bytes is an error where its pool or
        /// root is built.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name<T>(
            /// The value.
            pub T,
        );

        #[doc = $why]
        // SAFETY: the foreign traits promise that any bytes are a value, that there is no padding, and that nothing
        // changes through `&T`; `LAYOUT` refuses what else would be wrong.
        #[diagnostic::do_not_recommend]
        unsafe impl<T: $($bound +)+ Send + Sync + 'static> Shared for $name<T> {
            const NAME: TypeName = TypeName {
                base: stringify!($name),
                args: &[NameArg::Const(size_of::<T>() as u128)],
            };
            const LAYOUT: &'static TypeLayout = &{
                check::has_size::<Self>();
                check::alignment::<Self>();
                check::no_destructor::<Self>();
                TypeLayout::leaf(Self::NAME, size_of::<Self>(), TypeKind::Foreign)
            };
        }
        plain_field!([T: $($bound +)+ Send + Sync + 'static] $name<T>);
    };
}

#[cfg(feature = "zerocopy")]
adapter! {
    /// A type of another crate that is plain data by the word of zerocopy.
    Zerocopy: zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::Immutable;
    "Any bytes are a value (`FromBytes`), none is padding (`IntoBytes`), and none changes behind `&T` (`Immutable`)."
}

#[cfg(feature = "bytemuck")]
adapter! {
    /// A type of another crate that is plain data by the word of bytemuck.
    Bytemuck: bytemuck::Pod;
    "Any bytes are a value, none is padding, and none changes behind `&T` (`Pod`)."
}
