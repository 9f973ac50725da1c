//! Reads a JSON report back, so that what several processes found, or one found before, can
//! be rendered in any format.
//!
//! The document is what anybody can write: its shape is read by serde, and what renderings
//! rely on is checked (codes, words of ours, numbers of lines). What only the program knows
//! is not in it: the page's steps, the instructions of an edit. All else comes back
//! (`tests/merge.rs` compares the renderings).

mod profile;
mod record;
mod refusal;

use std::collections::BTreeMap;

use self::record::{Document, Finding as FindingRecord, Object, Place as PlaceRecord, Program};
use super::smoke::{Smoke, SmokeFault};
use super::{
    InputError, LoadErrorReport, ObjectReport, Outcome, ProgramReport, Report, Shard, Usage,
};
use crate::abstract_interp::Stats;
use crate::diagnostics::{Finding, Label, Place, Source};
use crate::helpers_spec::{AttachType, ProgType};
use crate::programs::{LoadErrorKind, MAX_LINE};
use crate::rules::{self, Rule, Severity};
use crate::smoke::{Coverage, Input, SmokeVerdict};
use crate::untrusted::Untrusted;

/// Reads a report.
pub fn report(text: &[u8]) -> Result<Report, String> {
    let document: Document = serde_json::from_slice(text).map_err(|e| told(&e))?;
    if document.version != super::json::SCHEMA_VERSION || document.schema != "bpfassay-report-v1" {
        return Err("its schema is not bpfassay-report-v1".into());
    }
    let shard = document.shard.map(|s| Shard {
        part: s.part,
        of: s.of,
        positions: s.positions,
    });
    let objects = document.objects.into_iter().map(object_of);
    Ok(Report {
        objects: objects.collect::<Result<_, _>>()?,
        shard,
    })
}

/// Reads one object of a report.
pub fn object(text: &[u8]) -> Result<ObjectReport, String> {
    object_of(serde_json::from_slice(text).map_err(|e| told(&e))?)
}

/// Where serde stopped. Its own words quote what the file holds, which may be any file.
fn told(e: &serde_json::Error) -> String {
    format!(
        "not a JSON report: line {}, column {}",
        e.line(),
        e.column()
    )
}

fn object_of(o: Object) -> Result<ObjectReport, String> {
    let load_errors = o.load_errors.into_iter().map(|e| {
        Ok(LoadErrorReport {
            stage: stage(&e.stage)?,
            reason: e.reason.into(),
            target: e.target.into(),
            variant: text(e.variant),
        })
    });
    Ok(ObjectReport {
        load_errors: load_errors.collect::<Result<_, String>>()?,
        object: o.object.into(),
        error: o.error.map(|e| InputError {
            section: e.section.map(Untrusted::from),
            offset: e.offset,
            reason: e.reason.into(),
        }),
        unmet: Vec::new(),
        programs: o
            .programs
            .into_iter()
            .map(program)
            .collect::<Result<_, _>>()?,
        findings: o
            .findings
            .into_iter()
            .map(finding)
            .collect::<Result<_, _>>()?,
    })
}

fn program(mut p: Program) -> Result<ProgramReport, String> {
    let lacks = std::mem::take(&mut p.lacks);
    let place = match (&p.file, p.line) {
        (Some(file), Some(line)) => Some(Place {
            file: file.into(),
            line: line_of(line)?,
            column: p.column.unwrap_or(0),
        }),
        _ => None,
    };
    let outcome = match (p.verdict.as_str(), p.finding.take()) {
        ("accept", _) => Outcome::Accept,
        ("reject", Some(d)) => Outcome::Reject(Box::new(refusal::diagnostic(*d)?)),
        ("reject", None) => {
            Outcome::Lacks(lacks.into_iter().map(finding).collect::<Result<_, _>>()?)
        }
        ("unknown", _) => Outcome::Unknown {
            name: text(p.class.take()),
            insn: p.insn,
            place,
            internal: p.internal.take().map(Untrusted::from),
        },
        ("load-error", _) => Outcome::LoadError {
            stage: stage(p.class.as_deref().unwrap_or(""))?,
            reason: text(p.message.take()),
            rule: p.code.as_deref().map(rule).transpose()?,
        },
        _ => return Err("a verdict that there is none of".into()),
    };
    let stats = match (p.processed, p.total_states, p.peak_states, p.stack_depth) {
        (Some(processed), Some(total_states), Some(peak_states), Some(stack_depth)) => {
            Some(Stats {
                processed,
                total_states,
                peak_states,
                stack_depth,
            })
        }
        _ => None,
    };
    Ok(ProgramReport {
        smoke: smoke(&mut p)?,
        section: p.section.into(),
        prog_type: match p.prog_type.as_str() {
            "" => "",
            name => ProgType::from_name(name).map_or("", ProgType::name),
        },
        attach_type: match p.attach_type.as_str() {
            "" => "",
            name => AttachType::from_name(name).map_or("", AttachType::name),
        },
        variant: text(p.variant),
        insns: p.insns.unwrap_or(0),
        stats,
        verify_us: p.verify_us,
        assumes: texts(p.assumes),
        usage: Usage {
            place: p.begins.map(place_of).transpose()?,
            map_bytes: p.map_bytes,
            map_bytes_per_cpu: p.map_bytes_per_cpu,
            callees: texts(p.callees),
        },
        severity: severity(&p.severity)?,
        suppressed: p.suppressed.map(Untrusted::from),
        in_source: p.in_source,
        profile: p.profile.map(profile::profile).transpose()?,
        program: p.program.into(),
        ..ProgramReport::blank(&p.target.into(), outcome)
    })
}

