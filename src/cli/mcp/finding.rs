//! A finding as an agent reads it.

use serde_json::{Value, json};

use crate::diagnostics::{Help, Label, Source, remedy};
use crate::report::items::Item;
use crate::untrusted::Untrusted;

/// Everything that helps to mend it.
pub(super) fn json(item: &Item<'_>) -> Value {
    let place = item.primary.and_then(|l| line(item.sources, l));
    let place = place.or_else(|| {
        let place = item.place?;
        Some(json!({ "file": place.file, "line": place.line }))
    });
    let related = item.secondary.iter().filter_map(|l| line(item.sources, l));
    let mut out = json!({
        "code": item.id,
        "name": item.name(),
        "severity": item.severity.name(),
        "object": item.object,
        "program": item.program,
        "targets": item.targets,
        "message": item.what,
        "at": place,
        "because": related.collect::<Vec<_>>(),
        "remedy": item.remedy,
    });
    if let Some(d) = item.diagnostic {
        out["why"] = json!(d.why);
        out["cause"] = json!(d.cause.0.name());
        out["instruction"] = json!(d.insn_text);
        out["kernel_words"] = json!(d.kernel_words);
        let helps: Vec<Value> = d.helps.iter().map(help).collect();
        out["helps"] = json!(helps);
    }
    if let Some(why) = item.suppressed {
        out["suppressed"] = json!(why);
    }
    out
}

/// A line with what is said of it.
fn line(sources: &[Source], label: &Label) -> Option<Value> {
    let source = sources.get(label.source)?;
    let (_, text) = source.line(label.line)?;
    let text: Untrusted = text.trim().into();
    Some(match source.is_listing() {
        true => json!({ "instruction": text, "note": label.text }),
        false => json!({
            "file": source.name, "line": label.line, "source": text, "note": label.text,
        }),
    })
}

fn help(help: &Help) -> Value {
    let edit = help.edit.as_ref().map(|edit| {
        let lines = edit.diff().into_iter();
        let lines = lines.map(|(sign, n, text)| json!(format!("{sign}{n}: {text}")));
        json!({ "file": edit.file, "diff": lines.collect::<Vec<_>>() })
    });
    json!({
        "text": help.text,
        "verified": help.tested.holds(),
        "tested": remedy::said(&help.tested),
        "edit": edit,
    })
}
