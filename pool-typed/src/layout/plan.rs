//! Where the fields of a root stand.
//!
//! A root is laid out from the extents of its fields, not from the Rust struct: a pool takes up another shape in a
//! region than as a value. Three things are counted side by side: bytes of the region, ordinals of the sources of
//! handles, and bytes of a session's private memory.

/// The most sources of handles (pools, ..) that a region can have: a handle has 8 bits for the ordinal, and 0 is no
/// ordinal.
pub const MAX_SOURCES: u32 = 255;

const _: () = assert!(MAX_SOURCES == pool_core::handle::MAX_SOURCE);

/// What a field of a root takes up, in the region and beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Bytes of the region.
    pub bytes: usize,
    /// Their alignment, a power of two.
    pub align: usize,
    /// How many sources of handles it is.
    pub sources: u32,
    /// Bytes of a session's private memory, a multiple of 64.
    pub private: usize,
}

/// Where a field stands: seen from the root that it is a field of, or (with all roots around it added by
/// [`Place::within`]) from the start of the region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its first byte.
    pub offset: usize,
    /// Its first source. The first one of a region has the ordinal 1.
    pub source: u32,
    /// Its first byte of a session's private memory.
    pub private: usize,
}

impl Extent {
    /// The extent of plain memory.
    #[must_use]
    pub const fn plain(bytes: usize, align: usize) -> Self {
        Self { bytes, align, sources: 0, private: 0 }
    }
}

impl Place {
    /// Returns where something stands that is at `inner` within what stands here.
    #[must_use]
    pub const fn within(self, inner: Self) -> Self {
        Self {
            offset: self.offset + inner.offset,
            source: self.source + inner.source,
            private: self.private + inner.private,
        }
    }
}

/// Lays fields out one after the other, in the order of their declaration, each at its alignment.
///
/// Returns the places, seen from the first byte, and what all of them take up together.
///
/// # Panics
///
/// Where the fields are larger than the address space: in a constant, so that the program does not compile.
#[must_use]
pub const fn plan<const K: usize>(fields: [Extent; K]) -> ([Place; K], Extent) {
    let mut places = [Place { offset: 0, source: 0, private: 0 }; K];
    let mut whole = Extent::plain(0, 1);
    let mut at = 0;
    while at < K {
        let field = fields[at];
        let offset = align_up(whole.bytes, field.align);
        places[at] = Place { offset, source: whole.sources, private: whole.private };
        whole = Extent {
            bytes: add(offset, field.bytes),
            align: if field.align > whole.align { field.align } else { whole.align },
            sources: whole.sources + field.sources,
            private: add(whole.private, align_up(field.private, 64)),
        };
        at += 1;
    }
    whole.bytes = align_up(whole.bytes, whole.align);
    (places, whole)
}

const fn align_up(bytes: usize, align: usize) -> usize {
    match bytes.checked_next_multiple_of(align) {
        Some(sum) => sum,
        None => panic!("the root is larger than the address space"),
    }
}

const fn add(bytes: usize, more: usize) -> usize {
    match bytes.checked_add(more) {
        Some(sum) => sum,
        None => panic!("the root is larger than the address space"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_in_order_each_at_its_alignment() {
        let pool = Extent { bytes: 100, align: 64, sources: 1, private: 128 };
        let (places, whole) = plan([Extent::plain(3, 1), pool, Extent::plain(8, 8), pool]);
        let place = |offset, source, private| Place { offset, source, private };
        assert_eq!(places, [place(0, 0, 0), place(64, 0, 0), place(168, 1, 128), place(192, 1, 128)]);
        assert_eq!(whole, Extent { bytes: 320, align: 64, sources: 2, private: 256 });
    }

    #[test]
    fn places_of_nested_roots_add_up() {
        let region = Place { offset: 4096, source: 1, private: 0 };
        let inner = Place { offset: 64, source: 2, private: 128 };
        assert_eq!(region.within(inner), Place { offset: 4160, source: 3, private: 128 });
    }

    #[test]
    fn nothing_takes_up_nothing() {
        assert_eq!(plan([]), ([], Extent::plain(0, 1)));
    }

    #[test]
    #[should_panic = "larger than the address space"]
    fn sizes_do_not_wrap() {
        let _ = plan([Extent::plain(usize::MAX, 1), Extent::plain(1, 1)]);
    }
}
