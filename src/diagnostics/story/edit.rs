//! Edits of source lines: small enough to be read as a diff.

use crate::prelude::*;
use core::fmt::Write as _;

/// Where new text goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// New lines before the line.
    Before,
    /// New lines after the line.
    After,
    /// The line is replaced.
    Instead,
}

/// An edit of one place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The file as line information names it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// Its text as it is.
    pub old: String,
    /// What happens at it.
    pub place: Place,
    /// The new lines, indented.
    pub new: Vec<String>,
}

impl Edit {
    /// The edit as lines of a diff, each with its number.
    pub fn diff(&self) -> Vec<(char, u32, &str)> {
        let new = |from: u32| {
            let lines = self.new.iter();
            lines.zip(from..).map(|(l, n)| ('+', n, l.as_str()))
        };
        let old = self.old.as_str();
        match self.place {
            Place::Before => {
                let after = self.line + self.new.len() as u32;
                new(self.line).chain([(' ', after, old)]).collect()
            }
            Place::After => [(' ', self.line, old)]
                .into_iter()
                .chain(new(self.line + 1))
                .collect(),
            Place::Instead => [('-', self.line, old)]
                .into_iter()
                .chain(new(self.line))
                .collect(),
        }
    }

    /// The text that goes in, each line ended.
    pub fn text(&self) -> String {
        self.new.iter().fold(String::new(), |mut out, line| {
            let _ = writeln!(out, "{line}");
            out
        })
    }
}
