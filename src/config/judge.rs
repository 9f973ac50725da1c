//! Goes over a finished report: adds what budgets and the baseline find, sets
//! severities, marks what is suppressed, and says whether the run fails.

use std::sync::Arc;

use super::file::{SuppressedCode, Suppression};
use super::in_source::{Files, Line, Said, allowed, said};
use super::{Baseline, Selector, Settings, number, rule};
use crate::diagnostics::{Finding, Label, Source, Text};
use crate::report::{ObjectReport, Outcome, ProgramReport, Report};
use crate::rules::{self, Rule, Severity};
use crate::untrusted::Untrusted;

/// What fails a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailOn {
    /// Any finding.
    Note,
    /// Findings from warnings on; what isn't decided is one.
    Warning,
    /// Refused, not loadable, or a finding that is an error.
    #[default]
    Error,
    /// Refused or not loadable; findings don't count.
    Reject,
    /// As `error`, and what isn't decided.
    Unknown,
    /// Nothing.
    Never,
}

impl FailOn {
    /// The words a configuration may use.
    pub const NAMES: [&'static str; 6] = ["note", "warning", "error", "reject", "unknown", "never"];

    /// Reads one of [`FailOn::NAMES`].
    pub fn parse(text: &str) -> Option<FailOn> {
        match text {
            "note" => Some(FailOn::Note),
            "warning" => Some(FailOn::Warning),
            "error" => Some(FailOn::Error),
            "reject" => Some(FailOn::Reject),
            "unknown" => Some(FailOn::Unknown),
            "never" => Some(FailOn::Never),
            _ => None,
        }
    }
}

/// What a run is judged by besides its settings.
pub struct Run<'a> {
    /// The configuration's file name and text, for places in it.
    pub file: Option<(&'a str, &'a str)>,
    /// What to compare with.
    pub baseline: Option<&'a Baseline>,
    /// An object's path as baselines and suppressions name it.
    pub name: &'a dyn Fn(&str) -> String,
    /// Only this program was asked for.
    pub only: Option<&'a str>,
    /// Inputs that belong to the run and are looked at by other processes.
    pub others: &'a [String],
    /// The text of a source file: of this object, by this name.
    pub source: &'a dyn Fn(&str, &str) -> Option<Arc<Text>>,
}

/// Judges a report.
pub fn judge(report: &mut Report, settings: &Settings, run: &Run<'_>) {
    let config = &settings.config;
    let mut used = vec![false; config.suppressions.len()];
    for object in &mut report.objects {
        let named = (run.name)(object.object.data());
        let mut added = Vec::new();
        for p in &object.programs {
            let budget = settings.budget(p.program.data());
            added.extend(budget.findings(p, config.cpus));
        }
        if let Some(baseline) = run.baseline {
            let growth = settings.max_growth();
            added.extend(baseline.findings(object, &named, growth, config.cpus));
        }
        object.findings.extend(merged(added));
        object.findings.retain_mut(|f| {
            let severity =
                settings.severity(f.rule, f.program.as_ref().map(Untrusted::data), f.severity);
            f.severity = severity.unwrap_or(f.severity);
            severity.is_some()
        });
        for (s, used) in config.suppressions.iter().zip(&mut used) {
            for f in &mut object.findings {
                if f.suppressed.is_none() && matches_finding(s, f, &named) {
                    f.suppressed = Some((&s.reason).into());
                    *used = true;
                }
            }
        }
        for p in &mut object.programs {
            judge_program(p, &named, settings, &mut used);
        }
        let name = object.object.clone();
        in_source(object, &config.in_source, &|file| {
            (run.source)(name.data(), file)
        });
        object.findings.sort_by(|a, b| a.order().cmp(&b.order()));
    }
    let unused: Vec<Finding> = config
        .suppressions
        .iter()
        .zip(used)
        .filter(|(s, used)| !used && concerns(s, report, run))
        .filter_map(|(s, _)| unused(s, settings, run))
        .collect();
    if !unused.is_empty() {
        let name = run.file.map_or("bpfassay.toml", |(name, _)| name);
        report.objects.push(ObjectReport {
            object: name.into(),
            error: None,
            unmet: Vec::new(),
            load_errors: Vec::new(),
            programs: Vec::new(),
            findings: unused,
        });
    }
}