fn smoke(p: &mut Program) -> Result<Option<Smoke>, String> {
    let Some(word) = p.smoke.take() else {
        return Ok(None);
    };
    let verdict = match word.strip_prefix("skipped: ") {
        Some(why) => SmokeVerdict::Skipped(why.to_owned()),
        None if word == "pass" || word.starts_with("pass (") => SmokeVerdict::Pass,
        None if word == "fault" => SmokeVerdict::Fault,
        None => return Err("a smoke run that ended in no known way".into()),
    };
    let runs = p.smoke_runs.take().unwrap_or_default();
    let coverage = p.smoke_coverage.take();
    let fault = p.smoke_fault.take().map(|f| {
        Ok::<_, String>(SmokeFault {
            what: f.what.into(),
            insn: f.insn,
            place: match (f.file, f.line) {
                (Some(file), Some(line)) => Some((file.into(), line)),
                _ => None,
            },
            input: f.input.map(input).transpose()?,
            scenario: f.scenario.map(Untrusted::from),
        })
    });
    Ok(Some(Smoke {
        verdict,
        runs: runs.runs,
        insns: runs.insns,
        coverage: coverage.map_or_else(Coverage::default, |c| Coverage {
            insns: (c.insns_reached, c.insns),
            blocks: (c.blocks_reached, c.blocks),
        }),
        unreached: runs.unreached,
        fault: fault.transpose()?,
    }))
}

fn input(i: record::SmokeInput) -> Result<Input, String> {
    Ok(Input {
        label: String::new(),
        seed: i.seed,
        packet: i.packet,
        context: i.context,
        populated: i.populated,
        steer: i.steer.parse()?,
    })
}

fn finding(f: FindingRecord) -> Result<Finding, String> {
    let sources = sources(f.sources)?;
    let place = match (f.file, f.line) {
        (Some(file), Some(line)) => Some(Place {
            file: file.into(),
            line: line_of(line)?,
            column: f.column.unwrap_or(0),
        }),
        _ => None,
    };
    Ok(Finding {
        severity: severity(&f.severity)?,
        remedy: f.remedy,
        program: f.program.map(Untrusted::from),
        section: f.section.map(Untrusted::from),
        insn: f.insn,
        place,
        primary: f.primary.map(|l| label(&sources, l)).transpose()?,
        secondary: labels(&sources, f.secondary)?,
        sources,
        targets: texts(f.targets),
        variants: texts(f.variants),
        suppressed: f.suppressed.map(Untrusted::from),
        in_source: f.in_source,
        ..Finding::of_object(rule(&f.code)?, f.what)
    })
}

fn labels(sources: &[Source], all: Vec<record::Label>) -> Result<Vec<Label>, String> {
    all.into_iter().map(|l| label(sources, l)).collect()
}

/// A label by the line and the column that it stands at.
fn label(sources: &[Source], l: record::Label) -> Result<Label, String> {
    let line = line_of(l.line)?;
    let at = l
        .file
        .as_ref()
        .and_then(|file| sources.iter().position(|s| s.name == *file));
    let source = at.and_then(|at| sources.get(at));
    let start = source
        .and_then(|s| s.line(line))
        .map_or(0, |(start, _)| start);
    Ok(Label {
        source: at.unwrap_or(sources.len()),
        offset: start.saturating_add(l.column.saturating_sub(1)),
        len: l.length.max(1),
        text: l.label.into(),
        insn: l.insn,
        line,
    })
}

fn sources(all: Vec<record::Source>) -> Result<Vec<Source>, String> {
    let one = |source: record::Source| {
        let mut lines: BTreeMap<u32, String> = BTreeMap::new();
        for line in source.lines {
            lines.insert(line_of(line.line)?, line.text);
        }
        Ok(Source::of_lines(source.file, &lines))
    };
    all.into_iter().map(one).collect()
}

fn place_of(p: PlaceRecord) -> Result<Place, String> {
    Ok(Place {
        file: p.file.into(),
        line: line_of(p.line)?,
        column: p.column,
    })
}

/// A number of a line, which sums are made of.
fn line_of(line: u32) -> Result<u32, String> {
    match line <= MAX_LINE {
        true => Ok(line),
        false => Err(format!("{line} is no number of a line")),
    }
}

fn rule(code: &str) -> Result<&'static Rule, String> {
    rules::find(code).ok_or_else(|| "a code that this version does not know".to_owned())
}

fn severity(word: &str) -> Result<Severity, String> {
    let all = [Severity::Note, Severity::Warning, Severity::Error];
    let found = all.into_iter().find(|s| s.name() == word);
    found.ok_or_else(|| "a severity that there is none of".to_owned())
}

fn stage(word: &str) -> Result<&'static str, String> {
    let found = LoadErrorKind::ALL
        .iter()
        .map(|k| k.stage())
        .find(|s| *s == word);
    found.ok_or_else(|| "a stage of loading that there is none of".to_owned())
}

fn text(text: Option<String>) -> Untrusted {
    text.map_or_else(Untrusted::new, Untrusted::from)
}

fn texts(all: Vec<String>) -> Vec<Untrusted> {
    all.into_iter().map(Untrusted::from).collect()
}
