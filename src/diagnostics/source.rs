//! Source texts to point into.
//!
//! Line information embeds the text of each line it names, so a program is
//! explained without its files: the text is rebuilt with only those lines filled
//! in. A file that is at hand adds the lines around them, if it still reads as it did
//! when the object was built.
//!
//! Who made the object chose the names of its files, so nothing of a file is shown
//! that the object does not carry itself, but for one line on each side of such a
//! line, and those only in a file that is named like a source: `{` is the first line of
//! many files, and the second may be a secret. A program without line information is
//! shown as its own disassembly.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::names;
use crate::programs::insn::Op;
use crate::programs::{LineInfo, MAX_LINE, Program};

/// Finds the text of a source file by the name that line information gives it.
pub type SourceText<'a> = &'a (dyn Fn(&str) -> Option<Arc<str>> + Sync);

/// How the name of a disassembly begins.
const LISTING: &str = "disassembly of ";

/// A text that labels point into.
#[derive(Clone, Debug)]
pub struct Source {
    /// File name, or what the text is (`disassembly of xdp_prog`).
    pub name: String,
    /// The text; lines that aren't known are empty.
    pub text: String,
    /// Whether lines may be missing.
    pub sparse: bool,
    /// Byte offset of each line's start.
    starts: Vec<usize>,
}

impl Source {
    /// The whole text of a file.
    pub fn whole(name: &str, text: &str) -> Source {
        Source::new(name.to_owned(), text.to_owned(), false)
    }

    fn new(name: String, text: String, sparse: bool) -> Source {
        let mut starts = vec![0];
        starts.extend(
            text.bytes()
                .enumerate()
                .filter(|&(_, b)| b == b'\n')
                .map(|(i, _)| i + 1),
        );
        Source {
            name,
            text,
            sparse,
            starts,
        }
    }

    /// Whether it is a disassembly, not a file.
    pub fn is_listing(&self) -> bool {
        self.name.starts_with(LISTING)
    }

    /// Start offset and text of a line (from 1).
    pub fn line(&self, line: u32) -> Option<(usize, &str)> {
        let start = *self.starts.get((line as usize).checked_sub(1)?)?;
        let rest = self.text.get(start..)?;
        Some((start, rest.lines().next().unwrap_or("")))
    }

    /// The line (from 1) of a byte offset.
    fn line_at(&self, offset: usize) -> u32 {
        self.starts.partition_point(|&s| s <= offset) as u32
    }

    /// Line and column (from 1, in bytes) of an offset.
    pub fn position(&self, offset: usize) -> Option<(u32, u32)> {
        let line = self.line_at(offset);
        let (start, _) = self.line(line)?;
        Some((line, (offset.checked_sub(start)? + 1) as u32))
    }

    /// First and last line to show for a span: one more on each side, unless it
    /// isn't known.
    pub fn snippet(&self, offset: usize, len: usize) -> Option<(u32, u32)> {
        if offset > self.text.len() {
            return None;
        }
        let known = |line: u32| {
            self.line(line).is_some_and(|(start, t)| {
                start < self.text.len() && (!self.sparse || !t.is_empty())
            })
        };
        let (first, last) = (
            self.line_at(offset),
            self.line_at(offset + len.saturating_sub(1)),
        );
        let before = first.saturating_sub(1);
        let first = if before > 0 && known(before) {
            before
        } else {
            first
        };
        let last = if known(last + 1) { last + 1 } else { last };
        Some((first, last))
    }

    /// Offset and length of the expression at a column (from 1) of a line, or of
    /// the whole trimmed line if the column is 0.
    pub fn span(&self, line: u32, column: u32) -> Option<(usize, usize)> {
        let (start, text) = self.line(line)?;
        let indent = text.len() - text.trim_start().len();
        let at = match column {
            0 => indent,
            c => (c as usize - 1).max(indent).min(text.len()),
        };
        let (at, len) = match column {
            0 => (at, text.get(at..)?.trim_end().len()),
            _ => {
                let (from, to) = expression_at(text, at);
                (from, to - from)
            }
        };
        Some((start + at, len.max(1)))
    }
}

/// The texts of one program, opened on demand.
pub(super) struct Sources<'a> {
    program: &'a Program,
    ops: &'a [Op],
    provider: SourceText<'a>,
    /// Opened so far.
    pub(super) list: Vec<Source>,
}

