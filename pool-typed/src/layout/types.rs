//! Layouts of types.

use super::{Fingerprint, TypeName};

/// How a `Shared` type lies in memory.
#[derive(Clone, Copy, Debug)]
pub struct TypeLayout {
    /// The name with its generic arguments.
    pub name: TypeName,
    /// The size in bytes; never 0.
    pub size: usize,
    /// The hash of everything else here, and of the layouts below.
    pub fingerprint: Fingerprint,
    /// What kind of type it is.
    pub kind: TypeKind,
    /// The fields of a struct, by offset; nothing for other kinds.
    pub fields: &'static [FieldLayout],
}

/// What a type is made of.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum TypeKind {
    /// A number, an atomic, or an optional `NonZero`: the name says which.
    Primitive,
    /// `len` items, back to back.
    Array {
        /// The layout of an item.
        item: &'static TypeLayout,
        /// How many.
        len: usize,
    },
    /// 8 bytes that are a handle of an object, or 0.
    ///
    /// Handles know their target by name only, so that types can refer to themselves.
    Handle {
        /// The name of the type that the handle refers to.
        target: TypeName,
    },
    /// Fields, back to back.
    Struct,
    /// One byte, with a name for each of its values.
    Enum {
        /// The variants, in the order of their declaration.
        variants: &'static [VariantLayout],
    },
    /// Plain bytes of a type of another crate.
    Foreign,
}

/// A field of a struct.
#[derive(Clone, Copy, Debug)]
pub struct FieldLayout {
    /// The name, or the position in a tuple struct.
    pub name: &'static str,
    /// Where it begins, in bytes.
    pub offset: usize,
    /// How it lies in memory.
    pub ty: &'static TypeLayout,
}

/// A variant of an enum.
#[derive(Clone, Copy, Debug)]
pub struct VariantLayout {
    /// The name.
    pub name: &'static str,
    /// The byte that stands for it.
    pub value: u8,
}

impl TypeLayout {
    /// Describes a type that has no fields.
    #[must_use]
    pub const fn leaf(name: TypeName, size: usize, kind: TypeKind) -> Self {
        Self::new(name, size, kind, &[])
    }

    /// Describes a struct.
    #[must_use]
    pub const fn structure(name: TypeName, size: usize, fields: &'static [FieldLayout]) -> Self {
        Self::new(name, size, TypeKind::Struct, fields)
    }

    /// Returns how many bytes lie unused before a field, or at the end, for the number of fields.
    ///
    /// # Panics
    ///
    /// Where the fields overlap, or there are less.
    #[must_use]
    pub const fn padding(&self, at: usize) -> usize {
        let end = match at.checked_sub(1) {
            Some(before) => self.fields[before].offset + self.fields[before].ty.size,
            None => 0,
        };
        if at == self.fields.len() { self.size - end } else { self.fields[at].offset - end }
    }

    const fn new(name: TypeName, size: usize, kind: TypeKind, fields: &'static [FieldLayout]) -> Self {
        let mut hash = kind.fingerprint().name(name).number(size as u128);
        let mut at = 0;
        while at < fields.len() {
            let field = &fields[at];
            hash = hash.text(field.name).number(field.offset as u128).fingerprint(field.ty.fingerprint);
            at += 1;
        }
        Self { name, size, fingerprint: hash, kind, fields }
    }
}

impl TypeKind {
    const fn fingerprint(&self) -> Fingerprint {
        match self {
            Self::Primitive => Fingerprint::start("primitive"),
            Self::Array { item, len } => Fingerprint::start("array").fingerprint(item.fingerprint).number(*len as u128),
            Self::Handle { target } => Fingerprint::start("handle").name(*target),
            Self::Struct => Fingerprint::start("struct"),
            Self::Enum { variants } => {
                let mut hash = Fingerprint::start("enum");
                let mut at = 0;
                while at < variants.len() {
                    hash = hash.text(variants[at].name).number(variants[at].value as u128);
                    at += 1;
                }
                hash
            }
            Self::Foreign => Fingerprint::start("foreign"),
        }
    }
}
