//! `audit`: what objects need, what they can do, who uses what; what changed.

use rayon::prelude::*;

use super::args::{AuditArgs, AuditFormat, GraphFormat};
use super::console::complain;
use super::inputs::{self, Targets};
use super::spend::Spending;
use super::walk::{self, Input};
use super::{Failure, exit, output};
use crate::audit::{ObjectAudit, diff, graph};
use crate::check::{self, Options};
use crate::report::audit as report;

/// Audits all inputs.
pub(super) fn audits(args: &AuditArgs, spending: &Spending) -> Result<Vec<ObjectAudit>, Failure> {
    let targets = Targets::open(&args.open)?;
    let choices = targets.choices();
    let prog_type = inputs::prog_type(&args.open)?;
    let manifest = super::stated::manifest(&args.open)?;
    let one = |input: &Input| -> ObjectAudit {
        let name = &input.name;
        let options = Options {
            kind: input.kind(&args.open),
            prog_type,
            loader: args.open.loader.into(),
            manifest: &manifest,
            only: args.open.prog.as_deref(),
            budget: Some(&spending.budget),
            ..Options::new(name, &choices)
        };
        match input.read() {
            Ok(bytes) => check::audit(&bytes, &options, args.cpus),
            Err(failure) => check::unread(failure.about(name), &options, args.cpus),
        }
    };
    let objects = walk::expand(&args.open, &args.objects, &spending.budget);
    let audits: Vec<ObjectAudit> = spending
        .pool
        .install(|| objects.par_iter().map(one).collect());
    if let Some(name) = &args.open.prog
        && audits
            .iter()
            .all(|a| a.error.is_none() && a.programs.is_empty() && a.unlinked.is_empty())
    {
        return Err(super::check::no_program(
            name, &objects, &args.open, &choices,
        ));
    }
    Ok(audits)
}

/// Runs the verb.
pub(super) fn run(args: &AuditArgs) -> Result<u8, Failure> {
    let audits = audits(args, &Spending::new(&args.spend)?)?;
    let plain = (args.format, args.output.as_deref());
    let text = if args.diff {
        let [old, new] = &audits[..] else {
            return Err(Failure::usage("--diff compares two objects: OLD NEW"));
        };
        let changes = diff::diff(old, new);
        Some(match args.format {
            AuditFormat::Json => report::diff::json(&changes),
            AuditFormat::Text => report::diff::text(&changes),
            _ => return Err(Failure::usage("--diff is told as text or json")),
        })
    } else if let Some(format) = args.graph {
        let graphs: Vec<_> = audits
            .iter()
            .map(|a| (&a.object, graph::graph(a)))
            .collect();
        Some(match format {
            GraphFormat::Text => report::graph::text(&graphs),
            GraphFormat::Json => report::graph::json(&graphs),
            GraphFormat::Dot => report::graph::dot(&graphs),
        })
    } else {
        None
    };
    match text {
        Some(text) => output::write(&text, args.output.as_deref())?,
        None => output::reports(Some(plain), &args.report, &|format, _| {
            rendered(&audits, format)
        })?,
    }
    let mut code = exit::CLEAN;
    for a in &audits {
        if let Some(error) = &a.error {
            complain!("{}: {}", a.object, error);
            code = exit::USAGE;
        }
    }
    Ok(code)
}

/// The audits in one format.
fn rendered(audits: &[ObjectAudit], format: AuditFormat) -> String {
    match format {
        AuditFormat::Json => report::json::render(audits),
        AuditFormat::Text => report::text::render(audits),
        AuditFormat::Markdown => report::markdown::render(audits),
        AuditFormat::Html => report::html::render(audits),
        AuditFormat::Cyclonedx => report::cyclonedx::render(audits),
    }
}