impl<'a> Sources<'a> {
    pub(super) fn new(
        program: &'a Program,
        ops: &'a [Op],
        provider: SourceText<'a>,
    ) -> Sources<'a> {
        Sources {
            program,
            ops,
            provider,
            list: Vec::new(),
        }
    }

    /// The line record that covers an instruction slot.
    pub(super) fn record(&self, insn: usize) -> Option<&'a LineInfo> {
        line_of(self.program, insn)
    }

    /// Index of the file's text, opening it if need be.
    pub(super) fn file(&mut self, name: &str) -> usize {
        if let Some(i) = self.list.iter().position(|s| s.name == name) {
            return i;
        }
        let mut lines: BTreeMap<u32, &str> = self
            .program
            .line_info
            .iter()
            .filter(|l| &*l.file == name && (1..=MAX_LINE).contains(&l.line))
            .map(|l| (l.line, &*l.text))
            .collect();
        let on_disk = (self.provider)(name);
        if let Some(text) = &on_disk {
            around(&mut lines, text, is_source(name));
        }
        let mut text = String::new();
        let mut line = 1;
        for (&n, &t) in &lines {
            while line < n {
                text.push('\n');
                line += 1;
            }
            text.push_str(t.trim_end());
        }
        text.push('\n');
        self.list.push(Source::new(name.to_owned(), text, true));
        self.list.len() - 1
    }

    /// Index of the program's disassembly.
    pub(super) fn listing(&mut self) -> usize {
        let name = format!("{LISTING}{}", self.program.name);
        if let Some(i) = self.list.iter().position(|s| s.name == name) {
            return i;
        }
        let mut text = String::new();
        for i in 0..self.ops.len() {
            let line = names::instruction(self.program, self.ops, i);
            text.push_str(format!("{i:>5}: {line}").trim_end());
            text.push('\n');
        }
        self.list.push(Source::new(name, text, false));
        self.list.len() - 1
    }
}

/// Fills in what a file on disk adds to the lines that the object carries: nothing if
/// one of them reads otherwise there; their indentation; with `context`, their
/// neighbours.
fn around<'a>(lines: &mut BTreeMap<u32, &'a str>, text: &'a str, context: bool) {
    let Some(&last) = lines.keys().next_back() else {
        return;
    };
    let mut wanted = lines.clone();
    let mut equal = 0;
    let mut before: Option<(u32, &str)> = None;
    let mut after = false;
    for (number, line) in (1..=last + 1).zip(text.lines()) {
        let carried = lines.get(&number).copied();
        let matches = match carried.map(str::trim) {
            Some("") | None => false,
            Some(t) if t == line.trim() => true,
            Some(_) => return,
        };
        if matches {
            equal += 1;
            wanted.insert(number, line);
            if let Some((n, line)) = before.filter(|_| context) {
                wanted.entry(n).or_insert(line);
            }
        } else if after && context && carried.is_none() {
            wanted.insert(number, line);
        }
        before = Some((number, line));
        after = matches;
    }
    if equal == lines.values().filter(|t| !t.trim().is_empty()).count() {
        *lines = wanted;
    }
}

/// Whether a file is named like one of program text.
fn is_source(name: &str) -> bool {
    let extension = name.rsplit('/').next().and_then(|f| f.rsplit_once('.'));
    extension.is_some_and(|(stem, e)| !stem.is_empty() && SOURCES.contains(&e))
}

/// The extensions of what compilers for BPF read.
const SOURCES: [&str; 12] = [
    "c", "h", "rs", "cc", "cpp", "cxx", "hh", "hpp", "inc", "s", "S", "bpfasm",
];

/// The line record that covers an instruction slot, if it makes sense.
pub(super) fn line_of(program: &Program, insn: usize) -> Option<&LineInfo> {
    program
        .line_at(u32::try_from(insn).ok()?)
        .filter(|l| (1..=MAX_LINE).contains(&l.line))
}

/// The C expression around a byte of a line, as its start and end. Compilers
/// name the member of `p->member` and the operator of an assignment; both stand
/// for the whole operand on their left.
pub(super) fn expression_at(line: &str, at: usize) -> (usize, usize) {
    let rest = line.get(at..).unwrap_or("");
    let before = line.get(..at).unwrap_or("");
    let operator = rest
        .find(|c: char| !"+-*/%&|^<>=!".contains(c))
        .unwrap_or(0);
    let assigns = rest
        .get(..operator)
        .is_some_and(|op| op.ends_with('=') && !matches!(op, "==" | "!=" | "<=" | ">="));
    if assigns {
        let end = before.trim_end().len();
        let start = chain_start(line, end);
        if start < end {
            return (start, end);
        }
    }
    let end = at + expression(rest).len();
    let member = before.ends_with("->") || before.ends_with('.');
    let start = if member { chain_start(line, at) } else { at };
    (start, end)
}

/// Where the chain of names, members and indices that ends at `end` begins.
fn chain_start(line: &str, end: usize) -> usize {
    let bytes = line.as_bytes();
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let mut i = end;
    while i > 0 {
        match bytes[i - 1] {
            b if word(b) || b == b'.' => i -= 1,
            b'>' if i > 1 && bytes[i - 2] == b'-' => i -= 2,
            b']' | b')' => match opening(bytes, i - 1) {
                Some(open) => i = open,
                None => break,
            },
            _ => break,
        }
    }
    while i > 0 && bytes[i - 1] == b'*' && (i < 2 || !word(bytes[i - 2])) {
        i -= 1;
    }
    i
}

