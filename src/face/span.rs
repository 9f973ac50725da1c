//! Places in source texts.

use std::fmt;

use crate::diagnostics::{Label, Source};
use crate::programs::Place;

/// A place in the source, with what there is to say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Span {
    /// The file, as the object's line information names it. Programs without line
    /// information are shown as their own disassembly, which is named so.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in bytes, from 1; 0 if it isn't known.
    pub column: u32,
    /// Bytes from there, on the same line; 0 if that isn't known.
    pub len: usize,
    /// What happens there; empty if there is nothing to say.
    pub text: String,
}

impl Span {
    /// What a label points at.
    pub(super) fn of(label: &Label, sources: &[Source]) -> Span {
        let source = sources.get(label.source);
        let at = source.and_then(|s| s.position(label.offset));
        Span {
            file: source.map_or_else(String::new, |s| s.name.data().to_owned()),
            line: label.line,
            column: at.map_or(0, |(_, column)| column),
            len: label.len,
            text: label.text.data().to_owned(),
        }
    }

    /// A place of which no more is known.
    pub(super) fn bare(place: &Place) -> Span {
        Span {
            file: place.file.data().to_owned(),
            line: place.line,
            column: place.column,
            len: 0,
            text: String::new(),
        }
    }
}

impl fmt::Display for Span {
    /// `file:line:column`, as compilers print it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        match self.column {
            0 => Ok(()),
            column => write!(f, ":{column}"),
        }
    }
}
