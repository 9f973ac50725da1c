//! What the tools do: the verbs of the command line, asked by arguments of a call.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use super::finding;
use super::tools::Given;
use crate::cli::args::{OpenArgs, Verb};
use crate::cli::roots::Roots;
use crate::cli::serving::{check_args, other_verb, verb};
use crate::cli::spend::Spending;
use crate::cli::{Failure, audit as auditing, check as checking, explain as explaining};
use crate::cli::{explain_log, inputs, run as running, targets as listing};
use crate::diagnostics::group;
use crate::report::items::items;
use crate::report::text::Style;
use crate::report::{audit as audits, run as runs};
use crate::target;
use crate::untrusted::joined;

/// Findings in an answer, unless another number is asked for.
const FINDINGS: u64 = 20;

/// The paths of a call, each below a root.
fn paths(given: &Given<'_>, roots: &Roots) -> Result<Vec<PathBuf>, Failure> {
    let names = given.texts("paths");
    names.into_iter().map(|name| roots.admit(name)).collect()
}

/// The targets of a call: known ones, or files below a root.
fn open(open: &mut OpenArgs, given: &Given<'_>, roots: &Roots) -> Result<(), Failure> {
    open.prog = given.text("program").map(str::to_owned);
    for name in given.texts("targets") {
        let there = || roots.first().join(name).symlink_metadata().is_ok();
        open.target.push(match !inputs::is_name(name) && there() {
            true => roots
                .admit_file(Path::new(name))?
                .to_string_lossy()
                .into_owned(),
            false => name.to_owned(),
        });
    }
    Ok(())
}

pub(super) fn check(
    given: &Given<'_>,
    roots: &Arc<Roots>,
    spending: &Spending,
) -> Result<Value, Failure> {
    let mut args = check_args(roots)?;
    args.objects = paths(given, roots)?;
    open(&mut args.open, given, roots)?;
    args.all = given.flag("all");
    args.no_smoke = given.flag("no_smoke");
    let mut done = checking::checked(&args, spending)?;
    done.judge(&args)?;
    for object in &mut done.report.objects {
        group(&mut object.findings);
    }
    let report = &done.report;
    let found = items(report);
    let (suppressed, shown): (Vec<_>, Vec<_>) =
        found.iter().partition(|item| item.suppressed.is_some());
    let offset = given.number("offset").unwrap_or(0) as usize;
    let limit = given.number("limit").unwrap_or(FINDINGS) as usize;
    let mut shown = shown;
    shown.sort_by_key(|item| std::cmp::Reverse(item.severity));
    let page: Vec<Value> = shown
        .iter()
        .skip(offset)
        .take(limit)
        .map(|i| finding::json(i))
        .collect();
    let next = offset.saturating_add(page.len());
    let totals = report.totals();
    let verdicts = report.objects.iter().flat_map(|o| {
        let programs = o.programs.iter();
        programs.map(|p| {
            let (object, target) = (&o.object, p.column());
            json!({
                "object": object, "program": p.program, "target": target,
                "verdict": p.outcome.word(),
                "processed": p.stats.map(|s| s.processed),
            })
        })
    });
    let unread = report.objects.iter().filter_map(|o| {
        let why = o.error.as_ref()?.text();
        Some(json!({ "object": o.object, "why": why }))
    });
    Ok(json!({
        "totals": {
            "accept": totals.accept, "reject": totals.reject, "unknown": totals.unknown,
            "load_error": totals.load_error, "unreadable": totals.unreadable,
        },
        "partial": report.partial(),
        "unreadable": unread.collect::<Vec<_>>(),
        "findings_total": shown.len(),
        "offset": offset,
        "findings": page,
        // Who asked for none gets no next page, which would be this one.
        "next_offset": (offset < next && next < shown.len()).then_some(next),
        "suppressed": suppressed.len(),
        "verdicts": verdicts.collect::<Vec<_>>(),
    }))
}