/// Index of the bracket that opens the one at `close`.
fn opening(bytes: &[u8], close: usize) -> Option<usize> {
    let mut depth = 0usize;
    for i in (0..=close).rev() {
        match bytes.get(i)? {
            b')' | b']' => depth += 1,
            b'(' | b'[' => {
                depth -= 1;
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => {}
        }
    }
    None
}

/// The C expression that a text begins with: a chain of names, members, indices
/// and one call, or all of it if it begins otherwise.
pub(super) fn expression(text: &str) -> &str {
    let bytes = text.as_bytes();
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let mut i = 0;
    while i < bytes.len() && (bytes[i] == b'*' || bytes[i] == b'&' || bytes[i] == b'!') {
        i += 1;
    }
    let begin = i;
    while i < bytes.len() {
        match bytes[i] {
            b if word(b) || b == b'.' => i += 1,
            b'-' if bytes.get(i + 1) == Some(&b'>') => i += 2,
            b'[' | b'(' if i > begin => match closing(bytes, i) {
                Some(end) => i = end + 1,
                None => break,
            },
            _ => break,
        }
    }
    if i == begin {
        // An operator: it and the operand after it.
        let operator = text.len()
            - text
                .trim_start_matches(|c: char| "+-*/%&|^<>=!?:".contains(c))
                .len();
        let rest = text.get(operator..).unwrap_or("");
        let operand = rest.trim_start();
        if operator > 0 && operand.starts_with(|c: char| c.is_alphanumeric() || "_*&!".contains(c))
        {
            let end = text.len() - operand.len() + expression(operand).len();
            return text.get(..end).unwrap_or(text);
        }
        return text.trim_end().trim_end_matches([';', '{']).trim_end();
    }
    text.get(..i).unwrap_or(text)
}

/// Index of the bracket that closes the one at `open`.
fn closing(bytes: &[u8], open: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (i, b) in bytes.iter().enumerate().skip(open) {
        match b {
            b'(' | b'[' => depth += 1,
            b')' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_end_where_they_should() {
        for (text, want) in [
            ("eth->h_proto == 8)", "eth->h_proto"),
            (
                "bpf_map_lookup_elem(&m, &k);",
                "bpf_map_lookup_elem(&m, &k)",
            ),
            ("a[i].b + 1", "a[i].b"),
            ("*p = 3;", "*p"),
            ("= 3;", "= 3"),
            ("f(a, (b)", "f"),
            ("&& names[i] != 0; i++) {", "&& names[i]"),
            ("{ x", "{ x"),
        ] {
            assert_eq!(expression(text), want);
        }
    }

    #[test]
    fn members_and_assignments_stand_for_their_operand() {
        for (line, at, want) in [
            ("if (eth->h_proto == 8)", 9, "eth->h_proto"),
            ("a[i].b.c + 1", 7, "a[i].b.c"),
            ("\t*p = 3;", 4, "*p"),
            ("x->y += 5;", 5, "x->y"),
            ("x == 5", 2, "== 5"),
            ("f(x)->y", 6, "f(x)->y"),
            ("v = g(a, b);", 4, "g(a, b)"),
        ] {
            let (from, to) = expression_at(line, at);
            assert_eq!(&line[from..to], want);
        }
    }

    #[test]
    fn a_file_adds_only_what_the_object_carries() {
        let check = |carried: &[(u32, &'static str)], file, context, want: &[(u32, &str)]| {
            let mut lines = carried.iter().copied().collect();
            around(&mut lines, file, context);
            assert_eq!(lines.into_iter().collect::<Vec<_>>(), want);
        };
        let file = "a\n  b\nc\nd\n";
        check(&[(2, "b")], file, true, &[(1, "a"), (2, "  b"), (3, "c")]);
        check(&[(2, "b")], file, false, &[(2, "  b")]);
        // Another text, none, or none there at all.
        check(&[(2, "x")], file, true, &[(2, "x")]);
        check(&[(2, "")], file, true, &[(2, "")]);
        check(&[(1, "a"), (2, "")], file, true, &[(1, "a"), (2, "")]);
        check(&[(2, "b"), (4, "x")], file, true, &[(2, "b"), (4, "x")]);
        check(&[(2, "b"), (9, "x")], file, true, &[(2, "b"), (9, "x")]);
        check(&[(4, "d")], file, true, &[(3, "c"), (4, "d")]);
        check(&[], file, true, &[]);
    }

    #[test]
    fn spans_stay_in_the_line() {
        let source = Source::new("a.c".into(), "\n  return x;\n".into(), true);
        assert_eq!(source.span(2, 3), Some((3, 6)));
        assert_eq!(source.span(2, 0), Some((3, 9)));
        assert_eq!(source.span(2, 99), Some((12, 1)));
        assert_eq!(source.span(9, 1), None);
    }
}
