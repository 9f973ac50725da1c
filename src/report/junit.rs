//! JUnit XML: one suite for each object, target and variant, one case for each program.
//!
//! A refusal or a finding that is an error fails its case; what doesn't load, an
//! unreadable input and a fault of ours are errors; what isn't decided is
//! skipped, or fails under `--strict`. Suppressed refusals are skipped with
//! their reason. Lesser findings are in the case's `system-out`.

use std::borrow::Cow;
use std::io::Write as _;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::text::{self, Style};
use super::{ObjectReport, Outcome, ProgramReport, Report};
use crate::diagnostics::Finding;
use crate::rules::{Severity, why_undecided};
use crate::untrusted::{Foreign, Untrusted, source_line, text, xml};

/// How a case ended.
enum End {
    Passed,
    Failure {
        kind: String,
        message: Untrusted,
        text: String,
    },
    Error {
        kind: String,
        message: Untrusted,
    },
    Skipped(Untrusted),
}

struct Case {
    name: Untrusted,
    class: Untrusted,
    seconds: Option<f64>,
    end: End,
    output: String,
}

struct Suite {
    name: Untrusted,
    cases: Vec<Case>,
}

/// Renders a report.
pub fn render(report: &Report, strict: bool) -> String {
    let suites: Vec<Suite> = report
        .objects
        .iter()
        .flat_map(|o| suites(o, strict))
        .collect();
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    // Writing to memory does not fail.
    let _ = document(&mut writer, &suites);
    let mut bytes = writer.into_inner();
    let _ = bytes.write_all(b"\n");
    String::from_utf8(bytes).unwrap_or_default()
}

fn suites(object: &ObjectReport, strict: bool) -> Vec<Suite> {
    let programs = object.programs.iter().map(|p| (&p.target, &p.variant));
    let failures = object.load_errors.iter().map(|e| (&e.target, &e.variant));
    let none = Untrusted::new();
    let mut places: Vec<(&Untrusted, &Untrusted)> = Vec::new();
    for place in programs.chain(failures) {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    if places.is_empty() {
        places.push((&none, &none));
    }
    let suite = |(i, &(target, variant)): (usize, &(&Untrusted, &Untrusted))| Suite {
        name: match target.is_empty() {
            true => object.object.clone(),
            false => text!("{} on {}", object.object, super::column(target, variant)),
        },
        cases: cases(object, (target, variant), i == 0, strict),
    };
    places.iter().enumerate().map(suite).collect()
}

/// The cases of one suite. What is about the object as a whole and no target is
/// told in the first.
fn cases(
    object: &ObjectReport,
    (target, variant): (&Untrusted, &Untrusted),
    first: bool,
    strict: bool,
) -> Vec<Case> {
    let holds = |f: &&Finding| {
        let there = f.targets.iter().any(|t| t == target)
            || (f.targets.is_empty() && (first || f.program.is_some()));
        there && (f.variants.is_empty() || f.variants.iter().any(|v| v == variant))
    };
    let mut cases = Vec::new();
    let of_object: Vec<&Finding> = object
        .shown()
        .filter(|f| f.program.is_none())
        .filter(holds)
        .collect();
    let load = object
        .load_errors
        .iter()
        .find(|e| e.target == *target && e.variant == *variant);
    let whole = match (&object.error, load) {
        (Some(error), _) => Some(End::Error {
            kind: "unreadable".into(),
            message: error.text(),
        }),
        (None, Some(e)) => Some(End::Error {
            kind: "load-error".into(),
            message: text!("{}: {}", e.stage, e.reason),
        }),
        (None, None) if !of_object.is_empty() => Some(by_findings(&of_object)),
        (None, None) => None,
    };
    if let Some(end) = whole {
        cases.push(Case {
            name: "(object)".into(),
            class: object.object.clone(),
            seconds: None,
            end,
            output: minor(&of_object),
        });
    }
    let of_suite = |p: &&ProgramReport| p.target == *target && p.variant == *variant;
    for p in object.programs.iter().filter(of_suite) {
        let findings: Vec<&Finding> = object
            .shown()
            .filter(|f| {
                f.program.as_ref() == Some(&p.program)
                    && f.section.as_ref().is_none_or(|s| *s == p.section)
            })
            .filter(holds)
            .collect();
        cases.push(Case {
            name: p.program.clone(),
            class: object.object.clone(),
            seconds: p.verify_us.map(|us| us as f64 / 1e6),
            end: end(p, &findings, strict),
            output: minor(&findings),
        });
    }
    cases
}

fn end(p: &ProgramReport, findings: &[&Finding], strict: bool) -> End {
    if let (Some(reason), false) = (&p.suppressed, matches!(p.outcome, Outcome::Accept)) {
        return End::Skipped(text!("{}, suppressed: {}", p.outcome.word(), reason));
    }
    match &p.outcome {
        Outcome::Accept => {
            let fault = p.smoke.as_ref().and_then(|s| s.fault.as_ref());
            match fault {
                Some(fault) => End::Error {
                    kind: "internal-error".into(),
                    message: text!("accepted, but its run failed: {}", fault.what),
                },
                None => by_findings(findings),
            }
        }
        Outcome::Reject(_) if p.severity < Severity::Error => by_findings(findings),
        Outcome::Reject(d) => {
            let mut drawing = String::new();
            text::render_diagnostic(&mut drawing, d, Style::default());
            End::Failure {
                kind: format!("{} {}", d.number(), d.code.name()),
                message: d.what.clone(),
                text: drawing,
            }
        }
        Outcome::Lacks(_) if p.severity < Severity::Error => by_findings(findings),
        Outcome::Lacks(lacks) => {
            let counted = lacks.iter().filter(|f| f.suppressed.is_none());
            by_findings(&counted.collect::<Vec<_>>())
        }
        Outcome::Unknown {
            internal: Some(detail),
            ..
        } => End::Error {
            kind: "internal-error".into(),
            message: detail.clone(),
        },
        Outcome::Unknown { name, .. } => {
            let message = text!(
                "not decided: {}",
                why_undecided(name.data(), p.target.data())
            );
            if strict {
                End::Failure {
                    kind: "not-decided".into(),
                    text: xml(&message).into_owned(),
                    message,
                }
            } else {
                End::Skipped(message)
            }
        }
        Outcome::LoadError { stage, reason, .. } => End::Error {
            kind: "load-error".into(),
            message: text!("{stage}: {}", reason),
        },
    }
}

/// Fails by the findings that are errors.
fn by_findings(findings: &[&Finding]) -> End {
    let errors: Vec<&&Finding> = findings
        .iter()
        .filter(|f| f.severity == Severity::Error)
        .collect();
    let Some(first) = errors.first() else {
        return End::Passed;
    };
    let mut text = String::new();
    for f in &errors {
        text::render_finding(&mut text, f, Style::default());
    }
    End::Failure {
        kind: format!("{} {}", first.rule.id(), first.rule.name),
        message: first.what.clone(),
        text,
    }
}

/// The findings that don't fail, one a line.
fn minor(findings: &[&Finding]) -> String {
    let lines: Vec<String> = findings
        .iter()
        .filter(|f| f.severity != Severity::Error)
        .map(|f| {
            let place = f
                .place
                .as_ref()
                .map_or_else(Untrusted::new, |p| text!("{}: ", p.text()));
            let (id, name) = (f.rule.id(), f.rule.name);
            let line = text!("{}{} {id} {name}: {}", place, f.severity.name(), f.what);
            xml(&line).into_owned()
        })
        .collect();
    lines.join("\n")
}

type Out = Writer<Vec<u8>>;

fn document(w: &mut Out, suites: &[Suite]) -> std::io::Result<()> {
    w.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all = suites.iter().flat_map(|s| &s.cases);
    let mut root = BytesStart::new("testsuites");
    root.push_attribute(("name", env!("CARGO_PKG_NAME")));
    counts(&mut root, all);
    w.write_event(Event::Start(root))?;
    for suite in suites {
        let mut start = BytesStart::new("testsuite");
        attribute(&mut start, "name", &suite.name);
        counts(&mut start, suite.cases.iter());
        w.write_event(Event::Start(start))?;
        for c in &suite.cases {
            case(w, c)?;
        }
        w.write_event(Event::End(BytesEnd::new("testsuite")))?;
    }
    w.write_event(Event::End(BytesEnd::new("testsuites")))
}

fn counts<'c>(element: &mut BytesStart<'_>, cases: impl Iterator<Item = &'c Case> + Clone) {
    let count = |is: fn(&End) -> bool| cases.clone().filter(|c| is(&c.end)).count().to_string();
    // The sum of nothing is a negative zero.
    let seconds: f64 = cases.clone().filter_map(|c| c.seconds).sum::<f64>() + 0.0;
    attribute(element, "tests", &count(|_| true));
    attribute(
        element,
        "failures",
        &count(|e| matches!(e, End::Failure { .. })),
    );
    attribute(
        element,
        "errors",
        &count(|e| matches!(e, End::Error { .. })),
    );
    attribute(element, "skipped", &count(|e| matches!(e, End::Skipped(_))));
    attribute(element, "time", &format!("{seconds:.6}"));
}

