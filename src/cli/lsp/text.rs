//! A document's text: its lines, places in it as a client counts them, and where a line
//! that an object carries stands in it now.

use lsp_types::{Position, PositionEncodingKind, Range};

use crate::limits;

/// How a client counts in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16,
}

impl Encoding {
    /// The cheaper one if the client takes it.
    pub(super) fn of(offered: Option<&[PositionEncodingKind]>) -> Encoding {
        let utf8 = offered.is_some_and(|all| all.contains(&PositionEncodingKind::UTF8));
        if utf8 {
            Encoding::Utf8
        } else {
            Encoding::Utf16
        }
    }

    /// As it is told to the client.
    pub(super) fn kind(self) -> PositionEncodingKind {
        match self {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
        }
    }

    /// A byte offset in a line, as the client counts.
    pub(super) fn character(self, line: &str, byte: usize) -> u32 {
        let before = (0..=byte.min(line.len()))
            .rev()
            .find_map(|end| line.get(..end))
            .unwrap_or("");
        match self {
            Encoding::Utf8 => before.len() as u32,
            Encoding::Utf16 => before.encode_utf16().count() as u32,
        }
    }

    /// The byte offset that the client means.
    pub(super) fn byte(self, line: &str, character: u32) -> usize {
        let mut count = 0;
        for (at, c) in line.char_indices() {
            if count >= character {
                return at;
            }
            count += match self {
                Encoding::Utf8 => c.len_utf8(),
                Encoding::Utf16 => c.len_utf16(),
            } as u32;
        }
        line.len()
    }
}

/// A text and its lines.
#[derive(Clone, Debug)]
pub(super) struct Doc {
    text: String,
    starts: Vec<usize>,
}

/// Where a line of an object stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// From 0.
    pub(super) line: u32,
    /// It reads there as the object has it; no other line near does so, or it has not moved.
    pub(super) sure: bool,
}

impl Doc {
    pub(super) fn new(text: String) -> Doc {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(ends).collect();
        Doc { text, starts }
    }

    /// A line, from 0, without its end.
    pub(super) fn line(&self, line: u32) -> Option<&str> {
        let start = *self.starts.get(line as usize)?;
        let end = self.starts.get(line as usize + 1);
        let line = self
            .text
            .get(start..end.copied().unwrap_or(self.text.len()))?;
        Some(line.trim_end_matches(['\n', '\r']))
    }

    fn last(&self) -> u32 {
        self.starts.len().saturating_sub(1) as u32
    }

    /// Where a line of the object (from 1) stands now: there, or where near it exactly one
    /// line reads like it.
    pub(super) fn find(&self, line: u32, carried: &str) -> Found {
        let carried = carried.trim();
        let there = line.saturating_sub(1).min(self.last());
        let same = |at: u32| self.line(at).is_some_and(|text| text.trim() == carried);
        if !carried.is_empty() && same(there) && there + 1 == line {
            return Found {
                line: there,
                sure: true,
            };
        }
        let near = there.saturating_sub(limits::LSP_NEAR_LINES)
            ..=there
                .saturating_add(limits::LSP_NEAR_LINES)
                .min(self.last());
        let mut like = near.filter(|at| !carried.is_empty() && same(*at));
        match (like.next(), like.next()) {
            (Some(line), None) => Found { line, sure: true },
            (Some(first), Some(second)) => {
                let nearest = std::iter::once(first).chain([second]).chain(like);
                let nearest = nearest.min_by_key(|at| at.abs_diff(there));
                Found {
                    line: nearest.unwrap_or(there),
                    sure: false,
                }
            }
            _ => Found {
                line: there,
                sure: false,
            },
        }
    }

    /// A stretch of a line as the object carries it, where that line stands now.
    pub(super) fn range(
        &self,
        encoding: Encoding,
        line: u32,
        carried: &str,
        span: (usize, usize),
    ) -> Range {
        let found = self.find(line, carried);
        let text = self.line(found.line).unwrap_or("");
        let indent = |text: &str| text.len() - text.trim_start().len();
        let shift = |at: usize| (at + indent(text)).saturating_sub(indent(carried));
        let (mut from, mut to) = (shift(span.0), shift(span.1));
        // What reads otherwise now is meant as a whole.
        if text.trim() != carried.trim() || to > text.len() || from >= to {
            (from, to) = (indent(text), text.trim_end().len());
        }
        let at = |byte| Position::new(found.line, encoding.character(text, byte));
        Range::new(at(from), at(to.max(from)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_where_they_stand() {
        let doc = Doc::new("a\n  b\nc\nx\r\nc\n".to_owned());
        let check = |line, carried, at, sure| {
            let found = doc.find(line, carried);
            assert_eq!(found, Found { line: at, sure }, "{line} {carried:?}");
        };
        check(2, "b", 1, true);
        check(4, "\tx", 3, true);
        // Moved, and there is but one.
        check(9, "b", 1, true);
        // One of two: in its place, or the nearest.
        check(3, "c", 2, true);
        check(4, "c", 2, false);
        // Gone, or never told.
        check(2, "z", 1, false);
        check(2, "", 1, false);
        check(u32::MAX, "", 5, false);
        check(0, "", 0, false);
    }

    #[test]
    fn places_are_counted_as_the_client_does() {
        let line = "é😀x";
        for (encoding, want) in [(Encoding::Utf8, 6), (Encoding::Utf16, 3)] {
            assert_eq!(encoding.character(line, 6), want);
            assert_eq!(encoding.byte(line, want), 6);
            assert_eq!(encoding.byte(line, 99), line.len());
        }
        // Inside of a character: before it.
        assert_eq!(Encoding::Utf16.character(line, 3), 1);
        assert_eq!(Encoding::Utf16.character(line, 99), 4);
    }

    #[test]
    fn a_stretch_moves_with_its_line() {
        let doc = Doc::new("\n\n\t\treturn p->x;\n".to_owned());
        let check = |line, carried, span, want: (u32, u32, u32)| {
            let range = doc.range(Encoding::Utf8, line, carried, span);
            assert_eq!(
                (range.start.line, range.start.character, range.end.character),
                want
            );
        };
        check(3, "\treturn p->x;", (8, 12), (2, 9, 13));
        check(1, "return p->x;", (7, 11), (2, 9, 13));
        // It reads otherwise: the whole line.
        check(3, "return q;", (7, 8), (2, 2, 14));
        check(3, "return p->x;", (7, 99), (2, 2, 14));
        check(99, "", (0, 4), (3, 0, 0));
    }
}
