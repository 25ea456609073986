//! Why two layouts do not fit: the first line in which their descriptions differ, a cause before its consequences.

use core::fmt;
use std::collections::HashMap;

/// The longest part of a foreign line that is shown.
const SHOWN: usize = 160;

/// The first difference between two descriptions. Reads as `expected .., found ..`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// What this build has there.
    pub expected: String,
    /// What the region has there.
    pub found: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, found {}", self.expected, self.found)
    }
}

/// Compares two descriptions (see [`RootLayout::describe`](super::RootLayout::describe)) and returns what a person
/// should look at first, or nothing where they are equal.
///
/// Parts are compared before what they are part of, and fields before sizes: where a field was added to a message, that
/// is the difference, and not the size of the root. `found` may be any text at all.
#[must_use]
pub fn first_difference(expected: &str, found: &str) -> Option<Difference> {
    let (ours, theirs) = (Text::new(expected), Text::new(found));
    if expected == found {
        return None;
    }
    if ours.root() != theirs.root() {
        return Some(difference(expected.lines().next(), found.lines().next(), ours.root()));
    }
    let fields = || ours.bottom_up().filter(|line| line.field);
    let changed = |line: &Line<'_>| theirs.what(line.key).is_some_and(|what| what != line.what);
    // 1. A field that is another one now, or is no more, in something that both have.
    for line in fields().filter(|line| theirs.what(line.section).is_some()) {
        if changed(line) {
            return Some(difference(Some(line.text), theirs.text(line.key), line.key));
        }
        if theirs.what(line.key).is_none() {
            let instead = theirs.new_in(line.section, &ours);
            return Some(difference(Some(line.text), instead, line.key));
        }
    }
    // 2. A field that they have and we have not.
    for line in theirs.bottom_up().filter(|line| line.field && ours.what(line.section).is_some()) {
        if ours.what(line.key).is_none() {
            return Some(difference(None, Some(line.text), line.key));
        }
    }
    // 3. A size.
    if let Some(line) = ours.bottom_up().find(|line| changed(line)) {
        return Some(difference(Some(line.text), theirs.text(line.key), line.key));
    }
    // 4. Anything else, such as another order of the lines.
    let pair = expected.lines().zip(found.lines()).find(|(ours, theirs)| ours != theirs);
    let (ours, theirs) = pair.map_or((None, None), |(ours, theirs)| (Some(ours), Some(theirs)));
    Some(difference(ours, theirs, "further lines"))
}

fn difference(expected: Option<&str>, found: Option<&str>, key: &str) -> Difference {
    let show = |line: Option<&str>| match line {
        Some(line) => format!("`{}`", shown(line)),
        None => format!("no `{}`", shown(key)),
    };
    Difference { expected: show(expected), found: show(found) }
}

/// Makes a line of another process fit for a terminal.
fn shown(line: &str) -> String {
    line.chars().take(SHOWN).flat_map(char::escape_debug).collect()
}

/// One line: `Message.seq: u64 at 0` has the key `Message.seq` and belongs to the section `Message`.
#[derive(Clone, Copy)]
struct Line<'a> {
    text: &'a str,
    key: &'a str,
    section: &'a str,
    what: &'a str,
    field: bool,
}

struct Text<'a> {
    lines: Vec<Line<'a>>,
    by_key: HashMap<&'a str, usize>,
}

impl<'a> Text<'a> {
    fn new(text: &'a str) -> Self {
        let mut section = "";
        let mut lines = Vec::new();
        let mut by_key = HashMap::new();
        for text in text.lines() {
            let (key, what) = text.split_once(": ").unwrap_or((text, ""));
            let field = what.contains(" at ") || what.starts_with("variant ");
            section = if field { section } else { key };
            by_key.entry(key).or_insert(lines.len());
            lines.push(Line { text, key, section, what, field });
        }
        Self { lines, by_key }
    }

    fn root(&self) -> &'a str {
        self.lines.first().map_or("", |line| line.key)
    }

    fn line(&self, key: &str) -> Option<&Line<'a>> {
        self.by_key.get(key).and_then(|&at| self.lines.get(at))
    }

    fn what(&self, key: &str) -> Option<&'a str> {
        self.line(key).map(|line| line.what)
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        self.line(key).map(|line| line.text)
    }

    /// The first field of a section that the other text does not have.
    fn new_in(&self, section: &str, other: &Text<'_>) -> Option<&'a str> {
        let mut lines = self.lines.iter().filter(|line| line.field && line.section == section);
        lines.find(|line| other.what(line.key).is_none()).map(|line| line.text)
    }

    /// The lines, those of the last section first: parts before what they are part of.
    fn bottom_up(&self) -> impl Iterator<Item = &Line<'a>> {
        let sections = self.lines.chunk_by(|one, next| one.section == next.section);
        sections.rev().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "World: root of 100 bytes\nWorld.messages: Pool<Message, 64> at 0\n\
                        Message: struct of 12 bytes\nMessage.seq: u64 at 0\nMessage.len: u32 at 8\n";

    fn against(from: &str, to: &str) -> String {
        assert!(OURS.contains(from));
        first_difference(OURS, &OURS.replace(from, to)).map_or("equal".into(), |d| d.to_string())
    }

    #[test]
    fn a_cause_comes_before_its_consequences() {
        assert_eq!(against("World", "World"), "equal");
        assert_eq!(
            against("seq: u64 at 0\nMessage.len: u32 at 8", "seq: u32 at 0\nMessage.len: u32 at 4"),
            "expected `Message.seq: u64 at 0`, found `Message.seq: u32 at 0`"
        );
        assert_eq!(
            against("Message.len", "Message.size"),
            "expected `Message.len: u32 at 8`, found `Message.size: u32 at 8`"
        );
        assert_eq!(against("Message.len: u32 at 8\n", ""), "expected `Message.len: u32 at 8`, found no `Message.len`");
        assert_eq!(
            against("at 8\n", "at 8\nMessage.kind: u32 at 12\n"),
            "expected no `Message.kind`, found `Message.kind: u32 at 12`"
        );
        assert_eq!(
            against("Message, 64", "Message, 128"),
            "expected `World.messages: Pool<Message, 64> at 0`, \
             found `World.messages: Pool<Message, 128> at 0`"
        );
        assert_eq!(
            against("of 12 bytes", "of 16 bytes"),
            "expected `Message: struct of 12 bytes`, found `Message: struct of 16 bytes`"
        );
        assert_eq!(against("World", "Earth"), "expected `World: root of 100 bytes`, found `Earth: root of 100 bytes`");
        assert_eq!(
            against("Message", "Packet"),
            "expected `World.messages: Pool<Message, 64> at 0`, \
             found `World.messages: Pool<Packet, 64> at 0`"
        );
    }

    #[test]
    fn any_text_is_compared_and_shown_without_harm() {
        assert_eq!(first_difference("", ""), None);
        for found in ["", "\n\n\n", ":", "World: ", "\u{1b}[31m: red", &"x".repeat(1000)] {
            let shown = first_difference(OURS, found).unwrap().to_string();
            assert!(shown.len() < 300 && !shown.contains('\u{1b}'), "{shown}");
            assert!(first_difference(found, OURS).is_some());
        }
        assert!(first_difference(OURS, &format!("{OURS}{OURS}")).is_some());
    }
}
