//! The JSON report: one document with a version, described by
//! `schemas/report.v1.json`. Fields are only ever added within a version.

use serde_json::{Value, json};

use super::{ObjectReport, Outcome, ProgramReport, Report, flat};
use crate::diagnostics::facts::Evidence;
use crate::diagnostics::story::EditPlace;
use crate::diagnostics::{Branch, Diagnostic, Finding, Help, Label, Place, Source, Tested};
use crate::untrusted::{self, Untrusted};

/// Version of the document's schema.
pub const SCHEMA_VERSION: u32 = 1;

/// Renders a report.
pub fn render(report: &Report) -> String {
    untrusted::pretty(&document(report))
}

/// The document.
pub fn document(report: &Report) -> Value {
    let t = report.totals();
    json!({
        "schema": format!("bpfassay-report-v{SCHEMA_VERSION}"),
        "version": SCHEMA_VERSION,
        "tool": { "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") },
        "totals": {
            "accept": t.accept,
            "reject": t.reject,
            "unknown": t.unknown,
            "load_error": t.load_error,
            "unreadable": t.unreadable,
            "internal_error": t.internal,
            "errors": t.errors,
            "warnings": t.warnings,
            "notes": t.notes,
            "suppressed": t.suppressed,
        },
        "partial": report.partial(),
        "shard": report.shard.as_ref().map(|s| json!({
            "part": s.part,
            "of": s.of,
            "positions": s.positions,
        })),
        "objects": report.objects.iter().map(object).collect::<Vec<_>>(),
        "matrix": super::matrix::value(report),
    })
}

