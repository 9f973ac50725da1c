//! The report for people: one line per program, and for each refusal its spans
//! and its story.

use std::fmt::Write as _;

use super::draw::{Paint, Picture, paragraph};
use super::{ObjectReport, Outcome, ProgramReport, Report, smoke};
use crate::diagnostics::{Diagnostic, Finding};
use crate::rules::{Severity, why_undecided};
use crate::untrusted::{Untrusted, joined, terminal, text};

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
    out.push_str(&super::matrix::text(report));
    out.push_str(&summary(report));
    let t = smoke::totals(report);
    if style.stats && t.pass + t.fault + t.skipped > 0 {
        let _ = writeln!(
            out,
            "smoke: {} passed, {} faulted, {} skipped; {} runs, {} instructions; {} of {} instructions reached",
            t.pass, t.fault, t.skipped, t.runs, t.insns, t.reached, t.slots
        );
    }
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
    for (n, word) in [
        (t.errors, "error"),
        (t.warnings, "warning"),
        (t.notes, "note"),
        (t.suppressed, "suppressed finding"),
    ] {
        if n > 0 {
            let s = if n == 1 { "" } else { "s" };
            let _ = write!(text, ", {n} {word}{s}");
        }
    }
    if t.internal > 0 {
        let _ = write!(text, " ({} by an internal error)", t.internal);
    }
    if report.partial() {
        text.push_str("; PARTIAL: the run was stopped");
    }
    text.push('\n');
    text
}

fn render_object(out: &mut String, object: &ObjectReport, style: Style) {
    let paint = Paint(style.color);
    if let Some(error) = &object.error {
        let _ = writeln!(
            out,
            "{} {}: {}",
            paint.bad("unreadable"),
            terminal(&object.object),
            terminal(&error.text())
        );
    }
    for e in &object.load_errors {
        let _ = writeln!(
            out,
            "{} {} on {}: {}: {}",
            paint.bad("load-error"),
            terminal(&object.object),
            terminal(&e.target),
            e.stage,
            terminal(&e.reason)
        );
    }
    for p in &object.programs {
        render_program(out, &object.object, p, style);
    }
    for f in object.shown() {
        render_finding(out, f, style);
    }
}

fn render_program(out: &mut String, object: &Untrusted, p: &ProgramReport, style: Style) {
    let paint = Paint(style.color);
    let word = match &p.outcome {
        Outcome::Accept if !style.all => return,
        Outcome::Accept => paint.good("accept    "),
        Outcome::Reject(_) | Outcome::Lacks(_) => paint.bad("reject    "),
        Outcome::Unknown { .. } => paint.warn("UNKNOWN   "),
        Outcome::LoadError { .. } => paint.bad("load-error"),
    };
    let kind = if p.attach_type.is_empty() || p.attach_type == p.prog_type {
        p.prog_type.to_owned()
    } else {
        format!("{}/{}", p.prog_type, p.attach_type)
    };
    let _ = write!(
        out,
        "{word} {} {} ({kind}) on {}",
        terminal(object),
        paint.name(&terminal(&p.program)),
        terminal(&p.target)
    );
    if let (true, Some(s)) = (style.stats, p.stats) {
        let near = s.near();
        let _ = write!(
            out,
            " [{} insns, processed {near}{}, states {near}{} (peak {near}{}), stack {}",
            p.insns, s.processed, s.total_states, s.peak_states, s.stack_depth
        );
        if let Some(us) = p.verify_us {
            let _ = write!(out, ", {us} us");
        }
        out.push(']');
    }
    let known = match &p.suppressed {
        Some(reason) => format!(" (suppressed: {})", terminal(reason)),
        None => String::new(),
    };
    match &p.outcome {
        Outcome::Accept => {
            out.push('\n');
            smoke_fault(out, object, p, &paint);
        }
        Outcome::LoadError {
            stage,
            reason,
            rule,
        } => {
            let hint = if *stage == "section" {
                " (--type gives one)"
            } else {
                ""
            };
            let page = rule.map_or_else(String::new, |r| format!(" [{} {}]", r.id(), r.name));
            let _ = writeln!(out, ": {stage}: {}{hint}{page}{known}", terminal(reason));
        }
        Outcome::Unknown {
            name,
            insn,
            place,
            internal,
        } => {
            let _ = match internal {
                Some(detail) => {
                    let detail = terminal(detail);
                    write!(out, ": internal error, please report it: {detail}")
                }
                None => {
                    let why = why_undecided(name.data(), p.target.data());
                    write!(out, ": not decided: {}", terminal(&why))
                }
            };
            if let Some(insn) = insn {
                let _ = write!(out, " at instruction {insn}");
            }
            if let Some(place) = place {
                let _ = write!(out, " ({}:{})", terminal(&place.file), place.line);
            }
            out.push_str(&known);
            out.push('\n');
        }
        Outcome::Reject(d) if p.suppressed.is_some() => {
            let _ = writeln!(out, ": {} {}{known}", d.number(), d.code.name());
        }
        Outcome::Reject(d) => {
            out.push('\n');
            render_diagnostic(out, d, style);
        }
        Outcome::Lacks(lacks) => {
            let _ = writeln!(out, "{known}");
            for f in lacks.iter().filter(|f| f.suppressed.is_none()) {
                render_finding(out, f, style);
            }
        }
    }
}

