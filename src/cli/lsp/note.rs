//! What an editor shows: complaints of a report, tied to files of the workspace.

use std::path::{Path, PathBuf};

use lsp_types::{
    CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location,
    NumberOrString, Position, Range, Uri,
};

use super::files::Workspace;
use super::text::{Doc, Encoding};
use crate::cli::sources::SourceFiles;
use crate::diagnostics::{Edit, Label, Source, remedy};
use crate::limits;
use crate::report::Report;
use crate::report::items::{Item, items};
use crate::rules::{Rule, Severity};
use crate::untrusted::{Foreign, terminal};

/// A stretch of a line, as an object carries it.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    pub(super) file: PathBuf,
    /// From 1.
    pub(super) line: u32,
    pub(super) carried: String,
    /// Bytes of it.
    span: (usize, usize),
}

/// An edit that was verified.
#[derive(Clone, Debug)]
pub(super) struct Fix {
    pub(super) title: String,
    pub(super) file: PathBuf,
    pub(super) edit: Edit,
}

/// One complaint.
#[derive(Clone, Debug)]
pub(super) struct Note {
    /// Where it is shown: a source file, or the object.
    pub(super) file: PathBuf,
    /// Where in the file, if that is known.
    spot: Option<Spot>,
    severity: Severity,
    code: String,
    rule: Option<&'static Rule>,
    pub(super) message: String,
    related: Vec<(Spot, String)>,
    pub(super) fixes: Vec<Fix>,
}

/// The complaints of one object's report that count.
pub(super) fn notes(report: &Report, object: &Path, files: &SourceFiles) -> Vec<Note> {
    let all = items(report);
    let counted = all.iter().filter(|item| item.suppressed.is_none());
    let counted = counted.take(limits::LSP_NOTES);
    counted.map(|item| note(item, object, files)).collect()
}

fn note(item: &Item<'_>, object: &Path, files: &SourceFiles) -> Note {
    let spot = item
        .primary
        .and_then(|label| spot_of(item.sources, label, files))
        .or_else(|| {
            let place = item.place?;
            Some(Spot {
                file: files.path(place.file.data())?,
                line: place.line,
                carried: String::new(),
                span: (0, 0),
            })
        });
    let related = item.secondary.iter().filter_map(|label| {
        let at = spot_of(item.sources, label, files)?;
        Some((at, shown(&label.text)))
    });
    Note {
        file: spot
            .as_ref()
            .map_or_else(|| object.to_owned(), |s| s.file.clone()),
        spot,
        severity: item.severity,
        code: item.id.clone(),
        rule: item.rule,
        message: message(item),
        related: related.collect(),
        fixes: fixes(item, files),
    }
}

fn shown<T: Foreign + ?Sized>(text: &T) -> String {
    let text = terminal(text);
    match text.char_indices().nth(limits::LSP_TEXT) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or("")),
        None => text.into_owned(),
    }
}

fn message(item: &Item<'_>) -> String {
    let mut out = shown(&item.what);
    if let Some(program) = item.program {
        out.push_str(&format!("\nin {}", shown(program)));
        let places = item.places();
        if !places.is_empty() {
            out.push_str(&format!(", on {}", shown(&places)));
        }
    }
    if let Some(d) = item.diagnostic {
        out.push_str(&format!("\nwhy: {}", shown(&d.why)));
    }
    if let Some(remedy) = &item.remedy {
        out.push_str(&format!("\nhelp: {}", shown(remedy)));
    }
    if let Some(d) = item.diagnostic {
        out.push_str(&format!("\nkernel: {}", shown(&d.kernel_words)));
    }
    out
}

fn spot_of(sources: &[Source], label: &Label, files: &SourceFiles) -> Option<Spot> {
    let source = sources.get(label.source).filter(|s| !s.is_listing())?;
    let file = files.path(source.name.data())?;
    let (start, text) = source.line(label.line)?;
    let from = label.offset.checked_sub(start)?.min(text.len());
    Some(Spot {
        file,
        line: label.line,
        carried: text.to_owned(),
        span: (from, (from + label.len).min(text.len())),
    })
}

fn fixes(item: &Item<'_>, files: &SourceFiles) -> Vec<Fix> {
    let helps = item.diagnostic.into_iter().flat_map(|d| &d.helps);
    let verified = helps.filter(|h| h.tested.holds());
    let fix = |help: &crate::diagnostics::Help| {
        let edit = help.edit.clone()?;
        Some(Fix {
            title: format!("{} ({})", shown(&help.text), remedy::said(&help.tested)),
            file: files.path(&edit.file)?,
            edit,
        })
    };
    verified.filter_map(fix).collect()
}

/// How notes are told to a client.
pub(super) struct Telling<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) encoding: Encoding,
    /// Where rules have their pages: a URI with `{code}`, `{name}`, `{family}`.
    pub(super) rules: Option<&'a str>,
}

impl Telling<'_> {
    /// Where a note stands in the present text of its file.
    pub(super) fn range(&self, note: &Note, doc: &Doc) -> Range {
        match &note.spot {
            Some(spot) => doc.range(self.encoding, spot.line, &spot.carried, spot.span),
            None => Range::new(Position::new(0, 0), Position::new(0, 0)),
        }
    }

    /// A note as the client takes it; `doc` is the present text of its file.
    pub(super) fn diagnostic(&self, note: &Note, doc: &Doc) -> Diagnostic {
        let mut message = note.message.clone();
        let stale = |s: &Spot| !s.carried.is_empty() && !doc.find(s.line, &s.carried).sure;
        if note.spot.as_ref().is_some_and(stale) {
            message.push_str("\nThe line reads otherwise than when the object was built.");
        }
        Diagnostic {
            range: self.range(note, doc),
            severity: Some(match note.severity {
                Severity::Error => DiagnosticSeverity::ERROR,
                Severity::Warning => DiagnosticSeverity::WARNING,
                Severity::Note => DiagnosticSeverity::INFORMATION,
            }),
            code: Some(NumberOrString::String(note.code.clone())),
            code_description: self.page(note),
            source: Some(env!("CARGO_PKG_NAME").to_owned()),
            message,
            related_information: Some(self.related(note, doc)),
            ..Diagnostic::default()
        }
    }

    fn page(&self, note: &Note) -> Option<CodeDescription> {
        let rule = note.rule?;
        let href = self.rules?;
        let href = href
            .replace("{code}", &rule.id())
            .replace("{name}", rule.name)
            .replace("{family}", rule.family);
        let href: Uri = href.parse().ok()?;
        Some(CodeDescription { href })
    }

    fn related(&self, note: &Note, doc: &Doc) -> Vec<DiagnosticRelatedInformation> {
        let one = |(spot, text): &(Spot, String)| {
            let other = (spot.file != note.file).then(|| self.workspace.text(&spot.file));
            let doc = other.as_ref().unwrap_or(doc);
            Some(DiagnosticRelatedInformation {
                location: Location {
                    uri: self.workspace.uri(&spot.file)?,
                    range: doc.range(self.encoding, spot.line, &spot.carried, spot.span),
                },
                message: text.clone(),
            })
        };
        note.related.iter().filter_map(one).collect()
    }
}