fn case(w: &mut Out, c: &Case) -> std::io::Result<()> {
    let mut start = BytesStart::new("testcase");
    attribute(&mut start, "name", &c.name);
    attribute(&mut start, "classname", &c.class);
    if let Some(seconds) = c.seconds {
        attribute(&mut start, "time", &format!("{seconds:.6}"));
    }
    if matches!(c.end, End::Passed) && c.output.is_empty() {
        return w.write_event(Event::Empty(start));
    }
    w.write_event(Event::Start(start))?;
    match &c.end {
        End::Passed => {}
        End::Failure {
            kind,
            message,
            text,
        } => element(w, "failure", kind, message, text)?,
        End::Error { kind, message } => element(w, "error", kind, message, &xml(message))?,
        End::Skipped(message) => {
            let mut skipped = BytesStart::new("skipped");
            attribute(&mut skipped, "message", message);
            w.write_event(Event::Empty(skipped))?;
        }
    }
    if !c.output.is_empty() {
        w.write_event(Event::Start(BytesStart::new("system-out")))?;
        w.write_event(Event::Text(BytesText::new(&lines(&c.output))))?;
        w.write_event(Event::End(BytesEnd::new("system-out")))?;
    }
    w.write_event(Event::End(BytesEnd::new("testcase")))
}

fn element(
    w: &mut Out,
    name: &str,
    kind: &str,
    message: &Untrusted,
    text: &str,
) -> std::io::Result<()> {
    let mut start = BytesStart::new(name);
    attribute(&mut start, "type", kind);
    attribute(&mut start, "message", message);
    w.write_event(Event::Start(start))?;
    w.write_event(Event::Text(BytesText::new(&lines(text))))?;
    w.write_event(Event::End(BytesEnd::new(name)))
}

fn attribute<T: Foreign + ?Sized>(element: &mut BytesStart<'_>, key: &str, value: &T) {
    element.push_attribute((key, &*xml(value)));
}

/// Lines that are shown already: drawings, and findings, one a line.
fn lines(text: &str) -> String {
    let lines: Vec<Cow<'_, str>> = text.split('\n').map(source_line::<str>).collect();
    lines.join("\n")
}
