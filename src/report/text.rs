//! The report for people: one line per program, and for each refusal its spans
//! and its story.
//!
//! Labels are drawn by miette. One drawing holds the labels of one file; the
//! refused file comes first, others (inlined headers) follow.

use std::fmt::{self, Write as _};

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};

use super::{ObjectReport, Outcome, ProgramReport, Report};
use crate::diagnostics::{Diagnostic, Label, Source};

/// How text is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// ANSI colours.
    pub color: bool,
    /// Columns.
    pub width: usize,
    /// Print what each exploration cost.
    pub stats: bool,
    /// Print accepted programs too.
    pub all: bool,
}

impl Default for Style {
    fn default() -> Style {
        Style {
            color: false,
            width: 100,
            stats: false,
            all: true,
        }
    }
}

/// Renders a report.
pub fn render(report: &Report, style: Style) -> String {
    let mut out = String::new();
    for object in &report.objects {
        render_object(&mut out, object, style);
    }
    out.push_str(&summary(report));
    out
}

/// One line: how many programs came to which verdict.
pub fn summary(report: &Report) -> String {
    let t = report.totals();
    let mut text = format!("{} accepted, {} rejected", t.accept, t.reject);
    for (n, word) in [
        (t.unknown, "NOT DECIDED"),
        (t.load_error, "not loadable"),
        (t.unreadable, "unreadable input(s)"),
    ] {
        if n > 0 {
            let _ = write!(text, ", {n} {word}");
        }
    }
    if t.internal > 0 {
        let _ = write!(text, " ({} by an internal error)", t.internal);
    }
    text.push('\n');
    text
}

fn render_object(out: &mut String, object: &ObjectReport, style: Style) {
    let paint = Paint(style.color);
    if let Some(error) = &object.error {
        let _ = writeln!(
            out,
            "{} {}: {error}",
            paint.bad("unreadable"),
            object.object
        );
    }
    for e in &object.load_errors {
        let _ = writeln!(
            out,
            "{} {} on {}: {}: {}",
            paint.bad("load-error"),
            object.object,
            e.target,
            e.stage,
            e.reason
        );
    }
    for p in &object.programs {
        render_program(out, &object.object, p, style);
    }
}

fn render_program(out: &mut String, object: &str, p: &ProgramReport, style: Style) {
    let paint = Paint(style.color);
    let word = match &p.outcome {
        Outcome::Accept if !style.all => return,
        Outcome::Accept => paint.good("accept    "),
        Outcome::Reject(_) => paint.bad("reject    "),
        Outcome::Unknown { .. } => paint.warn("UNKNOWN   "),
        Outcome::LoadError { .. } => paint.bad("load-error"),
    };
    let kind = if p.attach_type.is_empty() || p.attach_type == p.prog_type {
        p.prog_type.clone()
    } else {
        format!("{}/{}", p.prog_type, p.attach_type)
    };
    let _ = write!(
        out,
        "{word} {object} {} ({kind}) on {}",
        paint.name(&p.program),
        p.target
    );
    if let (true, Some(s)) = (style.stats, p.stats) {
        let _ = write!(
            out,
            " [{} insns, processed {}, states {} (peak {}), stack {}",
            p.insns, s.processed, s.total_states, s.peak_states, s.stack_depth
        );
        if let Some(us) = p.verify_us {
            let _ = write!(out, ", {us} us");
        }
        out.push(']');
    }
    match &p.outcome {
        Outcome::Accept => out.push('\n'),
        Outcome::LoadError { stage, reason } => {
            let hint = if stage == "section" {
                " (--type gives one)"
            } else {
                ""
            };
            let _ = writeln!(out, ": {stage}: {reason}{hint}");
        }
        Outcome::Unknown {
            name,
            insn,
            place,
            internal,
        } => {
            let _ = match internal {
                Some(detail) => write!(out, ": internal error, please report it: {detail}"),
                None => write!(out, ": not decided, this is not modelled: {name}"),
            };
            if let Some(insn) = insn {
                let _ = write!(out, " at instruction {insn}");
            }
            if let Some(place) = place {
                let _ = write!(out, " ({}:{})", place.file, place.line);
            }
            out.push('\n');
        }
        Outcome::Reject(d) => {
            out.push('\n');
            render_diagnostic(out, d, style);
        }
    }
}

