//! Layouts and fingerprints: what changes them, what does not, and what zerocopy and bytemuck say of the same structs.
#![cfg(not(loom))]
#![expect(clippy::disallowed_types, reason = "names the atomics that users may place in shared memory")]
#![expect(unreachable_pub, reason = "definitions stand in modules as they would in crates")]

use core::{mem::align_of, num::NonZero, sync::atomic::AtomicU32};

use pool_core::geometry::Geometry;
use pool_typed::{
    AtomicObjId, Bytemuck, Field, ObjId, Pool, Root, Shared, Zerocopy,
    layout::{Difference, FieldKind, Fingerprint, TypeKind, TypeLayout, first_difference},
};

/// Definitions that other modules repeat or vary.
mod one {
    use pool_typed::{ObjId, Pool, Root, Shared};

    #[derive(Shared)]
    #[repr(C)]
    pub struct Message {
        pub seq: u64,
        pub len: u32,
        pub kind: u32,
        pub body: [u8; 48],
    }

    #[derive(Shared)]
    #[repr(C)]
    pub struct Node {
        pub key: u64,
        pub next: Option<ObjId<Self>>,
        pub message: Option<ObjId<Message>>,
    }

    #[derive(Shared)]
    #[repr(C)]
    pub struct Pair<A, B, const N: usize = 1> {
        pub first: [A; N],
        pub second: B,
    }

    #[derive(Root)]
    #[repr(C)]
    pub struct World {
        pub messages: Pool<Message, 64>,
        pub nodes: Pool<Node, 128>,
    }
}

fn type_of<T: Shared>() -> Fingerprint {
    T::LAYOUT.fingerprint
}

fn root_of<R: Root>() -> Fingerprint {
    R::LAYOUT.fingerprint
}

/// Why a region with `Theirs` is refused by a program with `Ours`.
fn refused<Ours: Root, Theirs: Root>() -> String {
    assert_ne!(root_of::<Ours>(), root_of::<Theirs>());
    let (ours, theirs) = (Ours::LAYOUT.describe(), Theirs::LAYOUT.describe());
    first_difference(&ours, &theirs).as_ref().map_or_else(|| "nothing".to_owned(), Difference::to_string)
}

#[test]
fn an_identical_definition_elsewhere_is_the_same() {
    mod two {
        use pool_typed::{ObjId, Pool, Root, Shared};

        #[derive(Shared)]
        #[repr(C)]
        pub struct Message {
            seq: u64,
            len: u32,
            kind: u32,
            body: [u8; 48],
        }

        #[derive(Shared)]
        #[repr(C)]
        pub struct Node {
            key: u64,
            next: Option<ObjId<Self>>,
            message: Option<ObjId<Message>>,
        }

        #[derive(Root)]
        #[repr(C)]
        pub struct World {
            messages: Pool<Message, 64>,
            nodes: Pool<Node, 128>,
        }
    }
    assert_eq!(type_of::<one::Message>(), type_of::<two::Message>());
    assert_eq!(type_of::<one::Node>(), type_of::<two::Node>());
    assert_eq!(root_of::<one::World>(), root_of::<two::World>());
    assert_eq!(one::World::LAYOUT.describe(), two::World::LAYOUT.describe());
}

#[test]
fn every_change_of_a_struct_changes_its_fingerprint() {
    /// The same message with other fields.
    macro_rules! varied {
        ($($module:ident: $($field:ident: $ty:ty),*;)*) => {{
            $(mod $module {
                #[derive(pool_typed::Shared)]
                #[repr(C)]
                pub struct Message { $(pub $field: $ty),* }
            })*
            [type_of::<one::Message>(), $(type_of::<$module::Message>()),*]
        }};
    }
    let all = varied! {
        swapped: seq: u64, kind: u32, len: u32, body: [u8; 48];
        renamed: seq: u64, size: u32, kind: u32, body: [u8; 48];
        signed: seq: u64, len: i32, kind: u32, body: [u8; 48];
        atomic: seq: u64, len: core::sync::atomic::AtomicU32, kind: u32, body: [u8; 48];
        float: seq: u64, len: f32, kind: u32, body: [u8; 48];
        optional: seq: Option<core::num::NonZero<u64>>, len: u32, kind: u32, body: [u8; 48];
        longer: seq: u64, len: u32, kind: u32, body: [u8; 56];
        words: seq: u64, len: u32, kind: u32, body: [u16; 24];
        nested: seq: u64, len: u32, kind: u32, body: [[u8; 24]; 2];
        merged: seq: u64, both: u64, body: [u8; 48];
        handle: seq: Option<pool_typed::ObjId<u64>>, len: u32, kind: u32, body: [u8; 48];
        handle_of_another: seq: Option<pool_typed::ObjId<i64>>, len: u32, kind: u32, body: [u8; 48];
        cell: seq: pool_typed::AtomicObjId<u64>, len: u32, kind: u32, body: [u8; 48];
    };
    all_differ(&all);
}

