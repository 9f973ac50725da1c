//! Source texts to point into.
//!
//! Line information embeds the text of each line it names, so a program is
//! explained without its files. A text is an *excerpt*: the lines that labels point at,
//! and those beside them that the object carries too. So what a label costs depends
//! neither on the size of its program nor on the number of its line.
//!
//! Who made the object chose the names of its files, so nothing of a file is shown
//! that the object does not carry itself: a line that reads there as it did when the
//! object was built is shown with the indentation that it has there; of another one only
//! that it is a `return` of a small number, which no secret is ([`plain_return`]). A
//! program without line information is shown as its own disassembly, again as an excerpt.

use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;

use super::c_function::Function;
use super::names;
use crate::once::Once;
use crate::prelude::*;
use crate::programs::insn::Op;
use crate::programs::{Line, MAX_LINE, Program};
use crate::untrusted::Untrusted;

/// Finds the text of a source file by the name that line information gives it.
pub type SourceText<'a> = &'a (dyn Fn(&str) -> Option<Arc<Text>> + Sync);

/// How the name of a disassembly begins.
const LISTING: &str = "disassembly of ";

/// A text with an index of its lines; one for all that point into it.
#[derive(Debug)]
pub struct Text {
    text: String,
    /// Byte offset of each line's start.
    starts: Vec<u32>,
    /// The functions of C that are in it, in order; read when they are first asked for.
    functions: Once<Vec<Arc<Function>>>,
}

impl Text {
    /// Indexes a text; what lies beyond its first 4 GiB or [`MAX_LINE`] lines has no
    /// lines.
    pub fn new(text: String) -> Text {
        let ends = text.bytes().enumerate().filter(|&(_, b)| b == b'\n');
        let next = ends.map_while(|(i, _)| u32::try_from(i + 1).ok());
        let starts = core::iter::once(0).chain(next).take(MAX_LINE as usize);
        Text {
            starts: starts.collect(),
            text,
            functions: Once::new(),
        }
    }

    /// The function of C around a line, if the text has one there that ends.
    pub(super) fn function(&self, line: u32) -> Option<Arc<Function>> {
        let all = self.functions.get_or_init(|| Function::all(self));
        let at = all.partition_point(|f| f.lines().1 < line);
        let found = all.get(at).filter(|f| f.lines().0 <= line);
        found.cloned()
    }

    /// All of it, to be compared.
    pub fn data(&self) -> &str {
        &self.text
    }

    /// Start offset and text of a line (from 1), if there is one.
    pub fn line(&self, line: u32) -> Option<(usize, &str)> {
        let start = *self.starts.get((line as usize).checked_sub(1)?)? as usize;
        let rest = self.text.get(start..)?;
        Some((start, rest.lines().next().unwrap_or("")))
    }
}

/// Some lines of a text, by number.
#[derive(Clone, Debug)]
struct Excerpt {
    text: String,
    /// Number and byte offset of each line's start, in order.
    starts: Vec<(u32, u32)>,
}

impl Excerpt {
    fn new(lines: &BTreeMap<u32, impl AsRef<str>>) -> Excerpt {
        let mut out = Excerpt {
            text: String::new(),
            starts: Vec::new(),
        };
        for (&number, line) in lines {
            let Ok(start) = u32::try_from(out.text.len()) else {
                break;
            };
            out.starts.push((number, start));
            // A record is one line, whatever its text holds.
            let line = line.as_ref().trim_end().replace('\n', "\u{2424}");
            out.text.push_str(&line);
            out.text.push('\n');
        }
        out
    }
}

#[derive(Clone, Debug)]
enum Lines {
    Whole(Arc<Text>),
    Some(Excerpt),
}

/// A text that labels point into.
#[derive(Clone, Debug)]
pub struct Source {
    /// File name, or what the text is (`disassembly of xdp_prog`).
    pub name: Untrusted,
    lines: Lines,
}

impl Source {
    /// The whole text of a file.
    pub fn whole(name: &str, text: &str) -> Source {
        Source {
            name: name.into(),
            lines: Lines::Whole(Arc::new(Text::new(text.to_owned()))),
        }
    }