/// A fault after `accept`, which is a contradiction, with the way to see it again.
fn smoke_fault(out: &mut String, object: &Untrusted, p: &ProgramReport, paint: &Paint) {
    let Some(fault) = p.smoke.as_ref().and_then(|s| s.fault.as_ref()) else {
        return;
    };
    let _ = write!(
        out,
        "  {} {}",
        paint.bad("smoke fault after accept, a bug of bpfassay or of that kernel:"),
        terminal(&fault.what)
    );
    if let Some((file, line)) = &fault.place {
        let _ = write!(out, " ({}:{line})", terminal(file));
    }
    out.push('\n');
    if let Some(command) = fault.reproducer(object, &p.program) {
        let _ = writeln!(out, "  {} {}", paint.dim("reproduce:"), terminal(&command));
    }
}

/// Draws one refusal.
pub fn render_diagnostic(out: &mut String, d: &Diagnostic, style: Style) {
    let picture = Picture {
        code: format!("{} {}", d.number(), d.code.name()),
        what: &d.what,
        severity: Severity::Error,
        sources: &d.sources,
        primary: Some(&d.primary),
        secondary: &d.secondary,
    };
    picture.draw(out, style.color, style.width);
    story(out, d, style);
    out.push('\n');
}

/// Draws one finding.
pub fn render_finding(out: &mut String, f: &Finding, style: Style) {
    let paint = Paint(style.color);
    let width = style.width.max(40);
    let picture = Picture {
        code: format!("{} {}", f.rule.id(), f.rule.name),
        what: &f.what,
        severity: f.severity,
        sources: &f.sources,
        primary: f.primary.as_ref(),
        secondary: &f.secondary,
    };
    picture.draw(out, style.color, style.width);
    if let Some(program) = &f.program {
        paragraph(out, &paint, "program", program, width);
    }
    if !f.targets.is_empty() {
        paragraph(out, &paint, "targets", &joined(&f.targets, ", "), width);
    }
    paragraph(out, &paint, "why", &f.rule.why_short(), width);
    paragraph(out, &paint, "remedy", &f.remedy, width);
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
    let regs: Vec<Untrusted> = d.registers.iter().map(|(r, t)| register(*r, t)).collect();
    if !regs.is_empty() && style.stats {
        paragraph(out, &paint, "regs", &joined(&regs, " "), width);
    }
}

/// `R1=ctx()`, as a verifier log words it.
fn register(reg: u8, text: &Untrusted) -> Untrusted {
    if text.data().starts_with('R') {
        text.clone()
    } else {
        text!("R{reg}={}", text)
    }
}
