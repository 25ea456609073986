//! What `#[derive(Shared)]` emits.
//!
//! For each field one path does two things, `<FieldType as Shared>::LAYOUT`: it demands the trait, at the field, and it
//! is the field's part of the layout. Padding and destructors are refused by traits with a number in their parameters
//! where the type is concrete (an error on `cargo check`, at the field), and by constants in `LAYOUT` where it is
//! generic (an error where a pool of the type is built).

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Data, DataEnum, DataStruct, DeriveInput, Error, Field, Fields, GenericParam, Generics, Ident, Index, Member, Path,
    Result, Type, spanned::Spanned,
};

use crate::{
    attr::Options,
    params::{self, NameSelf},
    refuse::{self, Owner},
    repr::Repr,
};

/// A byte can name so many variants.
const BYTE_VALUES: usize = 256;

/// Expands the derive.
pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    params::refuse_lifetimes(&input.generics)?;
    let repr = Repr::read(input)?;
    let options = Options::read(input, false)?;
    match &input.data {
        Data::Struct(data) => expand_struct(input, data, &repr, &options),
        Data::Enum(data) => expand_enum(input, data, &repr, &options),
        Data::Union(_) => Err(Error::new_spanned(
            &input.ident,
            "a union does not say which of its fields it holds; use a struct of bytes and convert",
        )),
    }
}

/// A field, as the expansion speaks of it.
struct Part {
    member: Member,
    name: String,
    ty: Type,
    span: Span,
}

fn parts(input: &DeriveInput, fields: &Fields) -> Vec<Part> {
    let mut this = NameSelf::new(&input.ident, &input.generics);
    let part = |(at, field): (usize, &Field)| {
        let member = match &field.ident {
            Some(ident) => Member::Named(ident.clone()),
            None => Member::Unnamed(Index { index: at as u32, span: field.ty.span() }),
        };
        let name = member.to_token_stream().to_string().trim_start_matches("r#").to_owned();
        let span = field.ident.as_ref().map_or_else(|| field.ty.span(), Spanned::span);
        Part { member, name, ty: this.named(&field.ty), span }
    };
    fields.iter().enumerate().map(part).collect()
}