/// Suppresses what comments in the source name.
fn in_source(object: &mut ObjectReport, selectors: &[Selector], files: Files<'_>) {
    let lacking = object
        .programs
        .iter_mut()
        .flat_map(|p| match &mut p.outcome {
            Outcome::Lacks(lacks) => lacks.as_mut_slice(),
            _ => &mut [],
        });
    let findings = object.findings.iter_mut().chain(lacking);
    for f in findings.filter(|f| f.suppressed.is_none() && allowed(selectors, f.rule)) {
        match said(f.rule, &Line::of_finding(f), files) {
            Some(Said::Suppressed(why)) => {
                (f.suppressed, f.in_source) = (Some(why), true);
            }
            Some(Said::NoReason(line)) => f.remedy.push_str(&no_reason(line)),
            None => {}
        }
    }
    for p in object
        .programs
        .iter_mut()
        .filter(|p| p.suppressed.is_none())
    {
        let said = match &mut p.outcome {
            Outcome::Reject(d) => {
                let rule = rules::by_number(d.code.number());
                let rule = rule.filter(|rule| allowed(selectors, rule));
                let lines = Line::all(&d.sources, Some(&d.primary), d.place.as_ref());
                let said = rule.and_then(|rule| said(rule, &lines, files));
                if let Some(Said::NoReason(line)) = said {
                    d.remedy.push(&no_reason(line));
                }
                said
            }
            Outcome::Lacks(lacks) if lacks.iter().all(|f| f.suppressed.is_some()) => {
                let first = lacks.iter().find_map(|f| f.suppressed.clone());
                first.map(Said::Suppressed)
            }
            _ => None,
        };
        if let Some(Said::Suppressed(why)) = said {
            (p.suppressed, p.in_source) = (Some(why), true);
        }
    }
}

/// What is added where a comment suppresses nothing.
fn no_reason(line: u32) -> String {
    format!(" (The comment at line {line} suppresses nothing: it gives no reason.)")
}

/// Findings of one program that say the same of several targets become one.
fn merged(findings: Vec<Finding>) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    for f in findings {
        let same = all.iter_mut().find(|a| {
            a.rule.number == f.rule.number
                && a.program == f.program
                && a.section == f.section
                && a.what == f.what
        });
        match same {
            Some(a) => {
                let new = |have: &[Untrusted], more: Vec<Untrusted>| -> Vec<Untrusted> {
                    more.into_iter().filter(|m| !have.contains(m)).collect()
                };
                a.targets.extend(new(&a.targets, f.targets));
                a.variants.extend(new(&a.variants, f.variants));
            }
            None => all.push(f),
        }
    }
    all
}

fn judge_program(p: &mut ProgramReport, named: &str, settings: &Settings, used: &mut [bool]) {
    if let Outcome::Lacks(lacks) = &mut p.outcome {
        judge_lacks(lacks, named, settings, used);
        let counted = lacks.iter().filter(|f| f.suppressed.is_none());
        match counted.map(|f| f.severity).max() {
            Some(severity) => p.severity = severity,
            None => p.suppressed = lacks.iter().find_map(|f| f.suppressed.clone()),
        }
        return;
    }
    let rule = match &p.outcome {
        Outcome::Accept | Outcome::Lacks(_) => return,
        Outcome::Reject(d) => rules::by_number(d.code.number()),
        Outcome::Unknown { .. } | Outcome::LoadError { .. } => None,
    };
    if let Some(rule) = rule {
        match settings.severity(rule, Some(p.program.data()), p.severity) {
            Some(severity) => p.severity = severity,
            None => p.suppressed = Some(format!("{} is off", rule.id()).into()),
        }
    }
    for (s, used) in settings.config.suppressions.iter().zip(used) {
        if p.suppressed.is_none() && matches_program(s, p, rule, named) {
            p.suppressed = Some((&s.reason).into());
            *used = true;
        }
    }
}

/// Levels and suppressions of what a runtime lacks.
fn judge_lacks(lacks: &mut [Finding], named: &str, settings: &Settings, used: &mut [bool]) {
    for f in lacks {
        match settings.severity(f.rule, f.program.as_ref().map(Untrusted::data), f.severity) {
            Some(severity) => f.severity = severity,
            None => f.suppressed = Some(format!("{} is off", f.rule.id()).into()),
        }
        for (s, used) in settings.config.suppressions.iter().zip(used.iter_mut()) {
            if f.suppressed.is_none() && matches_finding(s, f, named) {
                f.suppressed = Some((&s.reason).into());
                *used = true;
            }
        }
    }
}

