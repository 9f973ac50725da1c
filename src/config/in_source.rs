//! Suppressions in the source: `// bpfassay: allow(CODE) reason`, behind a line or in comments
//! of their own above it.
//!
//! Who made an object chose the texts that it carries, so a mark counts only where the
//! source is at hand and reads at that line as the object has it: nobody's binary excuses
//! itself. And who wrote a file below the root need not want it read to others: of a comment
//! that the object does not carry only the codes count, its reason is not shown.
//!
//! Which rules may be suppressed so at all is the configuration's to say (`in-source`).

use std::sync::Arc;

use super::Selector;
use crate::diagnostics::{Finding, Label, Place, Source, Text};
use crate::rules::{self, Rule};
use crate::untrusted::{Untrusted, text};

/// What a mark begins with.
const MARK: &str = "bpfassay: allow(";
/// Lines of comments that are looked at above a line.
const ABOVE: u32 = 8;

/// A mark, read.
#[derive(Debug, PartialEq, Eq)]
struct Mark<'a> {
    codes: Vec<&'a str>,
    reason: &'a str,
}

impl<'a> Mark<'a> {
    /// The mark in the comment of a line.
    fn read(line: &'a str) -> Option<Mark<'a>> {
        let (before, after) = line.split_once(MARK)?;
        let before = before.trim_end();
        if !before.ends_with("//") && !before.ends_with("/*") {
            return None;
        }
        let (codes, reason) = after.split_once(')')?;
        let reason = reason.trim().trim_end_matches("*/").trim_end();
        let reason = reason.trim_start_matches([':', '-', ' ']);
        Some(Mark {
            codes: codes.split(',').map(str::trim).collect(),
            reason,
        })
    }

    /// Whether it names the rule: by code or name, no family.
    fn names(&self, rule: &Rule) -> bool {
        let mut named = self.codes.iter().filter_map(|code| rules::find(code));
        named.any(|r| r.number == rule.number)
    }
}

/// A line that is a comment and nothing else.
fn is_comment(line: &str) -> bool {
    let line = line.trim();
    let closed = || line.strip_suffix("*/").and_then(|l| l.strip_prefix("/*"));
    line.starts_with("//") || closed().is_some_and(|inside| !inside.contains("*/"))
}

/// A line that something is said of.
pub(super) struct Line<'a> {
    file: &'a Untrusted,
    line: u32,
    carried: &'a str,
}

impl<'a> Line<'a> {
    /// The line of a label.
    fn of(sources: &'a [Source], label: &Label) -> Option<Line<'a>> {
        let source = sources.get(label.source).filter(|s| !s.is_listing())?;
        let (_, carried) = source.line(label.line)?;
        Some(Line {
            file: &source.name,
            line: label.line,
            carried,
        })
    }

    /// The lines that a complaint is about: the labelled one, and that of its place.
    pub(super) fn all(
        sources: &'a [Source],
        primary: Option<&Label>,
        place: Option<&'a Place>,
    ) -> Vec<Line<'a>> {
        let labelled = primary.and_then(|label| Line::of(sources, label));
        let placed = place.and_then(|place| {
            let source = sources.iter().find(|s| s.name == *place.file.data())?;
            let (_, carried) = source.line(place.line)?;
            Some(Line {
                file: &place.file,
                line: place.line,
                carried,
            })
        });
        labelled.into_iter().chain(placed).collect()
    }

    /// The lines of a finding.
    pub(super) fn of_finding(f: &'a Finding) -> Vec<Line<'a>> {
        Line::all(&f.sources, f.primary.as_ref(), f.place.as_ref())
    }
}

/// Finds the text of a source file by the name that line information gives it.
pub type Files<'a> = &'a dyn Fn(&str) -> Option<Arc<Text>>;

/// Whether comments may suppress the rule.
pub(super) fn allowed(selectors: &[Selector], rule: &Rule) -> bool {
    selectors.iter().any(|s| s.covers(rule))
}

/// What comments say of a rule at some lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It is suppressed, and why.
    Suppressed(Untrusted),
    /// It would be, but the comment at this line gives no reason.
    NoReason(u32),
}