fn expand_struct(input: &DeriveInput, data: &DataStruct, repr: &Repr, options: &Options) -> Result<TokenStream> {
    let ident = &input.ident;
    if data.fields.is_empty() {
        return Err(Error::new_spanned(
            ident,
            format!("`{ident}` has no fields, so there is nothing to share; add one"),
        ));
    }
    repr.demand_fixed(input)?;
    refuse::fields(data.fields.iter().map(|field| &field.ty), Owner::Object)?;
    let parts = parts(input, &data.fields);
    let krate = &options.krate;
    let name = params::name(&options.name, &input.generics, krate);
    let generic = input.generics.params.iter().any(|param| !matches!(param, GenericParam::Lifetime(_)));
    let bounded = params::with_shared_bounds(&input.generics, krate);
    let (impl_generics, args, predicates) = bounded.split_for_impl();

    let fields = parts.iter().map(|Part { member, name, ty, span }| {
        let layout = quote_spanned!(ty.span()=> <#ty as #krate::Shared>::LAYOUT);
        let offset = quote_spanned!(*span=> ::core::mem::offset_of!(Self, #member));
        quote!(#krate::layout::FieldLayout { name: #name, offset: #offset, ty: #layout })
    });
    // An attribute macro may have changed the fields after this derive has seen them: ask the compiler.
    let same = parts
        .iter()
        .map(|Part { member, ty, .. }| quote_spanned!(ty.span()=> let _: *const #ty = &raw const value.#member;));
    let same = quote!(let _ = |value: &Self| { #(#same)* };);
    let layout = quote! {
        #krate::layout::TypeLayout::structure(
            <Self as #krate::Shared>::NAME,
            ::core::mem::size_of::<Self>(),
            const { &[#(#fields),*] },
        )
    };
    let (quiet, layout, checks) = if generic {
        // Errors go down to the argument that fails.
        (None, quote!(#krate::__derive::checked::<Self>(#layout)), None)
    } else {
        // A list of the user's own types is no help.
        let quiet = quote!(#[diagnostic::do_not_recommend]);
        (Some(quiet), layout, Some(concrete_checks(input, &parts, options)))
    };
    let field_impl = field_impl(ident, &bounded, krate);
    Ok(quote! {
        #[automatically_derived]
        #quiet
        unsafe impl #impl_generics #krate::Shared for #ident #args #predicates {
            const NAME: #krate::layout::TypeName = #name;
            const LAYOUT: &'static #krate::layout::TypeLayout = {
                #same
                &#layout
            };
        }
        #field_impl
        #checks
    })
}

/// Makes the type a field of roots, seen by reference.
pub(crate) fn field_impl(ident: &Ident, generics: &Generics, krate: &Path) -> TokenStream {
    let (impl_generics, args, predicates) = generics.split_for_impl();
    let quiet = generics.params.is_empty().then(|| quote!(#[diagnostic::do_not_recommend]));
    // SAFETY (of what is emitted): the extent is the size of the type; any bytes are a valid value, zero too; the view
    // reads nothing, and its caller promises what `plain` asks for.
    quote! {
        #[automatically_derived]
        #quiet
        unsafe impl #impl_generics #krate::Field for #ident #args #predicates {
            type View<'session> = &'session Self;
            const EXTENT: #krate::layout::Extent = #krate::layout::Extent::plain(
                ::core::mem::size_of::<Self>(),
                ::core::mem::align_of::<Self>(),
            );
            const KIND: #krate::layout::FieldKind = #krate::layout::FieldKind::plain::<Self>();

            unsafe fn view<'session>(
                seat: &#krate::__derive::Seat<'session>,
                at: #krate::layout::Place,
            ) -> &'session Self {
                unsafe { #krate::__derive::plain(seat, at) }
            }
        }
    }
}

/// The checks of a concrete type. They ask its layout, so that they are silent where that is wrong already.
fn concrete_checks(input: &DeriveInput, parts: &[Part], options: &Options) -> TokenStream {
    let (ident, krate) = (&input.ident, &options.krate);
    let check = |span: Span, at: usize, check: &str| {
        let check = Ident::new(check, Span::call_site());
        quote_spanned! {span=>
            let _: () = <() as #krate::__derive::#check<#ident, { <#ident as #krate::Shared>::LAYOUT.padding(#at) }>>::OK;
        }
    };
    let gaps = parts.iter().enumerate().map(|(at, part)| check(part.span, at, "NoGap"));
    let tail = check(ident.span(), parts.len(), "NoTail");
    quote_spanned! {ident.span()=>
        const _: () = {
            #(#gaps)*
            #tail
            let _: () = <() as #krate::__derive::NoDrop<
                #ident,
                { let _ = <#ident as #krate::Shared>::LAYOUT; ::core::mem::needs_drop::<#ident>() as usize },
            >>::OK;
        };
    }
}

fn expand_enum(input: &DeriveInput, data: &DataEnum, repr: &Repr, options: &Options) -> Result<TokenStream> {
    let (ident, krate) = (&input.ident, &options.krate);
    if let Some(variant) = data.variants.iter().find(|variant| !variant.fields.is_empty()) {
        return Err(Error::new_spanned(
            variant,
            "a variant with fields leaves bytes without a value; use a struct with a number that says which",
        ));
    }
    let int = repr.int.as_deref().unwrap_or("u8");
    let count = data.variants.len();
    if int != "u8" || count != BYTE_VALUES {
        let variants = if count == 1 { "variant" } else { "variants" };
        return Err(Error::new_spanned(
            ident,
            format!(
                "`{ident}` has {count} {variants}, so most `{int}` values would be invalid; \
                 store the `{int}` and convert with `TryFrom`"
            ),
        ));
    }
    if repr.int.is_none() {
        return Err(Error::new_spanned(
            ident,
            format!("the compiler chooses the values of `{ident}`; add `#[repr(u8)]`"),
        ));
    }
    if repr.align {
        return Err(Error::new_spanned(
            ident,
            format!("an alignment makes padding after the byte of `{ident}`; align the struct that it is in"),
        ));
    }
    let name = &options.name;
    let variants = data.variants.iter().map(|variant| {
        let ident = &variant.ident;
        let name = ident.to_string();
        quote!(#krate::layout::VariantLayout { name: #name, value: Self::#ident as u8 })
    });
    let field_impl = field_impl(ident, &input.generics, krate);
    Ok(quote! {
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        unsafe impl #krate::Shared for #ident {
            const NAME: #krate::layout::TypeName = #krate::layout::TypeName::plain(#name);
            const LAYOUT: &'static #krate::layout::TypeLayout = &#krate::layout::TypeLayout::leaf(
                <Self as #krate::Shared>::NAME,
                1,
                #krate::layout::TypeKind::Enum { variants: const { &[#(#variants),*] } },
            );
        }
        #field_impl
        const _: () = <() as #krate::__derive::NoDrop<#ident, { ::core::mem::needs_drop::<#ident>() as usize }>>::OK;
    })
}