#[test]
fn the_name_counts_and_can_be_kept() {
    #[derive(Shared)]
    #[repr(C)]
    struct Packet {
        seq: u64,
        len: u32,
        kind: u32,
        body: [u8; 48],
    }
    #[derive(Shared)]
    #[shared(name = "Message")]
    #[repr(C)]
    struct Kept {
        seq: u64,
        len: u32,
        kind: u32,
        body: [u8; 48],
    }
    assert_ne!(type_of::<one::Message>(), type_of::<Packet>());
    assert_eq!(type_of::<one::Message>(), type_of::<Kept>());
}

#[test]
fn generic_arguments_count() {
    use one::Pair;
    all_differ(&[
        type_of::<Pair<u32, u32>>(),
        type_of::<Pair<i32, u32>>(),
        type_of::<Pair<u32, i32>>(),
        type_of::<Pair<u32, u32, 2>>(),
        type_of::<Pair<one::Message, u64>>(),
    ]);
    assert_eq!(Pair::<[u16; 2], u32, 3>::NAME.to_string(), "Pair<[u16; 2], u32, 3>");
}

#[test]
fn repr_transparent_is_a_layout_of_its_own_name_only() {
    mod transparent {
        #[derive(pool_typed::Shared)]
        #[repr(transparent)]
        pub struct Outgoing(u64);
    }
    #[derive(Shared)]
    #[repr(C)]
    struct Outgoing(u64);
    assert_eq!(type_of::<transparent::Outgoing>(), type_of::<Outgoing>());
}

#[test]
fn every_change_of_a_root_changes_its_fingerprint() {
    macro_rules! varied {
        ($($module:ident: $($field:ident: $ty:ty),*;)*) => {{
            $(mod $module {
                use super::one::{Message, Node};
                use pool_typed::{AtomicObjId, Pool};

                #[derive(pool_typed::Root)]
                #[repr(C)]
                pub struct World { $(pub $field: $ty),* }

                // Each variant uses some of them.
                const _: Option<(Pool<Message, 1>, Pool<Node, 1>, AtomicObjId<Message>)> = None;
            })*
            [root_of::<one::World>(), $(root_of::<$module::World>()),*]
        }};
    }
    let all = varied! {
        swapped: nodes: Pool<Node, 128>, messages: Pool<Message, 64>;
        renamed: letters: Pool<Message, 64>, nodes: Pool<Node, 128>;
        larger: messages: Pool<Message, 128>, nodes: Pool<Node, 128>;
        smaller_at_the_end: messages: Pool<Message, 64>, nodes: Pool<Node, 64>;
        of_another_type: messages: Pool<u64, 64>, nodes: Pool<Node, 128>;
        with_a_cell: messages: Pool<Message, 64>, nodes: Pool<Node, 128>, inbox: AtomicObjId<Message>;
        with_a_number: messages: Pool<Message, 64>, nodes: Pool<Node, 128>, inbox: u64;
        nested: messages: super::one::World, nodes: Pool<Node, 128>;
        alone: messages: Pool<Message, 64>;
    };
    all_differ(&all);
    all_differ(&[root_of::<Pool<u64, 64>>(), root_of::<Pool<u64, 128>>(), root_of::<Pool<i64, 64>>()]);
}

#[test]
fn fingerprints_are_the_same_in_every_build() {
    // Where one of these changes, processes of two builds do not fit: that is a new format version.
    assert_eq!(type_of::<u32>().to_string(), "7761eb6249e67fb4");
    assert_eq!(type_of::<one::Message>().to_string(), "2b0ebe630ee44104");
    assert_eq!(type_of::<one::Node>().to_string(), "020e32cffbc6b39b");
}

