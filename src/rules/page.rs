//! The Markdown of a page: fenced examples and paragraphs.
//!
//! An example is a fence of one of two kinds.
//!
//! ````text
//! ```bpfasm
//! // target=linux-5.10 type=xdp        optional; one or more such lines
//! r0 = 0
//! exit
//! ```
//!
//! ```object path=tests/corpus/reject/memory.o prog=value_oob target=linux-6.18
//! return value[8];                     optional: lines of the object's C source
//! ```
//! ````
//!
//! Fences of other languages (`c`, `text`, `sh`) are for reading only.

use super::catalogue::{Confidence, Rule, RuleKind, Severity};
use crate::prelude::*;

/// Sections of a page, in this order.
const SECTIONS: [&str; 5] = ["What", "Why", "Bad", "Good", "Remedy"];

/// The texts of a page; a row of the catalogue fills in the rest. Parted when
/// compiling: a page that is not as described ends the build at its row.
pub(super) const fn page(text: &'static str) -> Rule {
    let (title, [what, why, bad, good, remedy]) = sections(text);
    Rule {
        number: 0,
        name: "",
        family: "",
        kind: RuleKind::Rejection,
        severity: Severity::Error,
        confidence: Confidence::High,
        title,
        what,
        why,
        bad,
        good,
        remedy,
        since: None,
        until: None,
        unshown: None,
        unmodelled: None,
        reported_as: None,
        messages: &[],
    }
}

/// Title and sections.
const fn sections(text: &'static str) -> (&'static str, [&'static str; 5]) {
    let (mut title, mut bodies) = ("", [""; 5]);
    // The section being read, one after its place in `SECTIONS`, and its start.
    let (mut open, mut start) = (0, 0);
    let (mut at, mut fenced) = (0, false);
    while at < text.len() {
        let next = line_end(text, at);
        if begins(text, at, "```") {
            fenced = !fenced;
        } else if !fenced && begins(text, at, "## ") {
            assert!(open < 5, "a section too many");
            let name = slice(text, at + 3, next).trim_ascii();
            assert!(
                same(name, SECTIONS[open]),
                "sections are What, Why, Bad, Good, Remedy"
            );
            close(text, open, start, at, &mut bodies);
            open += 1;
            start = next;
        } else if !fenced && begins(text, at, "# ") {
            assert!(open == 0 && title.is_empty(), "one `# Title`, at the top");
            title = slice(text, at + 2, next).trim_ascii();
        } else if open == 0 {
            let line = slice(text, at, next);
            assert!(
                line.trim_ascii().is_empty(),
                "text before the first section"
            );
        }
        at = next;
    }
    assert!(!fenced, "a fence is left open");
    assert!(!title.is_empty(), "no `# Title`");
    assert!(open == 5, "a section is missing");
    close(text, open, start, at, &mut bodies);
    (title, bodies)
}

const fn close(
    text: &'static str,
    open: usize,
    start: usize,
    end: usize,
    bodies: &mut [&'static str; 5],
) {
    if open > 0 {
        bodies[open - 1] = slice(text, start, end).trim_ascii();
        assert!(!bodies[open - 1].is_empty(), "a section is empty");
    }
}

/// Where the line after the one at `at` begins.
const fn line_end(text: &str, mut at: usize) -> usize {
    let bytes = text.as_bytes();
    while at < bytes.len() && bytes[at] != b'\n' {
        at += 1;
    }
    if at < bytes.len() { at + 1 } else { at }
}

const fn slice(text: &'static str, start: usize, end: usize) -> &'static str {
    text.split_at(end).0.split_at(start).1
}

const fn begins(text: &str, at: usize, with: &str) -> bool {
    let (text, with) = (text.as_bytes(), with.as_bytes());
    let mut i = 0;
    while i < with.len() {
        if at + i >= text.len() || text[at + i] != with[i] {
            return false;
        }
        i += 1;
    }
    true
}

const fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && begins(a, 0, b)
}

/// One fence of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence<'a> {
    /// First word of the info string: `bpfasm`, `object`, `c`, ...
    pub language: &'a str,
    /// `key=value` words of the info string, and of the comment lines that open an
    /// assembler fence.
    pub options: Vec<(&'a str, &'a str)>,
    /// The lines inside.
    pub text: String,
}

impl<'a> Fence<'a> {
    /// The value of an option.
    pub fn option(&self, key: &str) -> Option<&'a str> {
        self.options
            .iter()
            .find(|(k, _)| *k == key)
            .map(|(_, v)| *v)
    }

    /// Whether it is an example that runs.
    pub fn runs(&self) -> bool {
        matches!(self.language, "bpfasm" | "object")
    }
}

/// The fences of a section.
pub fn fences(section: &str) -> Vec<Fence<'_>> {
    let mut found = Vec::new();
    let mut open: Option<Fence<'_>> = None;
    for line in section.lines() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(_), Some(fence)) => found.push(fence),
            (Some(info), None) => {
                let mut words = info.split_whitespace();
                open = Some(Fence {
                    language: words.next().unwrap_or(""),
                    options: words.filter_map(|w| w.split_once('=')).collect(),
                    text: String::new(),
                });
            }
            (None, Some(mut fence)) => {
                if fence.language == "bpfasm"
                    && let Some(header) = line.strip_prefix("// ")
                    && header.split_whitespace().all(is_option)
                {
                    let pairs = header.split_whitespace();
                    fence
                        .options
                        .extend(pairs.filter_map(|w| w.split_once('=')));
                }
                fence.text.push_str(line);
                fence.text.push('\n');
                open = Some(fence);
            }
            (None, None) => {}
        }
    }
    found
}

/// Options that a comment line of an assembler fence may set.
fn is_option(word: &str) -> bool {
    word.split_once('=').is_some_and(|(key, _)| {
        matches!(key, "target" | "type" | "btf" | "prog" | "caps" | "kernel")
    })
}

/// The first paragraph, in one line.
pub fn first_paragraph(text: &str) -> String {
    let lines = text.lines().take_while(|l| !l.trim().is_empty());
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_carry_their_options() {
        let text = "Words.\n\n```bpfasm\n// target=linux-5.10 type=xdp\n// plain words\nexit\n```\n\n\
                    ```object path=a.o prog=p\n\treturn 0;\n```\n";
        let found = fences(text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].option("type"), Some("xdp"));
        assert_eq!(found[0].text.lines().count(), 3);
        assert_eq!(found[1].option("path"), Some("a.o"));
        assert!(found.iter().all(Fence::runs));
    }

    #[test]
    fn a_paragraph_ends_at_a_blank_line() {
        assert_eq!(first_paragraph("one\ntwo\n\nthree"), "one two");
    }
}
