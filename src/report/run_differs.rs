//! Where a runtime's answer differs from Linux's, of `run`: what it lacks or has in
//! another way, and the runs that end otherwise on the same inputs.
//!
//! Sentences are made here once, for all renderings; they hold names of the object's, so
//! each rendering makes them harmless in its way.
#![warn(clippy::arithmetic_side_effects)]

use serde_json::{Value, json};

use super::run::{RunDocument, fault};
use crate::programs::Program;
use crate::smoke::{RunReport, SmokeReport};

/// Instructions that are named of a difference.
const MOST_PLACES: usize = 6;
/// Ways in which runs differ that are told, and inputs that are named of each.
const MOST_WAYS: usize = 12;
const MOST_LABELS: usize = 4;

/// A thing that the program uses and the runtime does not have as Linux has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The thing, as a phrase.
    pub what: String,
    /// `no`, `partial` or, where the profile does not speak of it, `unknown`.
    pub status: &'static str,
    /// What comes of it, as a predicate.
    pub does: String,
    /// What the profile notes; may be empty.
    pub note: String,
    /// Instructions that show it; none if the program as a whole does.
    pub insns: Vec<usize>,
}

/// How a runtime compares with the kernel whose rules stand in for its verifier.
pub struct Differs<'a> {
    /// The kernel.
    pub base: String,
    /// The runtime, and the day of the sources that its facts were read from.
    pub runtime: &'a str,
    /// That day; may be empty.
    pub date: &'a str,
    /// What differs before anything runs.
    pub things: Vec<Difference>,
    /// The same inputs, run as on the kernel.
    pub there: &'a SmokeReport,
}

/// In what two runs on one input differ.
fn unlike(there: &RunReport, here: &RunReport) -> Option<&'static str> {
    let ends = |r: &RunReport| r.result.as_ref().ok().map(|o| (o.ret, o.thrown));
    if ends(there) != ends(here) || there.result.is_err() != here.result.is_err() {
        return Some("result");
    }
    let (Some(a), Some(b)) = (&there.after, &here.after) else {
        return (there.output != here.output).then_some("output");
    };
    if a.packet != b.packet {
        return Some("packet");
    }
    let maps = a.maps.iter().zip(&b.maps);
    if a.maps.len() != b.maps.len() || maps.into_iter().any(|(a, b)| a.entries != b.entries) {
        return Some("maps");
    }
    (there.output != here.output).then_some("output")
}

/// Runs that differ: how each went on the kernel, and here.
fn runs<'d>(
    d: &'d RunDocument<'_>,
    differs: &'d Differs<'_>,
) -> Vec<(&'static str, &'d RunReport, &'d RunReport)> {
    let both = differs.there.runs.iter().zip(&d.report.runs);
    let told = both.filter_map(|(there, here)| Some((unlike(there, here)?, there, here)));
    told.collect()
}

/// How a run ends, in plain words.
fn end(program: &Program, run: &RunReport) -> String {
    match &run.result {
        Ok(outcome) => {
            let value = outcome.ret as i32;
            match run.meaning {
                Some(name) => format!("returns {name} ({value})"),
                None if i64::from(value) as u64 == outcome.ret => format!("returns {value}"),
                None => format!("returns {:#x}", outcome.ret),
            }
        }
        Err(f) => {
            let word = match f.kind.is_inconclusive() {
                true => "stopped",
                false => "ends",
            };
            let own = f.site.program == 0;
            let line = program.line_at(f.site.insn).filter(|_| own);
            let line = line.map(|l| format!(" ({}:{})", l.file, l.line));
            format!("{word} at {f}{}", line.unwrap_or_default())
        }
    }
}

fn places(program: &Program, insns: &[usize]) -> String {
    let Some(first) = insns.first() else {
        return String::new();
    };
    let line = u32::try_from(*first).ok().and_then(|i| program.line_at(i));
    let line = line.filter(|l| l.line != 0);
    let line = line.map_or(String::new(), |l| format!(", {}:{}", l.file, l.line));
    let all: Vec<String> = insns
        .iter()
        .take(MOST_PLACES)
        .map(usize::to_string)
        .collect();
    let more = match insns.len().saturating_sub(MOST_PLACES) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    format!(" (instruction {}{more}{line})", all.join(", "))
}

/// What is to be said, line by line; the first is a heading. Lines of names and notes as
/// they came.
pub fn lines(d: &RunDocument<'_>) -> Vec<String> {
    let Some(differs) = &d.differs else {
        return Vec::new();
    };
    let (base, runtime) = (&differs.base, differs.runtime);
    let of = match differs.date {
        "" => String::new(),
        date => format!(", as of {date}"),
    };
    let told = runs(d, differs);
    let all = d.report.runs.len();
    let mut out = vec![format!(
        "{runtime} differs from {base}{of}: in {} things that the program uses, and {} of {all} runs:",
        differs.things.len(),
        told.len()
    )];
    for thing in &differs.things {
        let status = match thing.status {
            "no" => "absent",
            "partial" => "in part",
            other => other,
        };
        let note = match thing.note.as_str() {
            "" => String::new(),
            note => format!(": {note}"),
        };
        out.push(format!(
            "{}: {status}, {}{}{note}",
            thing.what,
            thing.does,
            places(d.program, &thing.insns)
        ));
    }
    let mut ways: Vec<(String, Vec<&str>)> = Vec::new();
    for (what, there, here) in told {
        let here_ends = end(d.program, here);
        let way = match what {
            "result" => format!("{base} {}, {runtime} {here_ends}", end(d.program, there)),
            other => format!("both {here_ends}, with other {other}"),
        };
        let label = here.input.label.as_str();
        match ways.iter_mut().find(|(known, _)| *known == way) {
            Some((_, labels)) => labels.push(label),
            None => ways.push((way, vec![label])),
        }
    }
    let more = ways.len().saturating_sub(MOST_WAYS);
    for (way, labels) in ways.iter().take(MOST_WAYS) {
        let runs = match labels.len() {
            1 => "1 run".to_owned(),
            n => format!("{n} runs"),
        };
        let named = labels.get(..MOST_LABELS).unwrap_or(labels).join("; ");
        let rest = match labels.len().saturating_sub(MOST_LABELS) {
            0 => String::new(),
            n => format!("; {n} more"),
        };
        out.push(format!("{runs}: {way}: {named}{rest}"));
    }
    if more > 0 {
        out.push(format!("{more} more ways"));
    }
    out
}

/// The same for machines.
pub(super) fn value(d: &RunDocument<'_>) -> Option<Value> {
    let differs = d.differs.as_ref()?;
    let ends = |run: &RunReport| {
        let outcome = run.result.as_ref().ok();
        json!({
            "ret": outcome.map(|o| format!("{:#x}", o.ret)),
            "meaning": run.meaning,
            "fault": run.result.as_ref().err().map(|f| fault(d.program, f)),
        })
    };
    let run = |(what, there, here): (&str, &RunReport, &RunReport)| {
        json!({
            "label": here.input.label,
            "seed": here.input.seed,
            "what": what,
            "there": ends(there),
            "here": ends(here),
        })
    };
    Some(json!({
        "base": differs.base,
        "things": differs.things.iter().map(|t| json!({
            "what": t.what,
            "status": t.status,
            "does": t.does,
            "note": t.note,
            "insns": t.insns,
        })).collect::<Vec<_>>(),
        "runs": runs(d, differs).into_iter().map(run).collect::<Vec<_>>(),
    }))
}
