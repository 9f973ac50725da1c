//! Code actions: helps that were verified, where they apply to the present text.

use std::path::Path;

use lsp_types::{
    CodeAction, CodeActionKind, DocumentChanges, OneOf, OptionalVersionedTextDocumentIdentifier,
    Position, Range, TextDocumentEdit, TextEdit, Uri, WorkspaceEdit,
};

use super::note::{Note, Telling};
use super::text::Doc;
use crate::diagnostics::story::EditPlace;

/// What can be done about the notes of a file that touch a range.
pub(super) fn actions(
    telling: &Telling<'_>,
    notes: &[&Note],
    file: &Path,
    range: Range,
    versioned: bool,
) -> Vec<CodeAction> {
    let doc = telling.workspace.text(file);
    let Some(uri) = telling.workspace.uri(file) else {
        return Vec::new();
    };
    let version = telling.workspace.opened(file).map(|open| open.version);
    let mut out: Vec<CodeAction> = Vec::new();
    for note in notes {
        let at = telling.range(note, &doc);
        // Anywhere on its lines: who looks at a line wants what mends it.
        if at.end.line < range.start.line || range.end.line < at.start.line {
            continue;
        }
        for fix in note.fixes.iter().filter(|fix| fix.file == file) {
            let Some(edit) = edit(&doc, &fix.edit) else {
                continue;
            };
            // Two programs refused at one line are mended by one edit.
            if out.iter().any(|a| a.title == fix.title) {
                continue;
            }
            out.push(CodeAction {
                title: fix.title.clone(),
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![telling.diagnostic(note, &doc)]),
                edit: Some(workspace_edit(&uri, version, edit, versioned)),
                is_preferred: Some(out.is_empty()),
                ..CodeAction::default()
            });
        }
    }
    out
}

/// The edit in the present text; none if the line that it is about reads otherwise now, or
/// is not the only one.
fn edit(doc: &Doc, edit: &crate::diagnostics::Edit) -> Option<TextEdit> {
    let found = doc.find(edit.line, &edit.old);
    let text = doc.line(found.line)?;
    if !found.sure || text.trim() != edit.old.trim() {
        return None;
    }
    let line = found.line;
    let after = doc.line(line.checked_add(1)?).is_some();
    let start = Position::new(line, 0);
    let next = Position::new(line + 1, 0);
    let (range, new_text) = match edit.place {
        EditPlace::Before => (Range::new(start, start), edit.text()),
        EditPlace::After if after => (Range::new(next, next), edit.text()),
        EditPlace::Instead if after => (Range::new(start, next), edit.text()),
        // The last line has no end: nothing is put behind it.
        EditPlace::After | EditPlace::Instead => return None,
    };
    Some(TextEdit { range, new_text })
}

fn workspace_edit(
    uri: &Uri,
    version: Option<i32>,
    edit: TextEdit,
    versioned: bool,
) -> WorkspaceEdit {
    if !versioned {
        return WorkspaceEdit {
            changes: Some([(uri.clone(), vec![edit])].into()),
            ..WorkspaceEdit::default()
        };
    }
    WorkspaceEdit {
        document_changes: Some(DocumentChanges::Edits(vec![TextDocumentEdit {
            text_document: OptionalVersionedTextDocumentIdentifier {
                uri: uri.clone(),
                version,
            },
            edits: vec![OneOf::Left(edit)],
        }])),
        ..WorkspaceEdit::default()
    }
}
