//! Spans drawn by miette, and the words around them.
//!
//! One drawing holds the labels of one file; the file of the primary label comes
//! first, others (inlined headers) follow. What cannot be drawn (a line too long to be
//! read, labels outside of their text) is told in words: a complaint is never lost.
//!
//! All texts are escaped here, sources too: labels move with the escapes before them.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};

use crate::diagnostics::{Label, Source};
use crate::rules::Severity;
use crate::untrusted::{Foreign, Untrusted, source_line, terminal, text};

/// Bytes of a line that is still drawn.
const MAX_LINE: usize = 500;

/// Something to say, and the places it is about.
pub(super) struct Picture<'a> {
    /// Number and name of its rule.
    pub(super) code: String,
    /// The sentence.
    pub(super) what: &'a Untrusted,
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
                what: terminal(self.what),
                file,
                source: Shown::of(source),
                first: std::mem::take(&mut first),
            };
            let mut text = String::new();
            if drawing.fits() && handler.render_report(&mut text, &drawing).is_ok() {
                out.push_str(text.trim_end());
                out.push('\n');
            } else {
                drawing.tell(out, color, width);
            }
        }
        if first {
            self.head(out, color);
        }
    }

    /// The complaint without a place.
    fn head(&self, out: &mut String, color: bool) {
        let paint = Paint(color);
        let word = match self.severity {
            Severity::Error => paint.bad("error"),
            Severity::Warning => paint.warn("warning"),
            Severity::Note => paint.dim("note"),
        };
        let _ = writeln!(out, "{}\n\n  {word}: {}", self.code, terminal(self.what));
    }
}

/// A source whose text may be shown.
struct Shown<'a> {
    /// As it is: what labels point into.
    raw: &'a Source,
    /// As it is shown.
    text: Cow<'a, Source>,
}

impl<'a> Shown<'a> {
    fn of(raw: &'a Source) -> Shown<'a> {
        let text = raw.shown(terminal::<str>, source_line::<str>);
        let text = text.map_or(Cow::Borrowed(raw), Cow::Owned);
        Shown { raw, text }
    }

    /// Where a place of the text is shown.
    fn offset(&self, raw: usize) -> usize {
        let Some((line, column)) = self.raw.position(raw) else {
            return self.text.end();
        };
        let (Some((_, text)), Some((start, _))) = (self.raw.line(line), self.text.line(line))
        else {
            return self.text.end();
        };
        // Columns count bytes, and may point into a character.
        let mut at = text.len().min((column as usize).saturating_sub(1));
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        start + source_line(text.get(..at).unwrap_or(text)).len()
    }

    /// Offset and length of a label.
    fn span(&self, label: &Label) -> (usize, usize) {
        let from = self.offset(label.offset);
        let to = self.offset(label.offset.saturating_add(label.len));
        (from, to.saturating_sub(from).max(1))
    }
}

/// A headed paragraph below a picture.
pub(super) fn paragraph<T: Foreign + ?Sized>(
    out: &mut String,
    paint: &Paint,
    head: &str,
    text: &T,
    width: usize,
) {
    let room = width.saturating_sub(12).max(20);
    let mut line = String::new();
    let mut lines = Vec::new();
    // Lines of a kernel's words become one; each word may begin a line.
    for word in text.data().split_whitespace() {
        let word = terminal(word);
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
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
    what: Cow<'a, str>,
    file: usize,
    source: Shown<'a>,
    first: bool,
}

impl Drawing<'_> {
    fn labels(&self) -> impl Iterator<Item = &Label> {
        let all = self.picture.primary.into_iter();
        all.chain(self.picture.secondary)
            .filter(|l| l.source == self.file)
    }

    /// Whether all lines that would be shown can be read.
    fn fits(&self) -> bool {
        self.labels().all(|l| {
            let (offset, len) = self.source.span(l);
            let shown = self.source.text.snippet(offset, len);
            shown.is_some_and(|(first, last)| {
                last - first < 8
                    && (first..=last).all(|n| {
                        let line = self.source.text.line(n);
                        line.is_some_and(|(_, text)| text.len() <= MAX_LINE)
                    })
            })
        })
    }

    /// The same in words.
    fn tell(&self, out: &mut String, color: bool, width: usize) {
        if self.first {
            self.picture.head(out, color);
        }
        let paint = Paint(color);
        for label in self.labels() {
            let text = self
                .source
                .raw
                .line(label.line)
                .map_or("", |(start, text)| {
                    let from = label.offset.saturating_sub(start);
                    let rest = text.get(from..).unwrap_or(text);
                    rest.get(..label.len).unwrap_or(rest)
                });
            let brief: String = text.trim().chars().take(80).collect();
            let at = text!(
                "{}:{}: {}: {brief}",
                self.source.raw.name,
                label.line,
                label.text
            );
            paragraph(out, &paint, "at", &at, width);
        }
    }

    fn spans(&self) -> impl Iterator<Item = LabeledSpan> + '_ {
        let d = self.picture;
        let story = d.secondary.len() > 1;
        let span = move |l: &Label, number: Option<usize>| {
            let primary = number.is_none();
            let text = Some(match number {
                Some(n) if story => format!("({}) {}", n + 1, terminal(&l.text)),
                _ => terminal(&l.text).into_owned(),
            });
            let at = self.source.span(l);
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
            f.write_str(&self.what)
        } else {
            f.write_str(if self.source.raw.is_listing() {
                "the same, by instructions:"
            } else {
                "the value's way through another file:"
            })
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
        let source = &*self.source.text;
        if before == 0 && after == 0 {
            // The place that the head of a snippet names.
            let (line, column) = source.position(span.offset()).ok_or_else(outside)?;
            let data = source
                .slice(span.offset(), span.offset() + span.len())
                .ok_or_else(outside)?;
            return Ok(Box::new(miette::MietteSpanContents::new_named(
                terminal(&source.name).into_owned(),
                data.as_bytes(),
                *span,
                line as usize - 1,
                column as usize - 1,
                1,
            )));
        }
        let (first, last) = source
            .snippet(span.offset(), span.len())
            .ok_or_else(outside)?;
        let start = source.line(first).ok_or_else(outside)?.0;
        let (end, text) = source.line(last).ok_or_else(outside)?;
        let end = end + text.len();
        let data = source.slice(start, end).ok_or_else(outside)?;
        Ok(Box::new(miette::MietteSpanContents::new_named(
            terminal(&source.name).into_owned(),
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
