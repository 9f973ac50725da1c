//! Spans drawn by miette, and the words around them.
//!
//! One drawing holds the labels of one file; the file of the primary label comes
//! first, others (inlined headers) follow.

use std::fmt::{self, Write as _};

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};

use crate::diagnostics::{Label, Source};
use crate::rules::Severity;

/// Something to say, and the places it is about.
pub(super) struct Picture<'a> {
    /// Number and name of its rule.
    pub(super) code: String,
    /// The sentence.
    pub(super) what: &'a str,
    /// How bad it is.
    pub(super) severity: Severity,
    /// Texts that the labels point into.
    pub(super) sources: &'a [Source],
    /// The place, if it has one.
    pub(super) primary: Option<&'a Label>,
    /// Places that belong to it, in the order of the story.
    pub(super) secondary: &'a [Label],
}

impl Picture<'_> {
    /// Draws it.
    pub(super) fn draw(&self, out: &mut String, color: bool, width: usize) {
        let theme = if color {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_width(width)
            .with_links(false);
        let mut files: Vec<usize> = Vec::new();
        for label in self.primary.into_iter().chain(self.secondary) {
            if !files.contains(&label.source) {
                files.push(label.source);
            }
        }
        let drawings = files.iter().filter_map(|&file| {
            let source = self.sources.get(file)?;
            Some((file, source))
        });
        let mut first = true;
        for (file, source) in drawings {
            let drawing = Drawing {
                picture: self,
                file,
                source,
                first: std::mem::take(&mut first),
            };
            let mut text = String::new();
            if handler.render_report(&mut text, &drawing).is_ok() {
                out.push_str(text.trim_end());
                out.push('\n');
            }
        }
        if first {
            let paint = Paint(color);
            let word = match self.severity {
                Severity::Error => paint.bad("error"),
                Severity::Warning => paint.warn("warning"),
                Severity::Note => paint.dim("note"),
            };
            let _ = writeln!(out, "{}\n\n  {word}: {}", self.code, self.what);
        }
    }
}

/// A headed paragraph below a picture.
pub(super) fn paragraph(out: &mut String, paint: &Paint, head: &str, text: &str, width: usize) {
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

/// Words in colour, or plain.
pub(super) struct Paint(pub(super) bool);

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
    pub(super) fn good(&self, text: &str) -> String {
        self.with("32", text)
    }
    pub(super) fn bad(&self, text: &str) -> String {
        self.with("1;31", text)
    }
    pub(super) fn warn(&self, text: &str) -> String {
        self.with("1;33", text)
    }
    pub(super) fn name(&self, text: &str) -> String {
        self.with("1", text)
    }
    pub(super) fn dim(&self, text: &str) -> String {
        self.with("36", text)
    }
}

/// The labels of one file, as miette wants them.
struct Drawing<'a> {
    picture: &'a Picture<'a>,
    file: usize,
    source: &'a Source,
    first: bool,
}

impl Drawing<'_> {
    fn spans(&self) -> impl Iterator<Item = LabeledSpan> + '_ {
        let d = self.picture;
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
        let primary = d.primary.filter(|l| l.source == self.file);
        let primary = primary.map(|l| span(l, None));
        secondary.chain(primary)
    }
}

impl fmt::Debug for Drawing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.picture.code)
    }
}

impl fmt::Display for Drawing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first {
            f.write_str(self.picture.what)
        } else {
            f.write_str("the value's way through another file:")
        }
    }
}

impl std::error::Error for Drawing<'_> {}

impl miette::Diagnostic for Drawing<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.first
            .then(|| Box::new(&self.picture.code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.picture.severity {
            Severity::Error if self.first => miette::Severity::Error,
            Severity::Warning if self.first => miette::Severity::Warning,
            _ => miette::Severity::Advice,
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
                .slice(span.offset(), span.offset() + span.len())
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
        let data = self.source.slice(start, end).ok_or_else(outside)?;
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