    /// These lines of a text, by number.
    pub fn of_lines(name: String, lines: &BTreeMap<u32, impl AsRef<str>>) -> Source {
        Source::excerpt(name, lines)
    }

    /// The lines that are kept of it; of a whole text those around `lines`.
    pub fn kept(&self, lines: impl IntoIterator<Item = u32>) -> Vec<(u32, &str)> {
        let around = |n: u32| [n.saturating_sub(1), n, n.saturating_add(1)];
        let numbers: BTreeSet<u32> = match &self.lines {
            Lines::Whole(_) => lines.into_iter().flat_map(around).collect(),
            Lines::Some(excerpt) => excerpt.starts.iter().map(|s| s.0).collect(),
        };
        let numbers = numbers.into_iter();
        numbers.filter_map(|n| Some((n, self.line(n)?.1))).collect()
    }

    /// The text with the lines of another part of it.
    pub fn united(&self, other: &Source) -> Source {
        match (&self.lines, &other.lines) {
            (Lines::Whole(_), _) => self.clone(),
            (_, Lines::Whole(_)) => other.clone(),
            (Lines::Some(own), Lines::Some(theirs)) => {
                let numbers = own.starts.iter().chain(&theirs.starts).map(|s| s.0);
                let line = |n| self.line(n).or_else(|| other.line(n));
                let lines = numbers.filter_map(|n| Some((n, line(n)?.1)));
                Source {
                    name: self.name.clone(),
                    lines: Lines::Some(Excerpt::new(&lines.collect::<BTreeMap<_, _>>())),
                }
            }
        }
    }

    fn excerpt(name: String, lines: &BTreeMap<u32, impl AsRef<str>>) -> Source {
        Source {
            name: name.into(),
            lines: Lines::Some(Excerpt::new(lines)),
        }
    }

    /// The same as it may be shown somewhere, with every line changed by `line` and the
    /// name by `name`; none if nothing changes.
    pub fn shown(
        &self,
        name: fn(&str) -> Cow<'_, str>,
        line: fn(&str) -> Cow<'_, str>,
    ) -> Option<Source> {
        let same = self
            .text()
            .split('\n')
            .all(|l| matches!(line(l), Cow::Borrowed(_)));
        if same && matches!(name(self.name.data()), Cow::Borrowed(_)) {
            return None;
        }
        let name = name(self.name.data());
        Some(match &self.lines {
            Lines::Whole(file) => {
                let lines: Vec<Cow<'_, str>> = file.text.split('\n').map(line).collect();
                Source::whole(&name, &lines.join("\n"))
            }
            Lines::Some(excerpt) => {
                let numbers = excerpt.starts.iter().map(|&(number, _)| number);
                let lines = numbers.filter_map(|n| Some((n, line(self.line(n)?.1))));
                Source::excerpt(name.into_owned(), &lines.collect())
            }
        })
    }

    /// Whether it is a disassembly, not a file.
    pub fn is_listing(&self) -> bool {
        self.name.data().starts_with(LISTING)
    }

    /// Bytes that it takes beside what it shares.
    pub fn bytes(&self) -> usize {
        let lines = match &self.lines {
            Lines::Whole(_) => 0,
            Lines::Some(excerpt) => excerpt.text.len() + excerpt.starts.len() * 8,
        };
        self.name.len() + lines
    }

    fn text(&self) -> &str {
        match &self.lines {
            Lines::Whole(file) => &file.text,
            Lines::Some(excerpt) => &excerpt.text,
        }
    }

    /// Where the text ends.
    pub fn end(&self) -> usize {
        self.text().len()
    }

    /// A piece of the text.
    pub fn slice(&self, from: usize, to: usize) -> Option<&str> {
        self.text().get(from..to)
    }

    /// Start offset and text of a line (from 1), if it is known.
    pub fn line(&self, line: u32) -> Option<(usize, &str)> {
        let excerpt = match &self.lines {
            Lines::Whole(file) => return file.line(line),
            Lines::Some(excerpt) => excerpt,
        };
        let at = excerpt.starts.binary_search_by_key(&line, |s| s.0).ok()?;
        let start = excerpt.starts.get(at)?.1 as usize;
        let rest = excerpt.text.get(start..)?;
        Some((start, rest.lines().next().unwrap_or("")))
    }

