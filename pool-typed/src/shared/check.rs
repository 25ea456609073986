//! The checks of `#[derive(Shared)]`: for concrete types as traits, whose failing is an error on `cargo check` with a text of
//! its own; for generic types as constants, which fail where a pool or a root of the type is built.

/// `(): NoGap<M, BYTES>`: no bytes lie unused before a field of `M`.
#[diagnostic::on_unimplemented(
    message = "{BYTES} byte(s) of padding before a field of `{M}`",
    label = "{BYTES} byte(s) of padding precede this field",
    note = "order the fields by decreasing alignment, or add a field `_pad: [u8; {BYTES}]` before this one"
)]
pub trait NoGap<M: ?Sized, const BYTES: usize> {
    /// Exists where the check passes.
    const OK: () = ();
}

#[diagnostic::do_not_recommend]
impl<M: ?Sized> NoGap<M, 0> for () {}

/// `(): NoTail<M, BYTES>`: no bytes lie unused at the end of `M`.
#[diagnostic::on_unimplemented(
    message = "{BYTES} byte(s) of padding at the end of `{M}`",
    label = "ends with {BYTES} byte(s) of padding",
    note = "add a last field `_pad: [u8; {BYTES}]`"
)]
pub trait NoTail<M: ?Sized, const BYTES: usize> {
    /// Exists where the check passes.
    const OK: () = ();
}

#[diagnostic::do_not_recommend]
impl<M: ?Sized> NoTail<M, 0> for () {}

/// `(): NoDrop<M, HAS>`: `M` has no destructor.
#[diagnostic::on_unimplemented(
    message = "`{M}` has a destructor, and no process could run it for all others; free what it owns by hand",
    label = "implements `Drop`"
)]
pub trait NoDrop<M: ?Sized, const HAS: bool> {
    /// Exists where the check passes.
    const OK: () = ();
}

#[diagnostic::do_not_recommend]
impl<M: ?Sized> NoDrop<M, false> for () {}

/// The largest alignment of a type in shared memory: that of a page, which is all that a mapping promises.
const LARGEST_ALIGNMENT: usize = 4096;

/// Refuses types without a size.
pub const fn has_size<T>() {
    assert!(
        size_of::<T>() != 0,
        "a type of size 0 has nothing to share; leave the field out, or give the type a field"
    );
}

/// Refuses types that a mapping cannot align.
pub const fn alignment<T>() {
    assert!(
        align_of::<T>() <= LARGEST_ALIGNMENT,
        "shared memory is aligned to pages of 4096 bytes; use a smaller alignment"
    );
}

/// Refuses types with a destructor.
pub const fn no_destructor<T>() {
    assert!(
        !core::mem::needs_drop::<T>(),
        "a type in shared memory has no destructor: no process could run it for all others"
    );
}

/// Refuses padding before a field (or, without a name, at the end) of a generic type.
pub const fn no_padding(bytes: usize, ty: &str, field: Option<&str>) {
    if bytes != 0 {
        let text = Text::new().number(bytes);
        let text = match field {
            Some(field) => text.push(" byte(s) of padding before the field `").push(field).push("` of `"),
            None => text.push(" byte(s) of padding at the end of `"),
        };
        panic!("{}", text.push(ty).push("`; add a field of so many bytes there").as_str());
    }
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

    #[test]
    fn no_padding_is_fine() {
        no_padding(0, "M", Some("a"));
    }

    #[test]
    #[should_panic = "12 byte(s) of padding before the field `len` of `Pair`; add a field of so many bytes there"]
    fn padding_says_where_and_how_much() {
        no_padding(12, "Pair", Some("len"));
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(Text::new().push(&"ä".repeat(300)).as_str(), "?".repeat(256));
    }
}
