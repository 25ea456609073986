//! Names of types. They do not come from the compiler, so they are the same in every build.

use core::fmt;

/// The name of a type with its generic arguments, such as `Pair<u32, Option<ObjId<Node>>>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TypeName {
    /// The name without arguments.
    pub base: &'static str,
    /// The arguments, in the order of their declaration.
    pub args: &'static [NameArg],
}

/// A generic argument in a [`TypeName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NameArg {
    /// A type.
    Type(TypeName),
    /// A constant that is no negative number.
    Const(u128),
    /// A constant of a signed type.
    Signed(i128),
}

impl TypeName {
    /// The base of an array: no type can be called so.
    pub(crate) const ARRAY: &'static str = "[]";

    /// Names a type without arguments.
    #[must_use]
    pub const fn plain(base: &'static str) -> Self {
        Self { base, args: &[] }
    }
}

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Self::ARRAY, [item, len]) = (self.base, self.args) {
            return write!(f, "[{item}; {len}]");
        }
        f.write_str(self.base)?;
        for (at, arg) in self.args.iter().enumerate() {
            write!(f, "{}{arg}", if at == 0 { "<" } else { ", " })?;
        }
        f.write_str(if self.args.is_empty() { "" } else { ">" })
    }
}

impl fmt::Display for NameArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type(name) => name.fmt(f),
            Self::Const(value) => value.fmt(f),
            Self::Signed(value) => value.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_as_in_the_source() {
        const U32: NameArg = NameArg::Type(TypeName::plain("u32"));
        const ARRAY: TypeName = TypeName { base: TypeName::ARRAY, args: &[U32, NameArg::Const(4)] };
        let pair = TypeName { base: "Pair", args: &[U32, NameArg::Type(ARRAY), NameArg::Signed(-1)] };
        assert_eq!(pair.to_string(), "Pair<u32, [u32; 4], -1>");
        assert_eq!(TypeName::plain("Pair").to_string(), "Pair");
    }
}