    /// The line (from 1) of a byte offset.
    fn line_at(&self, offset: usize) -> u32 {
        let before = |start: u32| start as usize <= offset;
        match &self.lines {
            Lines::Whole(file) => file.starts.partition_point(|&s| before(s)) as u32,
            Lines::Some(excerpt) => {
                let at = excerpt.starts.partition_point(|&(_, s)| before(s));
                let line = at.checked_sub(1).and_then(|at| excerpt.starts.get(at));
                line.map_or(0, |&(number, _)| number)
            }
        }
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
        let end = self.text().len();
        if offset > end {
            return None;
        }
        let sparse = matches!(self.lines, Lines::Some(_)) && !self.is_listing();
        let known = |line: u32| {
            self.line(line)
                .is_some_and(|(start, t)| start < end && (!sparse || !t.is_empty()))
        };
        let (first, last) = (
            self.line_at(offset),
            self.line_at(offset.saturating_add(len.saturating_sub(1))),
        );
        let before = first.saturating_sub(1);
        let first = if before > 0 && known(before) {
            before
        } else {
            first
        };
        let after = last.saturating_add(1);
        let last = if known(after) { after } else { last };
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

/// The texts that labels of one program point into, opened on demand.
pub(super) struct Sources<'a> {
    program: &'a Program,
    ops: &'a [Op],
    provider: SourceText<'a>,
    /// The instruction slots that get labels.
    slots: Vec<usize>,
    /// A line that gets a label of its own.
    more: Option<u32>,
    /// Opened so far.
    pub(super) list: Vec<Source>,
}

impl<'a> Sources<'a> {
    /// For labels at these instruction slots.
    pub(super) fn new(
        program: &'a Program,
        ops: &'a [Op],
        provider: SourceText<'a>,
        slots: Vec<usize>,
    ) -> Sources<'a> {
        Sources {
            program,
            ops,
            provider,
            slots,
            more: None,
            list: Vec::new(),
        }
    }

    /// One more line gets a label.
    pub(super) fn show(&mut self, line: Option<u32>) {
        self.more = line;
    }

    /// The line record that covers an instruction slot.
    pub(super) fn record(&self, insn: usize) -> Option<Line<'a>> {
        line_of(self.program, insn)
    }

    /// Index of the file's text, opening it if need be.
    pub(super) fn file(&mut self, name: &str) -> usize {
        if let Some(i) = self.list.iter().position(|s| s.name == name) {
            return i;
        }
        let records = self.slots.iter().filter_map(|&slot| self.record(slot));
        let wanted: BTreeSet<u32> = records
            .filter(|l| &*l.file == name)
            .map(|l| l.line)
            .chain(self.more)
            .flat_map(|line| [line.saturating_sub(1), line, line.saturating_add(1)])
            .collect();
        let numbers = wanted.into_iter().filter(|n| (1..=MAX_LINE).contains(n));
        let carried = numbers.filter_map(|n| self.program.line_info.of_source(name, n));
        let mut lines: BTreeMap<u32, &str> = carried.map(|l| (l.line, &*l.info.text)).collect();
        let file = (self.provider)(name);
        if let Some(file) = &file {
            indented(&mut lines, file);
            let more = self.more.and_then(|n| Some((n, file.line(n)?.1)));
            if let Some((n, text)) = more.and_then(|(n, t)| Some((n, plain_return(t)?))) {
                lines.entry(n).or_insert(text);
            }
        }
        let source = Source::excerpt(name.to_owned(), &lines);
        self.list.push(source);
        self.list.len() - 1
    }

    /// Index of the program's disassembly.
    pub(super) fn listing(&mut self) -> usize {
        let name = format!("{LISTING}{}", self.program.name);
        if let Some(i) = self.list.iter().position(|s| s.name == name) {
            return i;
        }
        let slots = self.slots.iter();
        let wanted: BTreeSet<usize> = slots
            .flat_map(|&slot| [slot.saturating_sub(1), slot, slot + 1])
            .filter(|&slot| slot < self.ops.len())
            .collect();
        let lines: BTreeMap<u32, String> = wanted
            .into_iter()
            .map(|slot| {
                let text = names::instruction(self.program, self.ops, slot);
                (slot as u32 + 1, format!("{slot:>5}: {text}"))
            })
            .collect();
        self.list.push(Source::excerpt(name, &lines));
        self.list.len() - 1
    }
}

