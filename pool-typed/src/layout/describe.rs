//! The layout as text.
//!
//! ```text
//! World: root of 53248 bytes
//! World.messages: Pool<Message, 1024> with slots of 64 from 17024 at 0
//! World.inbox: AtomicObjId<Message> at 53184
//! Message: struct of 64 bytes
//! Message.seq: u64 at 0
//! Message.body: [u8; 56] at 8
//! ```
//!
//! Every line stands for itself: what it is about, a colon, what it is. So lines can be looked up and compared one by
//! one. A root or a struct is listed before everything that it is made of, and once. Numbers, arrays and handles are
//! not listed: their names say all. Where two different types have one name, the later ones are `Message#2`,
//! `Message#3`. The sources of handles are numbered in the order of the lines of each root, from 1.

use core::fmt::Write as _;

use super::{FieldKind, Fingerprint, RootField, RootLayout, TypeKind, TypeLayout, TypeName};

impl RootLayout {
    /// Writes the layout as text: what a region carries, and what errors compare.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut sections = Sections(Vec::new());
        sections.root(self);
        // Collected from the leaves up, so the reverse lists everything before its parts.
        sections.0.reverse();
        let mut text = String::new();
        for at in 0..sections.0.len() {
            sections.write(at, &mut text);
        }
        text
    }
}

/// What has lines of its own.
#[derive(Clone, Copy)]
enum Section {
    Root(&'static [RootField], TypeName, usize, Fingerprint),
    Type(&'static TypeLayout),
}

impl Section {
    fn name(&self) -> TypeName {
        match self {
            Self::Root(_, name, ..) => *name,
            Self::Type(layout) => layout.name,
        }
    }

    fn fingerprint(&self) -> Fingerprint {
        match self {
            Self::Root(.., fingerprint) => *fingerprint,
            Self::Type(layout) => layout.fingerprint,
        }
    }
}

struct Sections(Vec<Section>);

impl Sections {
    fn root(&mut self, root: &RootLayout) {
        if self.has(root.fingerprint) {
            return;
        }
        for field in root.fields {
            match &field.kind {
                FieldKind::Pool(pool) => self.ty(pool.item),
                FieldKind::Plain(layout) => self.ty(layout),
                FieldKind::Handle { .. } => {}
                FieldKind::Root(inner) => self.root(inner),
            }
        }
        self.0.push(Section::Root(root.fields, root.name, root.extent.bytes, root.fingerprint));
    }

    fn ty(&mut self, layout: &'static TypeLayout) {
        match layout.kind {
            TypeKind::Array { item, .. } => self.ty(item),
            TypeKind::Primitive | TypeKind::Handle { .. } => {}
            TypeKind::Struct | TypeKind::Enum { .. } | TypeKind::Foreign => {
                if !self.has(layout.fingerprint) {
                    for field in layout.fields {
                        self.ty(field.ty);
                    }
                    self.0.push(Section::Type(layout));
                }
            }
        }
    }

    fn has(&self, fingerprint: Fingerprint) -> bool {
        self.0.iter().any(|section| section.fingerprint() == fingerprint)
    }

    fn write(&self, at: usize, text: &mut String) {
        let section = &self.0[at];
        let name = self.unique(section.name(), section.fingerprint());
        match section {
            // A bare pool: the root has no name of its own.
            Section::Root([RootField { name: "", kind, .. }], _, bytes, _) => {
                line(text, format_args!("{}: root of {bytes} bytes", self.kind(kind)));
            }
            Section::Root(fields, _, bytes, _) => {
                line(text, format_args!("{name}: root of {bytes} bytes"));
                for field in *fields {
                    let (kind, offset) = (self.kind(&field.kind), field.place.offset);
                    line(text, format_args!("{name}.{}: {kind} at {offset}", field.name));
                }
            }
            Section::Type(layout) => self.write_type(&name, layout, text),
        }
    }

    fn write_type(&self, name: &str, layout: &TypeLayout, text: &mut String) {
        let kind = match layout.kind {
            TypeKind::Enum { .. } => "enum",
            TypeKind::Foreign => "foreign type",
            _ => "struct",
        };
        let bytes = if layout.size == 1 { "byte" } else { "bytes" };
        line(text, format_args!("{name}: {kind} of {} {bytes}", layout.size));
        for field in layout.fields {
            let ty = self.ty_name(field.ty);
            line(text, format_args!("{name}.{}: {ty} at {}", field.name, field.offset));
        }
        if let TypeKind::Enum { variants } = layout.kind {
            for variant in variants {
                line(text, format_args!("{name}.{}: variant {}", variant.name, variant.value));
            }
        }
    }

    fn kind(&self, kind: &FieldKind) -> String {
        match kind {
            FieldKind::Pool(pool) => {
                let (item, capacity) = (self.ty_name(pool.item), 1u64 << pool.slots_log2);
                let (bytes, from) = (1u64 << pool.geometry.stride_log2, pool.geometry.slots);
                format!("Pool<{item}, {capacity}> with slots of {bytes} from {from}")
            }
            FieldKind::Plain(layout) => self.ty_name(layout),
            FieldKind::Handle { target } => format!("AtomicObjId<{target}>"),
            FieldKind::Root(inner) => self.unique(inner.name, inner.fingerprint),
        }
    }

    fn ty_name(&self, layout: &TypeLayout) -> String {
        match layout.kind {
            TypeKind::Array { item, len } => format!("[{}; {len}]", self.ty_name(item)),
            _ => self.unique(layout.name, layout.fingerprint),
        }
    }

    /// The name, with a number where it is not the first one of its kind.
    fn unique(&self, name: TypeName, fingerprint: Fingerprint) -> String {
        let mut namesakes = self.0.iter().filter(|section| section.name() == name);
        match namesakes.position(|section| section.fingerprint() == fingerprint) {
            None | Some(0) => name.to_string(),
            Some(earlier) => format!("{name}#{}", earlier + 1),
        }
    }
}

fn line(text: &mut String, line: core::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{line}");
}
