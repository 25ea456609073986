//! The generics of what is emitted, and the type's own name in place of `Self`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{
    Error, GenericParam, Generics, Ident, Path, Result, Type, parse_quote, spanned::Spanned, visit_mut,
    visit_mut::VisitMut,
};

/// Refuses lifetimes.
pub(crate) fn refuse_lifetimes(generics: &Generics) -> Result<()> {
    match generics.lifetimes().next() {
        None => Ok(()),
        Some(lifetime) => {
            Err(Error::new_spanned(lifetime, "shared memory outlives what one process could lend; remove the lifetime"))
        }
    }
}

/// Returns the generics with a bound `Shared` on every type parameter.
///
/// The bound stands at the parameter: where it stood at the derive, errors would advise to write the impl by hand.
pub(crate) fn with_shared_bounds(generics: &Generics, krate: &Path) -> Generics {
    let mut generics = generics.clone();
    for param in generics.type_params_mut() {
        let bound = quote!(#krate::Shared).into_iter().map(|mut token| {
            token.set_span(param.ident.span());
            token
        });
        let bound: TokenStream = bound.collect();
        param.bounds.push(parse_quote!(#bound));
    }
    generics
}

/// Returns the name of a type as a constant.
pub(crate) fn name(base: &str, generics: &Generics, krate: &Path) -> TokenStream {
    let args = generics.params.iter().filter_map(|param| match param {
        GenericParam::Lifetime(_) => None,
        GenericParam::Type(param) => {
            let ident = &param.ident;
            Some(quote!(#krate::layout::NameArg::Type(<#ident as #krate::Shared>::NAME)))
        }
        GenericParam::Const(param) => {
            let ident = &param.ident;
            let signed = param.ty.to_token_stream().to_string().starts_with('i');
            Some(if signed {
                quote!(#krate::layout::NameArg::Signed(#ident as i128))
            } else {
                quote!(#krate::layout::NameArg::Const(#ident as u128))
            })
        }
    });
    quote!(#krate::layout::TypeName { base: #base, args: &[#(#args),*] })
}

/// Puts the type itself in place of `Self`, because the checks of its fields stand outside of its impls.
pub(crate) struct NameSelf<'a> {
    ident: &'a Ident,
    generics: &'a Generics,
}

impl<'a> NameSelf<'a> {
    pub(crate) fn new(ident: &'a Ident, generics: &'a Generics) -> Self {
        Self { ident, generics }
    }

    pub(crate) fn named(&mut self, ty: &Type) -> Type {
        let mut ty = ty.clone();
        self.visit_type_mut(&mut ty);
        ty
    }
}

impl VisitMut for NameSelf<'_> {
    fn visit_path_mut(&mut self, path: &mut Path) {
        let mut segments = path.segments.iter();
        if segments.next().is_some_and(|first| first.ident == "Self") {
            let (_, args, _) = self.generics.split_for_impl();
            let args = args.as_turbofish();
            let mut ident = self.ident.clone();
            ident.set_span(path.span());
            let this: Path = parse_quote!(#ident #args);
            path.segments = this.segments.into_iter().chain(segments.cloned()).collect();
        }
        visit_mut::visit_path_mut(self, path);
    }
}
