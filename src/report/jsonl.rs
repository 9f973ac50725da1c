//! One JSON line per program and target, described by `schemas/line.v1.json`; the field
//! names are stable.
//!
//! An object that has no program to speak of (unreadable, or refused as a whole)
//! gets one line with an empty program name.

use serde_json::{Value, json};

use super::{ObjectReport, Outcome, ProgramReport, Report, flat};
use crate::untrusted::Untrusted;

/// The stable field names, in order.
pub const FIELDS: [&str; 28] = [
    "object",
    "program",
    "section",
    "prog_type",
    "attach_type",
    "target",
    "verdict",
    "code",
    "class",
    "message",
    "insn",
    "file",
    "line",
    "insns",
    "processed",
    "total_states",
    "peak_states",
    "stack_depth",
    "verify_us",
    "smoke",
    "smoke_coverage",
    "assumes",
    "variant",
    "column",
    "callees",
    "map_bytes",
    "map_bytes_per_cpu",
    "schema",
];

/// The schema that a line names.
const SCHEMA: &str = "bpfassay-line-v1";

/// Renders a report.
pub fn render(report: &Report) -> String {
    let mut out = String::new();
    for object in &report.objects {
        render_object(&mut out, object);
    }
    out
}

/// Renders the lines of one object, which depend on no other.
pub fn render_object(out: &mut String, object: &ObjectReport) {
    for mut line in lines(object) {
        line["schema"] = json!(SCHEMA);
        out.push_str(&crate::untrusted::compact(&line));
        out.push('\n');
    }
}

/// The lines of one object.
pub(super) fn lines(object: &ObjectReport) -> Vec<Value> {
    let mut lines = Vec::new();
    if let Some(error) = &object.error {
        let none = Untrusted::new();
        lines.push(empty(object, "open", &error.text(), &none, &none));
    }
    for e in &object.load_errors {
        lines.push(empty(object, e.stage, &e.reason, &e.target, &e.variant));
    }
    lines.extend(
        object
            .programs
            .iter()
            .map(|p| Value::Object(flat(&object.object, p))),
    );
    lines
}

fn empty(
    object: &ObjectReport,
    stage: &'static str,
    reason: &Untrusted,
    target: &Untrusted,
    variant: &Untrusted,
) -> Value {
    let outcome = Outcome::LoadError {
        stage,
        reason: reason.clone(),
        rule: None,
    };
    let program = ProgramReport {
        variant: variant.clone(),
        ..ProgramReport::blank(target, outcome)
    };
    let mut map = flat(&object.object, &program);
    map.insert("insns".into(), json!(null));
    Value::Object(map)
}