fn matches_program(s: &Suppression, p: &ProgramReport, rule: Option<&Rule>, named: &str) -> bool {
    let code = match (&p.outcome, s.code) {
        (Outcome::Reject(_), SuppressedCode::Rules(selector)) => {
            rule.is_some_and(|r| selector.covers(r))
        }
        (Outcome::LoadError { .. }, SuppressedCode::LoadError)
        | (Outcome::Unknown { internal: None, .. }, SuppressedCode::Undecided) => true,
        _ => false,
    };
    let place = match &p.outcome {
        Outcome::Reject(d) => d.place.as_ref(),
        Outcome::Unknown { place, .. } => place.as_ref(),
        _ => None,
    };
    let file = s.file.as_ref();
    code && s
        .program
        .as_ref()
        .is_none_or(|g| g.matches(p.program.data()))
        && s.object.as_ref().is_none_or(|g| g.matches_path(named))
        && file.is_none_or(|g| place.is_some_and(|p| g.matches_path(p.file.data())))
}

fn matches_finding(s: &Suppression, f: &Finding, named: &str) -> bool {
    let SuppressedCode::Rules(selector) = s.code else {
        return false;
    };
    let program = s.program.as_ref();
    let file = s.file.as_ref();
    selector.covers(f.rule)
        && program.is_none_or(|g| {
            f.program
                .as_ref()
                .map(Untrusted::data)
                .is_some_and(|p| g.matches(p))
        })
        && s.object.as_ref().is_none_or(|g| g.matches_path(named))
        && file.is_none_or(|g| {
            f.place
                .as_ref()
                .is_some_and(|p| g.matches_path(p.file.data()))
        })
}

/// Whether the run looked at what a suppression is about: the object was an
/// input, and the program was not left out.
fn concerns(s: &Suppression, report: &Report, run: &Run<'_>) -> bool {
    let objects = report.objects.iter().filter(|o| o.error.is_none());
    let objects = objects.map(|o| o.object.data());
    let objects = objects.chain(run.others.iter().map(String::as_str));
    let mut names = objects.map(run.name);
    let object = match &s.object {
        None => names.next().is_some(),
        Some(glob) => names.any(|name| glob.matches_path(&name)),
    };
    let program = match (run.only, &s.program) {
        (None, _) => true,
        (Some(only), Some(glob)) => glob.matches(only),
        (Some(_), None) => false,
    };
    object && program
}

fn unused(s: &Suppression, settings: &Settings, run: &Run<'_>) -> Option<Finding> {
    let rule = rule(number::SUPPRESSION_UNUSED);
    let severity = settings.severity(rule, None, rule.severity)?;
    let mut finding = Finding {
        severity,
        ..Finding::of_object(
            rule,
            format!("Nothing needed the suppression of `{}`", s.text),
        )
    };
    if let Some((name, text)) = run.file {
        let source = Source::whole(name, text);
        let offset = s.span.start;
        if let Some((line, column)) = source.position(offset) {
            finding.place = Some(crate::diagnostics::Place {
                file: name.into(),
                line,
                column,
            });
            finding.primary = Some(Label {
                source: 0,
                offset,
                len: s.span.len().max(1),
                text: "not needed".into(),
                insn: 0,
                line,
            });
            finding.sources = vec![source];
        }
    }
    Some(finding)
}

/// Whether the run fails.
pub fn fails(report: &Report, on: FailOn, strict: bool) -> bool {
    let (mut refused, mut undecided) = (None, false);
    let mut found = None;
    for object in &report.objects {
        if !object.load_errors.is_empty() {
            refused = refused.max(Some(Severity::Error));
        }
        for p in object.programs.iter().filter(|p| p.suppressed.is_none()) {
            match p.outcome {
                Outcome::Accept => {
                    #[cfg(feature = "smoke")]
                    {
                        undecided |= p.smoke.as_ref().is_some_and(|s| s.verdict.is_ended());
                    }
                }
                Outcome::Unknown { .. } => undecided = true,
                Outcome::Reject(_) | Outcome::Lacks(_) | Outcome::LoadError { .. } => {
                    refused = refused.max(Some(p.severity));
                }
            }
        }
        found = found.max(object.shown().map(|f| f.severity).max());
    }
    let worst = refused.max(found);
    let by_level = match on {
        FailOn::Never => false,
        FailOn::Reject => refused == Some(Severity::Error),
        FailOn::Note => worst.is_some() || undecided,
        FailOn::Warning => worst >= Some(Severity::Warning) || undecided,
        FailOn::Error => worst == Some(Severity::Error),
        FailOn::Unknown => worst == Some(Severity::Error) || undecided,
    };
    by_level || (strict && undecided)
}