pub(super) fn explain(
    given: &Given<'_>,
    roots: &Arc<Roots>,
    spending: &Spending,
) -> Result<Value, Failure> {
    let Verb::Explain(mut args) = verb(&["explain"])? else {
        return Err(other_verb());
    };
    let Some(log) = given.text("log") else {
        let text = explaining::told(given.text("code"))?;
        return Ok(json!({ "text": text }));
    };
    let object = given.text("object").map(|name| roots.admit(name));
    args.code = object
        .transpose()?
        .map(|path| path.to_string_lossy().into_owned());
    let told = explain_log::told("log", log, &args, &spending.budget, Style::default());
    let (text, ended) = told?;
    Ok(json!({ "text": text, "partial": ended.is_some() }))
}

pub(super) fn audit(
    given: &Given<'_>,
    roots: &Arc<Roots>,
    spending: &Spending,
) -> Result<Value, Failure> {
    let Verb::Audit(mut args) = verb(&["audit", "."])? else {
        return Err(other_verb());
    };
    args.objects = paths(given, roots)?;
    open(&mut args.open, given, roots)?;
    let mut document = audits::json::document(&auditing::audits(&args, spending)?);
    if args.open.prog.is_none() {
        let objects = document["objects"].as_array_mut();
        for object in objects.into_iter().flatten() {
            let programs = object["programs"].as_array_mut();
            programs.into_iter().flatten().for_each(brief);
        }
    }
    Ok(document)
}

/// Of a program what a list of programs tells: its calls by name.
fn brief(program: &mut Value) {
    let Some(map) = program.as_object_mut() else {
        return;
    };
    let calls = map.get("calls").and_then(Value::as_array);
    let names = calls.into_iter().flatten().map(|c| c["name"].clone());
    let names: Vec<Value> = names.collect();
    const KEPT: [&str; 12] = [
        "program",
        "section",
        "prog_type",
        "attach_type",
        "attach_to",
        "sleepable",
        "insns",
        "verdict",
        "reason",
        "oldest_kernel",
        "capabilities",
        "unknown",
    ];
    map.retain(|key, _| KEPT.contains(&key.as_str()));
    map.insert("calls".to_owned(), Value::Array(names));
}

pub(super) fn run(
    given: &Given<'_>,
    roots: &Arc<Roots>,
    spending: &Spending,
) -> Result<Value, Failure> {
    let Verb::Run(mut args) = verb(&["run"])? else {
        return Err(other_verb());
    };
    let path = roots.admit(given.text("path").unwrap_or(""))?;
    args.object = Some(path.to_string_lossy().into_owned());
    open(&mut args.open, given, roots)?;
    for packet in given.texts("packets") {
        if !packet.bytes().all(|b| b.is_ascii_hexdigit()) || Path::new(packet).exists() {
            let what = joined(["packets: not hexadecimal digits: ", packet], "");
            return Err(Failure::usage(what));
        }
        args.packet.push(packet.to_owned());
    }
    args.ctx = given.text("context").map(str::to_owned);
    args.populated = given.flag("populated");
    args.dump_maps = given.flag("maps");
    args.seed = given.number("seed").unwrap_or(args.seed);
    args.inputs = given.number("inputs").map_or(args.inputs, |n| n as usize);
    let document = RefCell::new(Value::Null);
    running::ran(&args, &spending.budget, &|shown| {
        document.replace(runs::document(shown));
        Ok(())
    })?;
    Ok(document.into_inner())
}

pub(super) fn targets(
    given: &Given<'_>,
    _roots: &Arc<Roots>,
    _spending: &Spending,
) -> Result<Value, Failure> {
    let Verb::Targets(mut args) = verb(&["targets"])? else {
        return Err(other_verb());
    };
    let names = [given.text("target"), given.text("other")];
    for name in names.into_iter().flatten() {
        if target::by_name(name).is_none() && name != "host" {
            let all = target::all().into_iter().chain(target::runtimes());
            let all: Vec<String> = all.map(|t| t.name).collect();
            let what = format!("no target {name}; there are: {}, host", all.join(", "));
            return Err(Failure::usage(what));
        }
    }
    match names {
        [Some(a), Some(b)] => args.diff = vec![a.to_owned(), b.to_owned()],
        [None, Some(_)] => return Err(Failure::usage("other: which target is compared with it?")),
        [one, None] => args.target = one.map(str::to_owned),
    }
    Ok(json!({ "text": listing::told(&args)? }))
}
