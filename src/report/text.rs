//! The report for people: one line per program, and for each refusal its spans
//! and its story.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::draw::{Paint, Picture, paragraph};
use super::{ObjectReport, Outcome, ProgramReport, Report, smoke};
use crate::diagnostics::{Branch, Diagnostic, Finding, Help, Sure, remedy};
use crate::rules::{Severity, why_undecided};
use crate::untrusted::{Untrusted, joined, source_line, terminal, text};

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
    /// How much is told of a refusal.
    pub detail: Detail,
}

/// How much is told of a refusal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// The story, all branches, the instruction, registers, and the page.
    Full,
    /// The story.
    #[default]
    Normal,
    /// One line.
    Short,
}

impl Default for Style {
    fn default() -> Style {
        Style {
            color: false,
            width: 100,
            stats: false,
            all: true,
            detail: Detail::Normal,
        }
    }
}

/// Renders a report.
pub fn render(report: &Report, style: Style) -> String {
    let mut out = String::new();
    let mut told = Told::default();
    for object in &report.objects {
        render_object(&mut out, object, style, &mut told);
    }
    out.push_str(&super::matrix::text(report));
    out.push_str(&summary(report));
    let t = smoke::totals(report);
    if style.stats && t.pass + t.fault + t.skipped > 0 {
        let _ = writeln!(
            out,
            "smoke: {} passed, {} faulted, {} skipped; {} runs, {} instructions",
            t.pass, t.fault, t.skipped, t.runs, t.insns
        );
        let _ = writeln!(
            out,
            "smoke reached {} of {} blocks, {} of {} instructions that verification reached",
            t.blocks_reached, t.blocks, t.reached, t.slots
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

fn render_object(out: &mut String, object: &ObjectReport, style: Style, told: &mut Told) {
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
            terminal(&e.column()),
            e.stage,
            terminal(&e.reason)
        );
    }
    for p in &object.programs {
        render_program(out, &object.object, p, style, told);
    }
    for f in object.shown() {
        render_found(out, f, style, told);
    }
}

fn render_program(
    out: &mut String,
    object: &Untrusted,
    p: &ProgramReport,
    style: Style,
    told: &mut Told,
) {
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
        terminal(&p.column())
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
    let known = match &p.suppressed {
        Some(reason) => format!(" (suppressed: {})", terminal(reason)),
        None => String::new(),
    };
    match &p.outcome {
        Outcome::Accept => {
            if let (true, Some(ran)) = (style.stats, p.ran()) {
                let _ = write!(out, ", smoke {}", terminal(&ran));
            }
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
            if style.detail == Detail::Short {
                short(out, d, &paint);
            } else {
                render_refusal(out, d, style, told);
            }
        }
        Outcome::Lacks(lacks) => {
            let _ = writeln!(out, "{known}");
            for f in lacks.iter().filter(|f| f.suppressed.is_none()) {
                render_found(out, f, style, told);
            }
        }
    }
    if let Some(profile) = &p.profile {
        super::profile::text(out, profile, &paint, style.width.max(40));
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

/// One refusal in one line: `file:line:column: code headline`.
fn short(out: &mut String, d: &Diagnostic, paint: &Paint) {
    let source = d.sources.get(d.primary.source);
    let place = source.map_or_else(String::new, |s| {
        let column = s.position(d.primary.offset).map_or(1, |(_, column)| column);
        format!("{}:{}:{column}: ", terminal(&s.name), d.primary.line)
    });
    let _ = writeln!(
        out,
        "{place}{} {}",
        paint.bad(&d.number()),
        terminal(&d.what)
    );
}

/// The codes whose pages were told in this run: once is enough.
type Told = BTreeSet<u16>;

/// Draws one refusal.
pub fn render_diagnostic(out: &mut String, d: &Diagnostic, style: Style) {
    render_refusal(out, d, style, &mut Told::default());
}

fn render_refusal(out: &mut String, d: &Diagnostic, style: Style, told: &mut Told) {
    let picture = Picture {
        code: format!("{} {}", d.number(), d.code.name()),
        what: &d.what,
        severity: Severity::Error,
        sources: &d.sources,
        primary: Some(&d.primary),
        secondary: &d.secondary,
    };
    picture.draw(out, style.color, style.width);
    let new = told.insert(d.code.number()) || style.detail == Detail::Full;
    story(out, d, style, new);
    out.push('\n');
    for (i, more) in d.further.iter().enumerate() {
        let before = if i == 0 {
            "that is mended"
        } else {
            "those are mended"
        };
        let _ = writeln!(out, "further refusal, once {before}:");
        render_refusal(out, more, style, told);
    }
}

/// Draws one finding.
pub fn render_finding(out: &mut String, f: &Finding, style: Style) {
    render_found(out, f, style, &mut Told::default());
}

/// Draws one finding; why its rule is, and how it is mended, once in a run.
fn render_found(out: &mut String, f: &Finding, style: Style, told: &mut Told) {
    let new = told.insert(f.rule.number) || style.detail == Detail::Full;
    if style.detail == Detail::Short {
        return short_finding(out, f, &Paint(style.color));
    }
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
    if !f.variants.is_empty() {
        paragraph(out, &paint, "variants", &f.variants.join(", "), width);
    }
    if new {
        paragraph(out, &paint, "why", &f.rule.why_short(), width);
    }
    // Some rules tell a remedy of their own for each place.
    if new || f.remedy != f.rule.remedy_short() {
        paragraph(out, &paint, "remedy", &f.remedy, width);
    }
    out.push('\n');
}

/// One finding in one line.
fn short_finding(out: &mut String, f: &Finding, paint: &Paint) {
    let place = f
        .place
        .as_ref()
        .map_or_else(Untrusted::new, |p| text!("{}: ", p.text()));
    let id = f.rule.id();
    let id = match f.severity {
        Severity::Error => paint.bad(&id),
        Severity::Warning => paint.warn(&id),
        Severity::Note => paint.dim(&id),
    };
    let _ = writeln!(out, "{}{id} {}", terminal(&place), terminal(&f.what));
}

/// The words below the spans.
fn story(out: &mut String, d: &Diagnostic, style: Style, new: bool) {
    let paint = Paint(style.color);
    let width = style.width.max(40);
    if new || d.own_reason {
        paragraph(out, &paint, "because", &d.why, width);
    }
    let full = style.detail == Detail::Full;
    // Labels tell the decisive branches.
    let told: Vec<&Branch> = d.branches.iter().filter(|_| full).collect();
    if !told.is_empty() {
        let mut text = String::new();
        if d.branches_before > 0 {
            let _ = write!(text, "after {} earlier branches, ", d.branches_before);
        }
        let steps: Vec<String> = told.iter().map(|b| way(b)).collect();
        text.push_str(&steps.join(", "));
        paragraph(out, &paint, "path", &text, width);
    }
    if d.helps.is_empty() && new {
        paragraph(out, &paint, "remedy", &d.remedy, width);
    } else if d.helps.is_empty() {
        let page = format!("as above; `bpfassay explain {}` has the page", d.number());
        paragraph(out, &paint, "remedy", &page, width);
    }
    for help in &d.helps {
        render_help(out, help, &paint, width);
    }
    if let Some(text) = &d.witness {
        paragraph(out, &paint, "witness", text, width);
    }
    if let Some(text) = &d.changed {
        paragraph(out, &paint, "differs", text, width);
    }
    let (cause, sure) = d.cause;
    let text = match sure {
        Sure::High => cause.name().to_owned(),
        _ => format!("{} (confidence: {})", cause.name(), sure.name()),
    };
    paragraph(out, &paint, "cause", &text, width);
    if !d.kernel_words.is_empty() {
        paragraph(out, &paint, "kernel", &d.kernel_words, width);
    }
    if full {
        let refused = text!("{}: {}", d.insn, d.insn_text);
        paragraph(out, &paint, "refused", &refused, width);
        paragraph(out, &paint, "page", &page_of(d), width);
    }
    let regs: Vec<Untrusted> = d.registers.iter().map(|(r, t)| register(*r, t)).collect();
    if !regs.is_empty() && (style.stats || full) {
        paragraph(out, &paint, "regs", &joined(&regs, " "), width);
    }
}

/// What the page of the code says beyond this refusal.
fn page_of(d: &Diagnostic) -> String {
    let rule = crate::rules::of(d.code);
    format!("{} {}", rule.why_short(), rule.remedy_short())
}

/// A branch of the path and the way it went.
fn way(b: &Branch) -> String {
    let way = if b.taken { "jumps" } else { "goes on" };
    match &b.place {
        Some((place, _)) => format!("line {} {way}", place.line),
        None => format!("insn {} {way}", b.insn),
    }
}

/// One way to mend it: the words, the lines, and whether it was tried.
fn render_help(out: &mut String, help: &Help, paint: &Paint, width: usize) {
    paragraph(out, paint, "help", &help.text, width);
    if let Some(edit) = &help.edit {
        for (sign, line, text) in edit.diff() {
            let text = source_line(text);
            let row = format!("{line:>5} {sign} {text}");
            let row = match sign {
                '+' => paint.good(&row),
                '-' => paint.bad(&row),
                _ => row,
            };
            let _ = writeln!(out, "           {row}");
        }
    }
    if help.patch.is_some() || help.edit.is_some() {
        let _ = writeln!(out, "           ({})", remedy::said(&help.tested));
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