#[test]
fn the_description_names_everything_once() {
    #[derive(Shared)]
    #[repr(C)]
    struct Line {
        from: Point,
        to: Point,
    }
    #[derive(Shared)]
    #[repr(C)]
    struct Point {
        x: f32,
        y: f32,
    }
    mod other {
        #[derive(pool_typed::Shared)]
        #[repr(C)]
        pub struct Point(u64, [super::Byte; 8]);
    }
    #[derive(Root)]
    #[repr(C)]
    struct World {
        users: AtomicU32,
        colors: [other::Point; 2],
        inbox: AtomicObjId<Line>,
        lines: Pool<Line, 64>,
        inner: Inner<16>,
    }
    #[derive(Root)]
    #[repr(C)]
    struct Inner<const N: usize>
    where
        usize: pool_typed::config::Capacity<N>,
    {
        points: Pool<Point, N>,
    }

    let lines = <Pool<Line, 64> as Field>::EXTENT.bytes.next_multiple_of(64);
    let points = <Pool<Point, 16> as Field>::EXTENT.bytes.next_multiple_of(64);
    let expected = format!(
        "World: root of {} bytes\n\
         World.users: AtomicU32 at 0\n\
         World.colors: [Point#2; 2] at 8\n\
         World.inbox: AtomicObjId<Line> at 40\n\
         World.lines: {} at 64\n\
         World.inner: Inner<16> at {}\n\
         Inner<16>: root of {points} bytes\n\
         Inner<16>.points: {} at 0\n\
         Line: struct of 16 bytes\n\
         Line.from: Point at 0\n\
         Line.to: Point at 8\n\
         Point: struct of 8 bytes\n\
         Point.x: f32 at 0\n\
         Point.y: f32 at 4\n\
         Point#2: struct of 16 bytes\n\
         Point#2.0: u64 at 0\n\
         Point#2.1: [Byte; 8] at 8\n\
         Byte: enum of 1 byte\n\
         Byte.V00: variant 0\n",
        64 + lines + points,
        described("Line", 64, size_of::<Line>()),
        64 + lines,
        described("Point", 16, size_of::<Point>()),
    );
    let text = World::LAYOUT.describe();
    assert!(text.starts_with(&expected), "{text}");
    assert!(text.ends_with("Byte.Vff: variant 255\n"), "{text}");

    let bare = <Pool<Point, 64> as Root>::LAYOUT.describe();
    let bytes = <Pool<Point, 64> as Field>::EXTENT.bytes;
    let point = "Point: struct of 8 bytes\nPoint.x: f32 at 0\nPoint.y: f32 at 4\n";
    assert_eq!(bare, format!("{}: root of {bytes} bytes\n{point}", described("Point", 64, size_of::<Point>())));
}

/// How the layout speaks of a pool of so many items of this size, where their alignment is not above that of the words.
fn described(item: &str, capacity: u32, size: usize) -> String {
    let geometry = Geometry::new(capacity.ilog2(), size, 8);
    let (bytes, from) = (1u64 << geometry.stride_log2, geometry.slots);
    format!("Pool<{item}, {capacity}> with slots of {bytes} from {from}")
}

/// Two builds that differ in nothing but the alignment of an item put its objects at different places.
#[test]
fn another_alignment_that_moves_the_objects_is_another_layout() {
    mod wider {
        use pool_typed::Shared;

        #[derive(Shared)]
        #[repr(C, align(128))]
        pub struct Block {
            body: [u64; 16],
        }
    }
    #[derive(Shared)]
    #[repr(C)]
    struct Block {
        body: [u64; 16],
    }
    assert_eq!(Block::LAYOUT.fingerprint, wider::Block::LAYOUT.fingerprint);
    let (ours, theirs) = (<Pool<Block, 8> as Root>::LAYOUT, <Pool<wider::Block, 8> as Root>::LAYOUT);
    assert_ne!(ours.fingerprint, theirs.fingerprint);
    let found = refused::<Pool<Block, 8>, Pool<wider::Block, 8>>();
    assert!(found.contains("with slots of 128 from 320") && found.contains("from 384"), "{found}");
}

#[test]
fn a_difference_points_at_its_cause() {
    mod newer {
        use pool_typed::{ObjId, Pool, Root, Shared};

        #[derive(Shared)]
        #[repr(C)]
        pub struct Message {
            seq: u64,
            len: u32,
            kind: u32,
            body: [u8; 112],
        }

        #[derive(Root)]
        #[repr(C)]
        pub struct World {
            messages: Pool<Message, 64>,
            nodes: Pool<super::one::Node, 128>,
        }

        #[derive(Shared)]
        #[repr(C)]
        pub struct Link {
            pub to: Option<ObjId<Message>>,
        }
    }
    assert_eq!(
        refused::<one::World, newer::World>(),
        "expected `Message.body: [u8; 48] at 16`, found `Message.body: [u8; 112] at 16`"
    );
    assert_eq!(
        refused::<Pool<newer::Link, 64>, Pool<newer::Link, 128>>(),
        format!(
            "expected `{}: root of {} bytes`, found `{}: root of {} bytes`",
            described("Link", 64, size_of::<newer::Link>()),
            <Pool<newer::Link, 64> as Field>::EXTENT.bytes,
            described("Link", 128, size_of::<newer::Link>()),
            <Pool<newer::Link, 128> as Field>::EXTENT.bytes,
        )
    );
}

