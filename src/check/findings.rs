//! What the lints say of an object, placed in its source.

use super::Job;
use super::verify::Looked;
use super::{Opened, Options, TargetChoice};
use crate::abstract_interp::{Observed, Verification, setup};
use crate::cfg;
use crate::config::Resource;
use crate::diagnostics::{Context, Finding};
use crate::programs::insn::Op;
use crate::programs::isa::IsaRules;
use crate::programs::{Linked, Program, decode, decode_with};
use crate::rules::lints::{
    self, Hit, LintInput, Linted, ObjectInput, Settled, lint, lint_object, settle,
};
use crate::target::Switches;
use crate::untrusted::Untrusted;

/// Runs the lints over an accepted program.
pub(super) fn of_program(
    program: &Program,
    choice: &TargetChoice<'_>,
    observed: &Observed,
    verification: &Verification,
) -> Vec<Hit> {
    let ops = decode_with(
        &program.insns,
        &IsaRules::of(Switches::new(&choice.target.behaviour, None)),
    );
    let facts = setup::facts::Facts::new(program, choice.target, &ops);
    let cfg = cfg::analyze(&program.insns, &ops, &facts, &facts.rules).ok();
    lint(&LintInput {
        program,
        target: choice.target,
        ops: &ops,
        cfg: cfg.as_ref(),
        observed,
        verification,
    })
}

/// The findings of all lints, in the report's order. `jobs` and `looked` go
/// together.
pub(super) fn of_object(
    source: &Opened,
    links: &[Linked],
    jobs: &[Job],
    looked: &[Option<Looked>],
    options: &Options<'_>,
) -> Vec<Finding> {
    let object = match source {
        Opened::Object(object) => Some(&**object),
        Opened::Raw(_) => None,
    };
    let programs: Vec<&Program> = links
        .first()
        .map_or(&[][..], |l| &l.programs)
        .iter()
        .flatten()
        .collect();
    let linted: Vec<Linted<'_>> = jobs
        .iter()
        .zip(looked)
        .filter_map(|((p, t, report), looked)| {
            let looked = looked.as_ref()?;
            Some(Linted {
                program: links.get(*t)?.programs.get(*p)?.as_ref().ok()?,
                target: report.target.data(),
                reached: &looked.reach,
                hits: looked.hits.as_ref()?,
            })
        })
        .collect();
    let others: Vec<&Program> = jobs
        .iter()
        .zip(looked)
        .filter(|(_, looked)| looked.as_ref().is_none_or(|l| l.hits.is_none()))
        .filter_map(|((p, t, _), _)| links.get(*t)?.programs.get(*p)?.as_ref().ok())
        .collect();
    let mut input = ObjectInput::new(object, &programs);
    if let Some(settings) = options.settings {
        let config = &settings.config;
        input.cpus = input.cpus.max(config.cpus);
        // A budget that somebody wrote is judged by itself, per program.
        if config.budget.get(Resource::MapMemory).is_some() {
            input.map_memory = u64::MAX;
        }
    }
    let mut findings: Vec<Finding> = lint_object(&input)
        .into_iter()
        .map(|hit| Finding::of_object(hit.rule, hit.what))
        .collect();
    // They come program by program.
    let mut decoded: Option<(usize, Vec<Op>)> = None;
    for Settled {
        first,
        hit,
        targets,
    } in settle(&linted, &others)
    {
        let Some(linted) = linted.get(first) else {
            continue;
        };
        let (_, ops) = match decoded.take().filter(|(of, _)| *of == first) {
            Some(known) => decoded.insert(known),
            None => decoded.insert((first, decode(&linted.program.insns))),
        };
        let context = Context {
            program: linted.program,
            ops,
            target: linted.target,
            kernel: None,
            source_text: options.source_text,
        };
        let mut finding = place(&context, &hit);
        finding.targets = targets.into_iter().map(Into::into).collect();
        findings.push(finding);
    }
    findings.sort_by(|a, b| a.order().cmp(&b.order()));
    findings
}

fn place(context: &Context<'_>, hit: &Hit) -> Finding {
    match hit.insn {
        None => Finding::of_program(context, hit.rule, hit.what.clone()),
        Some(insn) => {
            let also: Vec<(usize, Untrusted)> = hit
                .also
                .iter()
                .map(|(at, text)| (*at as usize, text.into()))
                .collect();
            let text = lints::label(hit.rule);
            Finding::at(
                context,
                hit.rule,
                hit.what.clone(),
                insn as usize,
                text,
                &also,
            )
        }
    }
}
