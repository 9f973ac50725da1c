//! One function per entry point of the tool: bytes in, nothing out.
//!
//! A harness panics where the tool breaks a promise: it must neither panic nor
//! overflow, and what it read must go through every rendering. Time and memory
//! are bounded from outside.

mod carriers;
mod objects;
mod raw;
mod texts;

use std::sync::LazyLock;
use std::time::Instant;

use bpfassay::budget::Budget;
use bpfassay::programs::Program;
use bpfassay::report::audit as audit_report;
use bpfassay::report::paths::Paths;
use bpfassay::report::run::RunDocument;
use bpfassay::report::text::{self, Style};
use bpfassay::report::{self, Outcome, Report};
use bpfassay::smoke::SmokeReport;
use bpfassay::smoke::trace::Step;
use bpfassay::target::{self, Target};

/// Feeds the tool with bytes.
pub type Harness = fn(&[u8]);

/// Every harness, by the name of its target, of its corpus and its regressions.
pub const HARNESSES: [(&str, Harness); 13] = [
    ("parse", objects::parse),
    ("check", objects::check),
    ("audit", objects::audit),
    ("run", objects::run),
    ("raw", raw::raw),
    ("btf", objects::btf),
    ("config", texts::config),
    ("log", texts::log),
    ("profile", texts::profile),
    ("pcap", texts::pcap),
    ("preset", texts::preset),
    ("scenario", texts::scenario),
    ("unpack", carriers::unpack),
];

/// The harness of a name.
pub fn find(name: &str) -> Option<Harness> {
    HARNESSES.iter().find(|h| h.0 == name).map(|h| h.1)
}

const OLDEST: &str = "linux-5.10";

/// What the tool may spend on one input: it is to end well below the limits that
/// end a harness.
fn budget() -> Budget {
    const BYTES: u64 = 256 << 20;
    const MICROSECONDS: u64 = 10_000_000;
    fn micros() -> u64 {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed().as_micros() as u64
    }
    Budget::new(BYTES, 1).timed(micros, MICROSECONDS)
}

/// Targets far apart: the oldest kernel, the default, the newest, a runtime.
fn target(choice: u8) -> Target {
    let names = [OLDEST, target::DEFAULT, "linux-7.3", "bpftime"];
    let name = names[usize::from(choice) % names.len()];
    target::by_name(name).unwrap_or_default()
}

/// A report in every format; panics on a fault of ours that it tells of: an internal
/// error, or a run that contradicts the verdict.
fn render(report: &Report) {
    for p in report.objects.iter().flat_map(|o| &o.programs) {
        let internal = match &p.outcome {
            Outcome::Unknown { internal, .. } => internal.as_ref(),
            _ => None,
        };
        if let Some(why) = internal {
            panic!("internal error of {:?}: {why:?}", p.program);
        }
        // The oldest kernels have holes; their verdict is theirs.
        let fault = p.smoke.as_ref().and_then(|s| s.fault.as_ref());
        if let Some(fault) = fault.filter(|_| p.target != OLDEST) {
            panic!("{:?} is accepted, but: {:?}", p.program, fault.what);
        }
    }
    draw(report);
}

/// The same of a report that somebody made, which may tell of anything.
fn draw(report: &Report) {
    let paths = Paths::default();
    report::json::render(report);
    report::jsonl::render(report);
    report::sarif::render(report, &paths, 1);
    report::github::render(report, &paths);
    report::junit::render(report, true);
    report::markdown::render(report, &paths);
    for (color, width) in [(false, 100), (true, 40)] {
        let style = Style {
            color,
            width,
            stats: true,
            all: true,
            detail: text::Detail::Full,
        };
        text::render(report, style);
    }
}

/// An audit in every format, its graph, and what changed since another.
fn render_audit(audit: &bpfassay::audit::ObjectAudit) {
    for p in &audit.programs {
        let reason = p.verified.reason.as_ref().map_or("", |r| r.data());
        assert!(
            !reason.starts_with("internal-error"),
            "{:?}: {reason}",
            p.program
        );
    }
    let audits = std::slice::from_ref(audit);
    audit_report::text::render(audits);
    audit_report::json::render(audits);
    audit_report::html::render(audits);
    let graph = bpfassay::audit::graph::graph(audit);
    let graphs = [(&audit.object, graph)];
    audit_report::graph::text(&graphs);
    audit_report::graph::json(&graphs);
    audit_report::graph::dot(&graphs);
    let changes = bpfassay::audit::diff::diff(audit, audit);
    audit_report::diff::text(&changes);
    audit_report::diff::json(&changes);
}

/// What a run did in every format; panics where the engines part.
fn render_run(program: &Program, report: &SmokeReport, trace: &[Vec<Step>]) {
    if let Some(run) = report.disagreements().next() {
        let why = run.disagreement.as_deref().unwrap_or("");
        panic!("{}: the engines disagree: {why}", program.name);
    }
    let document = RunDocument {
        object: "fuzz.o",
        program,
        target: "",
        engine: "both",
        report,
        processed: None,
        perf: true,
        dump_maps: true,
        scenario: None,
        differs: None,
        trace,
    };
    report::run::render(&document);
    report::run_text::render(&document, Style::default());
    report::run_html::render(&document);
}