/// Looks for a mark that names the rule.
pub(super) fn said(rule: &Rule, lines: &[Line<'_>], files: Files<'_>) -> Option<Said> {
    let mut last = None;
    for line in lines {
        match said_at(rule, line, files) {
            Some(Said::Suppressed(why)) => return Some(Said::Suppressed(why)),
            other => last = last.or(other),
        }
    }
    last
}

fn said_at(rule: &Rule, line: &Line<'_>, files: Files<'_>) -> Option<Said> {
    let file = files(line.file.data())?;
    let there = file.line(line.line)?.1;
    if line.carried.trim().is_empty() || there.trim() != line.carried.trim() {
        return None;
    }
    if let Some(mark) = Mark::read(line.carried).filter(|m| m.names(rule)) {
        return Some(match mark.reason {
            "" => Said::NoReason(line.line),
            reason => Said::Suppressed(reason.into()),
        });
    }
    let above = (1..=ABOVE).map_while(|n| {
        let at = line.line.checked_sub(n).filter(|at| *at > 0)?;
        let comment = file.line(at)?.1;
        is_comment(comment).then_some((at, comment))
    });
    let mut marks = above.filter_map(|(at, comment)| Some((at, Mark::read(comment)?)));
    let (at, mark) = marks.find(|(_, mark)| mark.names(rule))?;
    Some(match mark.reason {
        "" => Said::NoReason(at),
        _ => Said::Suppressed(text!("a comment at {}:{at}", line.file)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_comments_with_codes_and_a_reason() {
        let check = |line: &str, want: Option<(&[&str], &str)>| {
            let got = Mark::read(line);
            let got = got.as_ref().map(|m| (&m.codes[..], m.reason));
            assert_eq!(got, want, "{line}");
        };
        check(
            "x = 1; // bpfassay: allow(BPF0801) as measured",
            Some((&["BPF0801"], "as measured")),
        );
        check(
            "/* bpfassay: allow(801, unused-map): both */",
            Some((&["801", "unused-map"], "both")),
        );
        check("// bpfassay: allow(BPF0801)", Some((&["BPF0801"], "")));
        check("// bpfassay: allow(BPF0801", None);
        check("// bpfassay: deny(BPF0801) x", None);
        check("printf(\"bpfassay: allow(BPF0801) x\");", None);
    }

    #[test]
    fn only_a_source_at_hand_that_reads_alike_suppresses() {
        let lint = rules::all().iter().find(|r| r.number == 801).unwrap();
        let check = |file: Option<&str>, line: u32, carried: &str, want: Option<Said>| {
            let text = file.map(|text| Arc::new(Text::new(text.to_owned())));
            let name = Untrusted::from("a.c");
            let line = Line {
                file: &name,
                line,
                carried,
            };
            assert_eq!(said(lint, &[line], &|_| text.clone()), want, "{carried}");
        };
        let why = |reason: &str| Some(Said::Suppressed(reason.into()));
        let marked = "x(); // bpfassay: allow(BPF0801) why";
        check(Some(&format!("\n\t{marked}\n")), 2, marked, why("why"));
        check(None, 2, marked, None);
        check(Some("\nx();\n"), 2, marked, None);
        let above = "// bpfassay: allow(BPF0801) SECRET\n// more\nx();\ny();\n";
        check(Some(above), 3, "x();", why("a comment at a.c:1"));
        check(Some(above), 4, "y();", None);
        check(Some(above), 3, "z();", None);
        check(Some(above), 3, "", None);
        check(
            Some("// bpfassay: allow(BPF0801)\nx();"),
            2,
            "x();",
            Some(Said::NoReason(1)),
        );
        check(Some("// bpfassay: allow(BPF0802) b\nx();"), 2, "x();", None);
        check(
            Some("z(); // bpfassay: allow(BPF0801) b\nx();"),
            2,
            "x();",
            None,
        );
    }
}