/// One object, as the document has it.
pub fn object(o: &ObjectReport) -> Value {
    json!({
        "object": o.object,
        "error": o.error.as_ref().map(|e| json!({
            "section": e.section,
            "offset": e.offset,
            "reason": e.reason,
        })),
        "load_errors": o.load_errors.iter().map(|e| json!({
            "target": e.target,
            "variant": Some(&e.variant).filter(|v| !v.is_empty()),
            "stage": e.stage,
            "reason": e.reason,
        })).collect::<Vec<_>>(),
        "programs": o.programs.iter().map(|p| program(&o.object, p)).collect::<Vec<_>>(),
        "findings": o.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn program(object: &Untrusted, p: &ProgramReport) -> Value {
    let mut map = flat(object, p);
    map.remove("object");
    let finding = match &p.outcome {
        Outcome::Reject(d) => diagnostic(d),
        _ => Value::Null,
    };
    map.insert("finding".into(), finding);
    map.insert("severity".into(), json!(p.severity.name()));
    let internal = match &p.outcome {
        Outcome::Unknown { internal, .. } => internal.as_ref(),
        _ => None,
    };
    map.insert("internal".into(), json!(internal));
    map.insert("begins".into(), place(p.usage.place.as_ref()));
    map.insert("smoke_runs".into(), smoke_runs(p));
    let lacks = match &p.outcome {
        Outcome::Lacks(lacks) => lacks.iter().map(self::finding).collect(),
        _ => Vec::new(),
    };
    map.insert("lacks".into(), Value::Array(lacks));
    map.insert("suppressed".into(), json!(p.suppressed));
    map.insert("in_source".into(), json!(p.in_source));
    map.insert("smoke_fault".into(), smoke_fault(object, p));
    #[cfg(feature = "cli")]
    if let Some(profile) = &p.profile {
        map.insert("profile".into(), super::profile::json(profile));
    }
    Value::Object(map)
}

#[cfg(feature = "smoke")]
fn smoke_fault(object: &Untrusted, p: &ProgramReport) -> Value {
    let fault = p.smoke.as_ref().and_then(|s| s.fault.as_ref());
    fault.map_or(Value::Null, |f| {
        json!({
            "what": f.what,
            "insn": f.insn,
            "file": f.place.as_ref().map(|p| &p.0),
            "line": f.place.as_ref().map(|p| p.1),
            "reproduce": f.reproducer(object, &p.program),
            "scenario": f.scenario,
            "input": f.input.as_ref().map(|i| json!({
                "seed": i.seed,
                "populated": i.populated,
                "packet": i.packet,
                "context": i.context,
                "steer": i.steer.to_string(),
            })),
        })
    })
}

/// What the runs came to.
#[cfg(feature = "smoke")]
fn smoke_runs(p: &ProgramReport) -> Value {
    p.smoke.as_ref().map_or(Value::Null, |s| {
        json!({
            "runs": s.runs,
            "insns": s.insns,
            "unreached": s.unreached,
        })
    })
}

#[cfg(not(feature = "smoke"))]
fn smoke_runs(_p: &ProgramReport) -> Value {
    Value::Null
}

fn place(p: Option<&Place>) -> Value {
    p.map_or(
        Value::Null,
        |p| json!({ "file": p.file, "line": p.line, "column": p.column }),
    )
}

#[cfg(not(feature = "smoke"))]
fn smoke_fault(_object: &Untrusted, _p: &ProgramReport) -> Value {
    Value::Null
}

fn diagnostic(d: &Diagnostic) -> Value {
    json!({
        "code": d.number(),
        "name": d.code.name(),
        "class": d.class,
        "what": d.what,
        "why": d.why,
        "own_reason": d.own_reason,
        "remedy": d.remedy,
        "cause": d.cause.0.name(),
        "confidence": d.cause.1.name(),
        "help": d.helps.iter().map(help).collect::<Vec<_>>(),
        "witness": d.witness,
        "changed": d.changed,
        "further": d.further.iter().map(diagnostic).collect::<Vec<_>>(),
        "kernel_words": d.kernel_words,
        "shared_words": d.shared_words,
        "place": place(d.place.as_ref()),
        "sources": sources(&d.sources, std::iter::once(&d.primary).chain(&d.secondary)),
        "refusal": refusal(d),
        "insn": d.insn,
        "insn_text": d.insn_text,
        "primary": label(&d.sources, &d.primary),
        "secondary": d.secondary.iter().map(|l| label(&d.sources, l)).collect::<Vec<_>>(),
        "branches_before": d.branches_before,
        "branches": d.branches.iter().map(branch).collect::<Vec<_>>(),
        "registers": d.registers.iter().map(|(r, text)| json!({ "reg": r, "holds": text })).collect::<Vec<_>>(),
    })
}

/// The typed facts: what the sentences are made of.
fn refusal(d: &Diagnostic) -> Value {
    let facts = d.facts();
    let fields = facts.fields.iter().map(|(name, evidence)| {
        let value = match evidence {
            Evidence::Number(n) => json!(n),
            Evidence::Unsigned(n) => json!(n),
            Evidence::Bits { value, mask } => json!({ "value": value, "mask": mask }),
            Evidence::Range { min, max } => json!({ "min": min, "max": max }),
            Evidence::Word(word) => json!(word),
        };
        (name.clone().into_owned(), value)
    });
    json!({
        "kind": facts.kind,
        "reg": facts.reg,
        "function": facts.function,
        "fields": fields.collect::<serde_json::Map<_, _>>(),
    })
}

/// A way to mend a refusal; the suggestion is the lines that it changes.
fn help(h: &Help) -> Value {
    let (next, next_insn) = match h.tested {
        Tested::GoesOn { line, insn } => (line, Some(insn)),
        _ => (None, None),
    };
    json!({
        "text": h.text,
        "tested": h.tested.name(),
        "next_line": next,
        "next_insn": next_insn,
        "as_instructions": h.patch.is_some(),
        "suggestion": h.edit.as_ref().map(|e| json!({
            "file": e.file,
            "line": e.line,
            "place": match e.place {
                EditPlace::Before => "before",
                EditPlace::After => "after",
                EditPlace::Instead => "instead",
            },
            "old": e.old,
            "new": e.new,
        })),
    })
}

/// A finding of a lint, a policy, a budget or a portability check.
pub(super) fn finding(f: &Finding) -> Value {
    json!({
        "code": f.rule.id(),
        "name": f.rule.name,
        "kind": f.rule.kind.name(),
        "severity": f.severity.name(),
        "confidence": f.rule.confidence.name(),
        "what": f.what,
        "why": f.rule.why_short(),
        "remedy": f.remedy,
        "program": f.program,
        "section": f.section,
        "insn": f.insn,
        "file": f.place.as_ref().map(|p| &p.file),
        "line": f.place.as_ref().map(|p| p.line),
        "column": f.place.as_ref().map(|p| p.column),
        "targets": f.targets,
        "variants": f.variants,
        "suppressed": f.suppressed,
        "in_source": f.in_source,
        "sources": sources(&f.sources, f.primary.iter().chain(&f.secondary)),
        "primary": f.primary.as_ref().map(|l| label(&f.sources, l)),
        "secondary": f.secondary.iter().map(|l| label(&f.sources, l)).collect::<Vec<_>>(),
    })
}

/// The lines that labels point into, and those beside them.
fn sources<'a>(all: &[Source], labels: impl Iterator<Item = &'a Label> + Clone) -> Value {
    let one = |(at, source): (usize, &Source)| {
        let of = labels.clone().filter(|l| l.source == at).map(|l| l.line);
        let lines = source.kept(of).into_iter();
        let lines = lines.map(|(line, text)| json!({ "line": line, "text": text }));
        json!({ "file": source.name, "lines": lines.collect::<Vec<_>>() })
    };
    all.iter().enumerate().map(one).collect()
}

fn label(sources: &[Source], l: &Label) -> Value {
    let source = sources.get(l.source);
    let text = source.and_then(|s| s.line(l.line)).map_or("", |(_, t)| t);
    let start = source
        .and_then(|s| s.line(l.line))
        .map_or(0, |(start, _)| start);
    json!({
        "file": source.map(|s| &s.name),
        "line": l.line,
        "column": l.offset.saturating_sub(start) + 1,
        "length": l.len,
        "insn": l.insn,
        "label": l.text,
        "text": text.trim_end(),
    })
}

fn branch(b: &Branch) -> Value {
    json!({
        "insn": b.insn,
        "taken": b.taken,
        "text": b.text,
        "file": b.place.as_ref().map(|(p, _)| &p.file),
        "line": b.place.as_ref().map(|(p, _)| p.line),
        "column": b.place.as_ref().map(|(p, _)| p.column),
        "decisive": b.decisive,
        "source": b.place.as_ref().map(|(_, t)| t),
    })
}
