//! The checks of `#[derive(Shared)]`: for concrete types as traits, whose failing is an error on `cargo check` with a
//! text of its own; for generic types as constants, which fail where a pool or a root of the type is built.

use crate::layout::TypeLayout;

/// `(): NoGap<M, BYTES>`: no bytes lie unused before a field of `M`.
#[diagnostic::on_unimplemented(
    message = "{BYTES} byte(s) of padding before a field of `{M}`",
    label = "{BYTES} byte(s) of padding precede this field",
    note = "order the fields by decreasing alignment, or add a field `_pad: [u8; {BYTES}]` before this one"
)]
pub trait NoGap<M, const BYTES: usize>: sealed::Zero<BYTES> {
    /// Exists where the check passes.
    const OK: () = ();
}

/// `(): NoTail<M, BYTES>`: no bytes lie unused at the end of `M`.
#[diagnostic::on_unimplemented(
    message = "{BYTES} byte(s) of padding at the end of `{M}`",
    label = "ends with {BYTES} byte(s) of padding",
    note = "add a last field `_pad: [u8; {BYTES}]`"
)]
pub trait NoTail<M, const BYTES: usize>: sealed::Zero<BYTES> {
    /// Exists where the check passes.
    const OK: () = ();
}

/// `(): NoDrop<M, DESTRUCTORS>`: `M` itself has no destructor.
#[diagnostic::on_unimplemented(
    message = "`{M}` has a destructor, and no process can run it for all others",
    label = "implements `Drop`",
    note = "remove `impl Drop for {M}`; what an object owns is freed by who takes it out of its pool"
)]
pub trait NoDrop<M, const DESTRUCTORS: usize>: sealed::Zero<DESTRUCTORS> {
    /// Exists where the check passes.
    const OK: () = ();
}

// `M` may be a type of the user's, so the orphan rule does not seal these traits: `Zero` does. The second impl of each
// is for a number that never occurs; with one impl only the compiler would point at it in every error.
macro_rules! checks {
    ($($check:ident)*) => { $(
        #[diagnostic::do_not_recommend]
        impl<M> $check<M, 0> for () {}
        #[diagnostic::do_not_recommend]
        impl<M> $check<M, { usize::MAX }> for () {}
    )* };
}

checks! { NoGap NoTail NoDrop }

mod sealed {
    #[diagnostic::on_unimplemented(
        message = "the checks of `#[derive(Shared)]` are not for others to implement",
        label = "the layout is wrong all the same"
    )]
    pub trait Zero<const NUMBER: usize> {}
    #[diagnostic::do_not_recommend]
    impl Zero<0> for () {}
    #[diagnostic::do_not_recommend]
    impl Zero<{ usize::MAX }> for () {}
}

/// The largest alignment of a type in shared memory: that of a page, which is all that a mapping promises.
#[cfg(any(feature = "bytemuck", feature = "zerocopy"))]
const LARGEST_ALIGNMENT: usize = 4096;

/// Refuses types without a size.
#[track_caller]
pub(crate) const fn has_size<T>() {
    if size_of::<T>() == 0 {
        panic!("a type of size 0 has nothing to share; leave it out");
    }
}

/// Refuses types that a mapping cannot align.
#[cfg(any(feature = "bytemuck", feature = "zerocopy"))]
#[track_caller]
pub(crate) const fn alignment<T>() {
    if align_of::<T>() > LARGEST_ALIGNMENT {
        panic!("shared memory is aligned to pages of 4096 bytes; use a smaller alignment");
    }
}

/// Refuses types with a destructor.
#[track_caller]
pub(crate) const fn no_destructor<T>() {
    if core::mem::needs_drop::<T>() {
        panic!(
            "a type in shared memory has a destructor, and no process can run it for all others; remove `impl Drop`"
        );
    }
}

/// Refuses padding and destructors in a generic type, and returns its layout.
#[track_caller]
pub const fn checked<T>(layout: TypeLayout) -> TypeLayout {
    no_destructor::<T>();
    let mut at = 0;
    while at <= layout.fields.len() {
        let bytes = layout.padding(at);
        if bytes != 0 {
            panic!("{}", padding(&layout, at, bytes).as_str());
        }
        at += 1;
    }
    layout
}

/// Says where a generic type has padding.
const fn padding(layout: &TypeLayout, at: usize, bytes: usize) -> Text {
    let text = Text::new().number(bytes).push(" byte(s) of padding ");
    let text = if at < layout.fields.len() {
        text.push("before the field `").push(layout.fields[at].name).push("` of `")
    } else {
        text.push("at the end of `")
    };
    let text = text.push(layout.name.base).push("`; order its fields by decreasing alignment, or add a field `[u8; ");
    text.number(bytes).push("]` there")
}

/// A text built by the compiler.
struct Text {
    bytes: [u8; 256],
    len: usize,
}

impl Text {
    const fn new() -> Self {
        Self { bytes: [0; 256], len: 0 }
    }

    const fn push(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        let mut at = 0;
        while at < text.len() && self.len < self.bytes.len() {
            // Names beyond ASCII would be cut within a letter where the room ends.
            self.bytes[self.len] = if text[at].is_ascii() { text[at] } else { b'?' };
            self.len += 1;
            at += 1;
        }
        self
    }

    const fn number(self, number: usize) -> Self {
        let digit = [b'0' + (number % 10) as u8];
        let text = if number < 10 { self } else { self.number(number / 10) };
        match core::str::from_utf8(&digit) {
            Ok(digit) => text.push(digit),
            Err(_) => text,
        }
    }

    const fn as_str(&self) -> &str {
        match core::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "padding",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        layout::{FieldLayout, TypeName},
        shared::Shared,
    };

    const BYTE: FieldLayout = FieldLayout { name: "a", offset: 0, ty: <u8 as Shared>::LAYOUT };
    const WORD: FieldLayout = FieldLayout { name: "len", offset: 4, ty: <u32 as Shared>::LAYOUT };

    fn pair(size: usize, fields: &'static [FieldLayout]) {
        let _ = checked::<u64>(TypeLayout::structure(TypeName::plain("Pair"), size, fields));
    }

    #[test]
    fn no_padding_is_fine() {
        pair(1, &[BYTE]);
    }

    #[test]
    #[should_panic = "3 byte(s) of padding before the field `len` of `Pair`; order its fields by decreasing alignment, or"]
    fn padding_says_where_and_how_much() {
        pair(8, &[BYTE, WORD]);
    }

    #[test]
    #[should_panic = "11 byte(s) of padding at the end of `Pair`; order its fields by decreasing alignment, or add a field `[u8; 11]`"]
    fn padding_at_the_end_says_so() {
        pair(12, &[BYTE]);
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(Text::new().push(&"ä".repeat(300)).as_str(), "?".repeat(256));
    }
}