#[test]
fn handles_are_eight_bytes() {
    const fn size_and_align<T>() -> (usize, usize) {
        (size_of::<T>(), align_of::<T>())
    }
    let eight = (8, align_of::<u64>());
    assert_eq!(size_and_align::<ObjId<one::Message>>(), eight);
    assert_eq!(size_and_align::<Option<ObjId<one::Message>>>(), eight);
    assert_eq!(size_and_align::<ObjId<str>>(), eight);
    assert_eq!(size_and_align::<AtomicObjId<one::Message>>(), (8, 8));
    let TypeKind::Handle { target } = AtomicObjId::<one::Message>::LAYOUT.kind else { panic!("not a handle") };
    assert_eq!(target, one::Message::NAME);
    assert!(matches!(<AtomicObjId<one::Message> as Field>::KIND, FieldKind::Handle { .. }));
}

macro_rules! bytes {
    ($($variant:ident)*) => {
        /// An enum without an invalid value.
        #[derive(Clone, Copy, Debug, PartialEq, Shared, zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::Immutable)]
        #[repr(u8)]
        enum Byte { $($variant),* }
    };
}

bytes! {
    V00 V01 V02 V03 V04 V05 V06 V07 V08 V09 V0a V0b V0c V0d V0e V0f V10 V11 V12 V13
    V14 V15 V16 V17 V18 V19 V1a V1b V1c V1d V1e V1f V20 V21 V22 V23 V24 V25 V26 V27
    V28 V29 V2a V2b V2c V2d V2e V2f V30 V31 V32 V33 V34 V35 V36 V37 V38 V39 V3a V3b
    V3c V3d V3e V3f V40 V41 V42 V43 V44 V45 V46 V47 V48 V49 V4a V4b V4c V4d V4e V4f
    V50 V51 V52 V53 V54 V55 V56 V57 V58 V59 V5a V5b V5c V5d V5e V5f V60 V61 V62 V63
    V64 V65 V66 V67 V68 V69 V6a V6b V6c V6d V6e V6f V70 V71 V72 V73 V74 V75 V76 V77
    V78 V79 V7a V7b V7c V7d V7e V7f V80 V81 V82 V83 V84 V85 V86 V87 V88 V89 V8a V8b
    V8c V8d V8e V8f V90 V91 V92 V93 V94 V95 V96 V97 V98 V99 V9a V9b V9c V9d V9e V9f
    Va0 Va1 Va2 Va3 Va4 Va5 Va6 Va7 Va8 Va9 Vaa Vab Vac Vad Vae Vaf Vb0 Vb1 Vb2 Vb3
    Vb4 Vb5 Vb6 Vb7 Vb8 Vb9 Vba Vbb Vbc Vbd Vbe Vbf Vc0 Vc1 Vc2 Vc3 Vc4 Vc5 Vc6 Vc7
    Vc8 Vc9 Vca Vcb Vcc Vcd Vce Vcf Vd0 Vd1 Vd2 Vd3 Vd4 Vd5 Vd6 Vd7 Vd8 Vd9 Vda Vdb
    Vdc Vdd Vde Vdf Ve0 Ve1 Ve2 Ve3 Ve4 Ve5 Ve6 Ve7 Ve8 Ve9 Vea Veb Vec Ved Vee Vef
    Vf0 Vf1 Vf2 Vf3 Vf4 Vf5 Vf6 Vf7 Vf8 Vf9 Vfa Vfb Vfc Vfd Vfe Vff
}

#[test]
fn an_enum_of_all_values_is_plain_data() {
    assert_eq!(Byte::LAYOUT.size, 1);
    let TypeKind::Enum { variants } = Byte::LAYOUT.kind else { panic!("not an enum") };
    assert_eq!(variants.len(), 256);
    assert!(variants.iter().enumerate().all(|(at, variant)| usize::from(variant.value) == at));
    let byte: Byte = zerocopy::transmute!(0xabu8);
    assert_eq!(byte, Byte::Vab);
}

/// Structs that derive the traits of all three crates: `Shared` accepts nothing that the others would refuse.
mod corpus {
    use core::num::{NonZero, NonZeroU32};

    use bytemuck::{Pod, Zeroable};
    use pool_typed::Shared;
    use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

