//! `#[shared(name = "..", crate = "..", view = "..")]`.

use syn::{DeriveInput, Error, Ident, LitStr, Path, Result, parse_quote};

/// What the attributes of a type say.
pub(crate) struct Options {
    /// The name in layouts: it stays the same where the type is renamed.
    pub(crate) name: String,
    /// Where `pool_typed` is.
    pub(crate) krate: Path,
    /// The name of a root's view.
    pub(crate) view: Option<Ident>,
}

impl Options {
    /// Reads the attributes of a type; `views` says whether it has a view to be named.
    pub(crate) fn read(input: &DeriveInput, views: bool) -> Result<Self> {
        let name = input.ident.to_string();
        let name = name.trim_start_matches("r#").to_owned();
        let mut options = Self { name, krate: parse_quote!(::pool_typed), view: None };
        for attr in input.attrs.iter().filter(|attr| attr.path().is_ident("shared")) {
            attr.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    options.name = name_of(&meta.value()?.parse()?)?;
                } else if meta.path.is_ident("crate") {
                    options.krate = meta.value()?.parse::<LitStr>()?.parse()?;
                } else if meta.path.is_ident("view") && views {
                    options.view = Some(meta.value()?.parse::<LitStr>()?.parse()?);
                } else {
                    let known = if views { "`name`, `crate` and `view`" } else { "`name` and `crate`" };
                    return Err(meta.error(format!("not an option of `shared`; there are {known}")));
                }
                Ok(())
            })?;
        }
        Ok(options)
    }
}

/// Reads a name that can stand in the text of a layout.
fn name_of(text: &LitStr) -> Result<String> {
    let name = text.value();
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | ':');
    if name.is_empty() || name.ends_with(':') || !name.chars().all(fits) {
        return Err(Error::new_spanned(
            text,
            "a name stands in the text of a layout; use letters, digits and `_`, `-`, `.`, `::`",
        ));
    }
    Ok(name)
}
