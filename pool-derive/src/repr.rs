//! Is the layout fixed? `#[repr(..)]`, read.

use syn::{DeriveInput, Error, LitInt, Result, parenthesized};

/// The largest alignment of a type in shared memory: that of a page, which is all that a mapping promises.
const LARGEST_ALIGNMENT: u64 = 4096;

/// What `#[repr(..)]` says of a type.
#[derive(Default)]
pub(crate) struct Repr {
    c: bool,
    transparent: bool,
    /// Whether an alignment is asked for.
    pub(crate) align: bool,
    /// The integer of an enum.
    pub(crate) int: Option<String>,
}

impl Repr {
    /// Reads the attributes of a type.
    pub(crate) fn read(input: &DeriveInput) -> Result<Self> {
        let mut repr = Self::default();
        for attr in input.attrs.iter().filter(|attr| attr.path().is_ident("repr")) {
            attr.parse_nested_meta(|meta| {
                let Some(word) = meta.path.get_ident().map(ToString::to_string) else {
                    return Ok(());
                };
                match word.as_str() {
                    "C" => repr.c = true,
                    "transparent" => repr.transparent = true,
                    "align" | "packed" if meta.input.peek(syn::token::Paren) => {
                        let number;
                        parenthesized!(number in meta.input);
                        let number: LitInt = number.parse()?;
                        repr.align |= word == "align";
                        if word == "align" && number.base10_parse::<u64>()? > LARGEST_ALIGNMENT {
                            return Err(Error::new_spanned(
                                number,
                                "shared memory is aligned to pages of 4096 bytes; use `align(4096)` or less",
                            ));
                        }
                    }
                    "align" | "packed" | "Rust" => {}
                    _ => repr.int = Some(word),
                }
                Ok(())
            })?;
        }
        Ok(repr)
    }

    /// Demands that a struct has a layout that every build agrees on.
    pub(crate) fn demand_fixed(&self, input: &DeriveInput) -> Result<()> {
        if self.c || self.transparent {
            return Ok(());
        }
        let name = &input.ident;
        Err(Error::new_spanned(
            name,
            format!("the compiler may lay `{name}` out differently in every build; add `#[repr(C)]`"),
        ))
    }

    /// Demands `repr(C)` of a root.
    pub(crate) fn demand_c(&self, input: &DeriveInput) -> Result<()> {
        if self.c {
            return Ok(());
        }
        let name = &input.ident;
        Err(Error::new_spanned(
            name,
            format!("the order of the fields of `{name}` is their order in the region; add `#[repr(C)]`"),
        ))
    }
}