/// The statement of a line that only leaves a function: `return;`, or with a number of at
/// most three digits. Compilers give such a line no record of its own where they merge
/// what functions return, and it is the one to edit.
pub(super) fn plain_return(line: &str) -> Option<&str> {
    let code = line.split("//").next().unwrap_or(line).trim_end();
    let value = code
        .trim_start()
        .strip_prefix("return")?
        .strip_suffix(';')?;
    let digits = value.trim_start_matches(' ');
    let digits = digits.strip_prefix('-').unwrap_or(digits);
    let number = !digits.is_empty() && value.starts_with(' ') && digits.len() <= 3;
    let plain = value.is_empty() || number && digits.bytes().all(|b| b.is_ascii_digit());
    (plain && code.len() <= 80).then_some(code)
}

/// Lines that read in a file as the object carries them, as the file indents them.
fn indented<'a>(lines: &mut BTreeMap<u32, &'a str>, file: &'a Text) {
    for (number, carried) in lines {
        let there = file.line(*number).map_or("", |(_, line)| line);
        let text = carried.trim();
        if !text.is_empty() && text == there.trim() {
            *carried = there;
        }
    }
}

/// The line record that covers an instruction slot, if it makes sense.
pub(super) fn line_of(program: &Program, insn: usize) -> Option<Line<'_>> {
    program
        .line_at(u32::try_from(insn).ok()?)
        .filter(|l| (1..=MAX_LINE).contains(&l.line))
}

/// The C expression around a byte of a line, as its start and end. Compilers
/// name the member of `p->member` and the operator of an assignment; both stand
/// for the whole operand on their left.
pub fn expression_at(line: &str, at: usize) -> (usize, usize) {
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
    fn of_a_line_that_no_object_carries_only_a_plain_return_is_told() {
        let check = |line, want| assert_eq!(plain_return(line), want, "{line}");
        check("\t\treturn 7; // why", Some("\t\treturn 7;"));
        check("return;", Some("return;"));
        check("return -1;", Some("return -1;"));
        check("return 1234;", None);
        check("return key;", None);
        check("return7;", None);
        check("return ;", None);
        check("secret = 1; return 0;", None);
        check("return 0", None);
    }

    #[test]
    fn a_file_adds_only_the_indentation_of_what_the_object_carries() {
        let file = Text::new("a\n  b\nc\n   \n".to_owned());
        let check = |carried: &[(u32, &'static str)], want: &[(u32, &str)]| {
            let mut lines = carried.iter().copied().collect();
            indented(&mut lines, &file);
            assert_eq!(lines.into_iter().collect::<Vec<_>>(), want);
        };
        check(&[(2, "b"), (3, "x")], &[(2, "  b"), (3, "x")]);
        // Another text, none, or none there at all.
        check(&[(1, "b")], &[(1, "b")]);
        check(&[(2, ""), (4, "")], &[(2, ""), (4, "")]);
        check(&[(9, "b"), (0, "b")], &[(0, "b"), (9, "b")]);
    }

    #[test]
    fn spans_stay_in_the_line() {
        let lines = BTreeMap::from([(2, "  return x;")]);
        let source = Source::excerpt("a.c".into(), &lines);
        assert_eq!(source.span(2, 3), Some((2, 6)));
        assert_eq!(source.span(2, 0), Some((2, 9)));
        assert_eq!(source.span(2, 99), Some((11, 1)));
        assert_eq!(source.span(9, 1), None);
        assert_eq!(source.position(4), Some((2, 5)));
    }

    #[test]
    fn far_lines_cost_no_more_than_near_ones() {
        let lines = BTreeMap::from([(7, "a"), (8, "b"), (MAX_LINE, "c")]);
        let source = Source::excerpt("a.c".into(), &lines);
        assert!(source.bytes() < 64);
        assert_eq!(source.line(MAX_LINE), Some((4, "c")));
        assert_eq!(source.snippet(0, 1), Some((7, 8)));
        assert_eq!(source.snippet(4, 1), Some((MAX_LINE, MAX_LINE)));
    }
}
