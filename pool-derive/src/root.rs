//! What `#[derive(Root)]` emits: the layout of the root, and a view with the same field names.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{
    Attribute, Data, DeriveInput, Error, Field, Fields, GenericParam, Generics, Ident, Path, Result, parse_quote,
};

use crate::{
    attr::Options,
    params::{self, NameSelf},
    refuse::{self, Owner},
    repr::Repr,
};

/// Expands the derive.
pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let ident = &input.ident;
    let options = Options::read(input, true)?;
    let fields = named_fields(input)?;
    params::refuse_lifetimes(&input.generics)?;
    Repr::read(input)?.demand_c(input)?;
    refuse::fields(fields.iter().map(|field| &field.ty), Owner::Root)?;

    let krate = &options.krate;
    let generics = params::with_shared_bounds(&input.generics, krate);
    let view = options.view.clone().unwrap_or_else(|| format_ident!("{ident}View"));
    let fields = parts(input, &fields, krate);
    let the_view = view_struct(input, &view, &generics, &fields);
    let the_impls = impls(input, &view, &generics, &fields, &options);
    Ok(quote!(#the_view #the_impls))
}

fn named_fields(input: &DeriveInput) -> Result<Vec<&Field>> {
    let ident = &input.ident;
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) if !fields.named.is_empty() => Ok(fields.named.iter().collect()),
            Fields::Named(_) | Fields::Unit => Err(Error::new_spanned(
                ident,
                format!("`{ident}` has no fields, so there is nothing to share; add a pool"),
            )),
            Fields::Unnamed(_) => Err(Error::new_spanned(
                ident,
                "a root needs named fields, because sessions see them under their names; name them",
            )),
        },
        Data::Enum(_) | Data::Union(_) => {
            Err(Error::new_spanned(ident, "a root is the same in every process; use a struct with `#[repr(C)]`"))
        }
    }
}

/// A field, as the expansion speaks of it.
struct Part<'a> {
    field: &'a Field,
    ident: &'a Ident,
    // Items of `<FieldType as Field>`, all of them spanned at the type: errors at one place are one error.
    view: TokenStream,
    extent: TokenStream,
    kind: TokenStream,
    bind: TokenStream,
    begin: Span,
    end: Span,
}

fn parts<'a>(input: &DeriveInput, fields: &[&'a Field], krate: &Path) -> Vec<Part<'a>> {
    let mut this = NameSelf::new(&input.ident, &input.generics);
    let part = |field: &'a Field| {
        let ty = this.named(&field.ty);
        // From the first token of the type to the last: the spans of paths that begin and end there.
        let tokens = || ty.to_token_stream().into_iter();
        let begin = tokens().next().map_or_else(Span::call_site, |token| token.span());
        let end = tokens().last().map_or_else(Span::call_site, |token| token.span());
        let open = quote_spanned!(begin=> <);
        let of_field = |item: TokenStream| quote!(#open #ty as #krate::Field>::#item);
        field.ident.as_ref().map(|ident| Part {
            field,
            ident,
            view: of_field(quote_spanned!(end=> View<'session>)),
            extent: of_field(quote_spanned!(end=> EXTENT)),
            kind: of_field(quote_spanned!(end=> KIND)),
            bind: of_field(quote_spanned!(end=> view)),
            begin,
            end,
        })
    };
    fields.iter().copied().filter_map(part).collect()
}

/// Puts the lifetime of a session before the parameters of the root.
fn with_session(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    let session: GenericParam = parse_quote!('session);
    generics.params.insert(0, session);
    generics
}

fn docs(attrs: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("doc"))
}

fn view_struct(input: &DeriveInput, view: &Ident, generics: &Generics, fields: &[Part<'_>]) -> TokenStream {
    let (ident, vis) = (&input.ident, &input.vis);
    let generics = with_session(generics);
    let (impl_generics, args, predicates) = generics.split_for_impl();
    let declared = fields.iter().map(|Part { field, ident, view, .. }| {
        let (vis, docs) = (&field.vis, docs(&field.attrs));
        let fallback = docs_fallback(&field.attrs, &format!("The field `{ident}`, seen by the session."));
        quote!(#(#docs)* #fallback #vis #ident: #view)
    });
    let doc = format!("What a session sees of a [`{ident}`]: each field, bound to the session.");
    let view_name = view.to_string();
    quote! {
        #[doc = #doc]
        // What this program does not use is there for another.
        #[allow(dead_code)]
        #vis struct #view #impl_generics #predicates {
            #(#declared,)*
            // The last field, because the compiler asks whether that one is sized: once more for each wrong field.
            #[doc(hidden)]
            __session: ::core::marker::PhantomData<&'session ()>,
        }

        #[automatically_derived]
        impl #impl_generics ::core::fmt::Debug for #view #args #predicates {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_struct(#view_name).finish_non_exhaustive()
            }
        }
    }
}