/// Draws one refusal.
pub fn render_diagnostic(out: &mut String, d: &Diagnostic, style: Style) {
    let theme = if style.color {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(style.width)
        .with_links(false);
    let mut files: Vec<usize> = vec![d.primary.source];
    files.extend(d.secondary.iter().map(|l| l.source));
    let mut seen = Vec::new();
    files.retain(|f| {
        let new = !seen.contains(f);
        seen.push(*f);
        new
    });
    for (i, &file) in files.iter().enumerate() {
        let Some(source) = d.sources.get(file) else {
            continue;
        };
        let drawing = Drawing {
            diagnostic: d,
            file,
            source,
            first: i == 0,
        };
        let mut text = String::new();
        if handler.render_report(&mut text, &drawing).is_ok() {
            out.push_str(text.trim_end());
            out.push('\n');
        }
    }
    story(out, d, style);
    out.push('\n');
}

/// The words below the spans.
fn story(out: &mut String, d: &Diagnostic, style: Style) {
    let paint = Paint(style.color);
    let width = style.width.max(40);
    paragraph(out, &paint, "why", &d.why, width);
    if !d.branches.is_empty() {
        let mut text = String::new();
        if d.branches_before > 0 {
            let _ = write!(text, "after {} earlier branches, ", d.branches_before);
        }
        let steps: Vec<String> = d
            .branches
            .iter()
            .map(|b| {
                let way = if b.taken { "jumps" } else { "goes on" };
                match &b.place {
                    Some((place, _)) => format!("line {} {way}", place.line),
                    None => format!("insn {} {way}", b.insn),
                }
            })
            .collect();
        text.push_str(&steps.join(", "));
        paragraph(out, &paint, "path", &text, width);
    }
    paragraph(out, &paint, "remedy", &d.remedy, width);
    if !d.kernel_words.is_empty() {
        paragraph(out, &paint, "kernel", &d.kernel_words, width);
    }
    let regs: Vec<String> = d.registers.iter().map(|(r, t)| register(*r, t)).collect();
    if !regs.is_empty() && style.stats {
        paragraph(out, &paint, "regs", &regs.join(" "), width);
    }
}

fn register(reg: u8, text: &str) -> String {
    if text.starts_with('R') {
        text.to_owned()
    } else {
        format!("R{reg}={text}")
    }
}

fn paragraph(out: &mut String, paint: &Paint, head: &str, text: &str, width: usize) {
    let room = width.saturating_sub(12).max(20);
    let mut line = String::new();
    let mut lines = Vec::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    for (i, line) in lines.iter().enumerate() {
        let label = if i == 0 {
            format!("{head:>9}:")
        } else {
            " ".repeat(10)
        };
        let _ = writeln!(out, "{} {line}", paint.dim(&label));
    }
}

struct Paint(bool);

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
    fn good(&self, text: &str) -> String {
        self.with("32", text)
    }
    fn bad(&self, text: &str) -> String {
        self.with("1;31", text)
    }
    fn warn(&self, text: &str) -> String {
        self.with("1;33", text)
    }
    fn name(&self, text: &str) -> String {
        self.with("1", text)
    }
    fn dim(&self, text: &str) -> String {
        self.with("36", text)
    }
}

/// The labels of one file, as miette wants them.
struct Drawing<'a> {
    diagnostic: &'a Diagnostic,
    file: usize,
    source: &'a Source,
    first: bool,
}

impl Drawing<'_> {
    fn spans(&self) -> impl Iterator<Item = LabeledSpan> + '_ {
        let d = self.diagnostic;
        let story = d.secondary.len() > 1;
        let span = move |l: &Label, number: Option<usize>| {
            let primary = number.is_none();
            let text = Some(match number {
                Some(n) if story => format!("({}) {}", n + 1, l.text),
                _ => l.text.clone(),
            });
            let at = (l.offset, l.len);
            if primary {
                LabeledSpan::new_primary_with_span(text, at)
            } else {
                LabeledSpan::new_with_span(text, at)
            }
        };
        let secondary = d.secondary.iter().enumerate();
        let secondary = secondary
            .filter(|(_, l)| l.source == self.file)
            .map(move |(i, l)| span(l, Some(i)));
        let primary = (self.file == d.primary.source).then(|| span(&d.primary, None));
        secondary.chain(primary)
    }
}

impl fmt::Debug for Drawing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.diagnostic.code)
    }
}

impl fmt::Display for Drawing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first {
            f.write_str(&self.diagnostic.what)
        } else {
            f.write_str("the value's way through another file:")
        }
    }
}

impl std::error::Error for Drawing<'_> {}

impl miette::Diagnostic for Drawing<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.first.then(|| {
            let code = self.diagnostic.code;
            Box::new(format!("{} {}", self.diagnostic.number(), code.name()))
                as Box<dyn fmt::Display>
        })
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(if self.first {
            miette::Severity::Error
        } else {
            miette::Severity::Advice
        })
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.spans()))
    }
}

impl SourceCode for Drawing<'_> {
    fn read_span<'a>(
        &'a self,
        span: &miette::SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn miette::SpanContents<'a> + 'a>, miette::MietteError> {
        // Whole lines, with their true number: miette's own reader cuts the first
        // line at the span when it is asked for no context, and joins distant
        // snippets.
        let outside = || miette::MietteError::OutOfBounds;
        if before == 0 && after == 0 {
            // The place that the head of a snippet names.
            let (line, column) = self.source.position(span.offset()).ok_or_else(outside)?;
            let data = self
                .source
                .text
                .get(span.offset()..span.offset() + span.len())
                .ok_or_else(outside)?;
            return Ok(Box::new(miette::MietteSpanContents::new_named(
                self.source.name.clone(),
                data.as_bytes(),
                *span,
                line as usize - 1,
                column as usize - 1,
                1,
            )));
        }
        let (first, last) = self
            .source
            .snippet(span.offset(), span.len())
            .ok_or_else(outside)?;
        let start = self.source.line(first).ok_or_else(outside)?.0;
        let (end, text) = self.source.line(last).ok_or_else(outside)?;
        let end = end + text.len();
        let data = self.source.text.get(start..end).ok_or_else(outside)?;
        Ok(Box::new(miette::MietteSpanContents::new_named(
            self.source.name.clone(),
            data.as_bytes(),
            (start, end - start).into(),
            first as usize - 1,
            0,
            (last - first + 1) as usize,
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_wrap_at_the_width() {
        let mut out = String::new();
        paragraph(&mut out, &Paint(false), "why", &"word ".repeat(40), 60);
        assert!(out.lines().all(|l| l.len() <= 60), "{out}");
        assert!(out.lines().count() > 3);
    }
}
