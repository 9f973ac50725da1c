//! `merge`: JSON reports put together, of the parts of a run or of several runs.
//!
//! Of parts all must be there, once each; their objects come back in the order of the whole
//! run. What concerns no object (a suppression that nothing needed) counts if all parts say
//! it. Reports of several runs follow one another.

use std::collections::BTreeMap;
use std::path::Path;

use super::args::MergeArgs;
use super::dress::{self, Dress};
use super::repo::Repo;
use super::{Failure, inputs};
use crate::diagnostics::Finding;
use crate::report::{ObjectReport, Report, Shard, read};
use crate::untrusted::{Untrusted, text};

/// Runs the verb.
pub(super) fn run(args: &MergeArgs) -> Result<u8, Failure> {
    let mut parts = Vec::new();
    for path in &args.reports {
        parts.push(report_of(path)?);
    }
    let report = merged(parts, args.partial).map_err(Failure::usage)?;
    let repo = Repo::of(args.out.repo_root.as_deref(), None, &args.out.path_prefix);
    let shown = args.out.output.is_none().then_some(args.out.format);
    let code = dress::code(&report, args.fail_on.into(), args.strict, shown);
    let dress = Dress {
        format: args.out.format,
        output: args.out.output.as_deref(),
        more: &args.out.report,
        streamed: false,
        repo: &repo,
        stats: args.stats,
        explain: args.explain,
        quiet: args.quiet,
        strict: args.strict,
    };
    dress.write(&report, code, "")?;
    Ok(code)
}

fn report_of(path: &Path) -> Result<Report, Failure> {
    let name = Untrusted::from(path.display().to_string());
    let report = read::report(&inputs::read(path)?);
    report.map_err(|why| Failure::usage(text!("{}: {}", name, why)))
}

/// Puts reports together.
fn merged(reports: Vec<Report>, partial: bool) -> Result<Report, String> {
    let mut whole = Report::default();
    let mut parts: Vec<(Shard, Vec<ObjectReport>)> = Vec::new();
    for report in reports {
        match report.shard {
            Some(shard) => parts.push((shard, report.objects)),
            None => whole.objects.extend(report.objects),
        }
    }
    complete(&parts, partial)?;
    let count = parts.len();
    let mut placed = BTreeMap::new();
    let mut rest: Vec<ObjectReport> = Vec::new();
    for (shard, objects) in parts {
        let of_none = objects.len().checked_sub(shard.positions.len());
        of_none.ok_or("a part has more positions than objects")?;
        let mut positions = shard.positions.into_iter();
        for object in objects {
            match positions.next() {
                Some(at) if placed.contains_key(&at) => {
                    return Err(format!("two parts have an object at {at}"));
                }
                Some(at) => {
                    placed.insert(at, object);
                }
                None => rest.push(object),
            }
        }
    }
    whole.objects.extend(placed.into_values());
    whole.objects.extend(said_by_all(rest, count));
    Ok(whole)
}

/// Whether the parts are those of one run, each once.
fn complete(parts: &[(Shard, Vec<ObjectReport>)], partial: bool) -> Result<(), String> {
    let Some((first, _)) = parts.first() else {
        return Ok(());
    };
    let of = first.of;
    if let Some((other, _)) = parts.iter().find(|(s, _)| s.of != of) {
        return Err(format!("parts of two runs: of {of}, and of {}", other.of));
    }
    let mut numbers: Vec<u32> = parts.iter().map(|(s, _)| s.part).collect();
    numbers.sort_unstable();
    if let Some(twice) = numbers.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("part {} is there twice", twice[0]));
    }
    let missing: Vec<String> = (1..=of)
        .filter(|n| numbers.binary_search(n).is_err())
        .take(20)
        .map(|n| n.to_string())
        .collect();
    if missing.is_empty() || partial {
        return Ok(());
    }
    Err(format!(
        "of {of} parts there is no {}; --partial goes on without",
        missing.join(", ")
    ))
}

/// Findings that concern no object, as far as all parts have them.
fn said_by_all(objects: Vec<ObjectReport>, parts: usize) -> Vec<ObjectReport> {
    let mut out: Vec<ObjectReport> = Vec::new();
    let mut seen: BTreeMap<(String, String, Option<u32>), usize> = BTreeMap::new();
    let mark = |f: &Finding| {
        let line = f.place.as_ref().map(|p| p.line);
        (f.rule.id(), f.what.data().to_owned(), line)
    };
    for object in &objects {
        for finding in &object.findings {
            *seen.entry(mark(finding)).or_default() += 1;
        }
    }
    for mut object in objects {
        if out.iter().any(|o| o.object == object.object) {
            continue;
        }
        object
            .findings
            .retain(|f| seen.get(&mark(f)) == Some(&parts));
        if !object.findings.is_empty() {
            out.push(object);
        }
    }
    out
}