fn docs_fallback(attrs: &[Attribute], text: &str) -> Option<TokenStream> {
    docs(attrs).next().is_none().then(|| quote!(#[doc = #text]))
}

fn impls(
    input: &DeriveInput,
    view: &Ident,
    generics: &Generics,
    fields: &[Part<'_>],
    options: &Options,
) -> TokenStream {
    let (ident, krate) = (&input.ident, &options.krate);
    let (impl_generics, args, predicates) = generics.split_for_impl();
    let viewed = with_session(generics);
    let (_, view_args, _) = viewed.split_for_impl();
    let name = params::name(&options.name, &input.generics, krate);
    let extents: Vec<_> = fields.iter().map(|part| &part.extent).collect();
    let described = fields.iter().enumerate().map(|(at, Part { ident, kind, .. })| {
        let name = ident.to_string();
        let name = name.trim_start_matches("r#");
        quote!(#krate::layout::RootField { name: #name, place: places[#at], kind: #kind })
    });
    // `field: <FieldType as Field>::view(..)`, and all of it stands at the type.
    let bound = fields.iter().enumerate().map(|(at, Part { ident, bind, begin, end, .. })| {
        let mut ident = Ident::clone(ident);
        ident.set_span(*begin);
        let place = quote!(at.within(<Self as #krate::Root>::LAYOUT.fields[#at].place));
        let mut args = Group::new(Delimiter::Parenthesis, quote!(seat, #place));
        args.set_span(*end);
        quote!(#ident: #bind #args)
    });
    // SAFETY (of what is emitted): the caller's `at` is that of the root, and each field stands in it where the plan of
    // the layout says.
    let concrete = input.generics.params.is_empty().then(|| {
        quote_spanned! {ident.span()=>
            const _: () = { let _ = <#ident as #krate::Root>::LAYOUT; };
        }
    });
    quote! {
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        unsafe impl #impl_generics #krate::Field for #ident #args #predicates {
            type View<'session> = #view #view_args;
            const EXTENT: #krate::layout::Extent = <Self as #krate::Root>::LAYOUT.extent;
            const KIND: #krate::layout::FieldKind =
                #krate::layout::FieldKind::Root(<Self as #krate::Root>::LAYOUT);

            unsafe fn view<'session>(
                seat: &#krate::__derive::Seat<'session>,
                at: #krate::layout::Place,
            ) -> Self::View<'session> {
                unsafe { #view { #(#bound,)* __session: ::core::marker::PhantomData } }
            }
        }

        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        unsafe impl #impl_generics #krate::Root for #ident #args #predicates {
            const LAYOUT: &'static #krate::layout::RootLayout = &#krate::layout::RootLayout::new(
                const { #name },
                const { #krate::layout::plan([#(#extents),*]).1 },
                const {
                    let places = #krate::layout::plan([#(#extents),*]).0;
                    &[#(#described),*]
                },
            );
        }

        #concrete
    }
}