    macro_rules! plain {
        ($($(#[$repr:meta])* $name:ident { $($field:ident: $ty:ty),* $(,)? })*) => {
            $(
                #[derive(Clone, Copy, Shared, FromBytes, IntoBytes, Immutable, KnownLayout, Pod, Zeroable)]
                $(#[$repr])*
                pub struct $name { $(pub $field: $ty),* }
            )*

            /// The name, the layout, and the size for each.
            pub const ALL: &[(&str, &pool_typed::layout::TypeLayout, usize)] =
                &[$((stringify!($name), <$name as Shared>::LAYOUT, size_of::<$name>())),*];

            /// Whether all three read the same values from the same bytes, and give the same bytes back.
            pub fn agree(bytes: &[u8]) {
                $({
                    let bytes = &bytes[..size_of::<$name>()];
                    let theirs: $name = bytemuck::pod_read_unaligned(bytes);
                    let value = $name::read_from_bytes(bytes).expect("any bytes are a value");
                    assert_eq!(value.as_bytes(), bytes, stringify!($name));
                    assert_eq!(bytemuck::bytes_of(&theirs), bytes, stringify!($name));
                })*
            }
        };
    }

    plain! {
        #[repr(C)] Message { seq: u64, len: u32, kind: u32, body: [u8; 48] }
        #[repr(C)] Bytes { a: u8, b: i8, c: [u8; 3] }
        #[repr(C)] Falling { a: u128, b: i64, c: f64, d: u32, e: f32, f: u16, g: i16, h: [u8; 4] }
        #[repr(C)] Rising { a: u8, b: i8, c: u16, d: u32, e: u64 }
        #[repr(C)] Nested { one: Message, two: [Rising; 3] }
        #[repr(C)] Optional { a: Option<NonZero<u64>>, b: Option<NonZeroU32>, c: [Option<NonZero<u16>>; 2] }
        #[repr(C, packed)] Packed { a: u8, b: u64, c: u16 }
        #[repr(C, packed(2))] Packed2 { a: u16, b: u64, c: [u8; 2] }
        #[repr(C, align(16))] Aligned { a: [u64; 2] }
        #[repr(transparent)] Outgoing { message: Message }
        #[repr(C)] Deep { a: [[[u16; 2]; 2]; 2], b: [Bytes; 8] }
    }
}

/// Fields follow each other without a gap, from the first byte to the last.
fn assert_dense(layout: &TypeLayout) {
    let mut end = 0;
    for field in layout.fields {
        assert_eq!(field.offset, end, "{}.{}", layout.name, field.name);
        end += field.ty.size;
        assert_dense(field.ty);
    }
    if let TypeKind::Array { item, len } = layout.kind {
        end = item.size * len;
    }
    assert!(end == layout.size || layout.fields.is_empty(), "{}", layout.name);
}

#[test]
fn layouts_are_what_the_compiler_made() {
    for &(name, layout, size) in corpus::ALL {
        assert_eq!(layout.name.to_string(), name);
        assert_eq!(layout.size, size, "{name}");
        assert!(!layout.fields.is_empty(), "{name}");
        assert_dense(layout);
    }
    let fingerprints: Vec<_> = corpus::ALL.iter().map(|(_, layout, _)| layout.fingerprint).collect();
    all_differ(&fingerprints);
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_a_value_for_all_three(bytes in proptest::collection::vec(proptest::num::u8::ANY, 256)) {
        corpus::agree(&bytes);
    }
}

#[test]
fn foreign_types_are_known_by_size_or_by_the_name_of_a_wrapper() {
    #[derive(Shared)]
    #[repr(transparent)]
    struct Address(Zerocopy<[u8; 16]>);
    #[derive(Shared)]
    #[repr(transparent)]
    struct Token(Zerocopy<[u8; 16]>);

    assert_eq!(Zerocopy::<[u8; 16]>::NAME.to_string(), "Zerocopy<16>");
    assert_eq!(Bytemuck::<[u32; 2]>::NAME.to_string(), "Bytemuck<8>");
    assert_eq!(type_of::<Zerocopy<[u8; 16]>>(), type_of::<Zerocopy<[u16; 8]>>());
    all_differ(&[
        type_of::<Zerocopy<[u8; 16]>>(),
        type_of::<Bytemuck<[u8; 16]>>(),
        type_of::<Zerocopy<[u8; 8]>>(),
        type_of::<Address>(),
        type_of::<Token>(),
        type_of::<Option<NonZero<u128>>>(),
    ]);
    assert_eq!(align_of::<Zerocopy<u64>>(), align_of::<u64>());
}

fn all_differ(fingerprints: &[Fingerprint]) {
    for (at, one) in fingerprints.iter().enumerate() {
        for (other, found) in fingerprints.iter().enumerate().skip(at + 1) {
            assert_ne!(one, found, "{at} and {other}");
        }
    }
}
