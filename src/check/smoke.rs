//! Accepted programs are run.
//!
//! A program that links to the same instructions for several targets is run once.
//! Inputs and budgets are chosen so that this costs about as much as verifying
//! did; `run` has no such restraint. A fault here, after `accept`, is a fault of
//! this tool: of the verdict, or of the run; but for those that a known hole of the
//! target explains (`holes`).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::each::each;
use super::verify::{Looked, panic_text};
use super::{Job, Options, TargetChoice, World, holes};
use crate::abstract_interp::Reach;
use crate::budget::Budget;
use crate::diagnostics::{Context, Finding};
use crate::limits;
use crate::programs::{Linked, Program, decode};
use crate::report::Outcome;
use crate::report::smoke::Smoke;
use crate::rules;
use crate::smoke::engine::Fault;
use crate::smoke::{self, SmokeOptions};

/// Runs the accepted programs among the jobs, which are in order of programs. Gives
/// a finding for each that its target accepts and that goes wrong there.
pub(super) fn run_accepted(
    jobs: &mut [Job],
    looked: &[Option<Looked>],
    links: &[Linked],
    options: &Options<'_>,
) -> Vec<Finding> {
    let siblings: Vec<Siblings> = links
        .iter()
        .enumerate()
        .map(|(t, link)| callable(link, t, jobs))
        .collect();
    let mut rest = looked;
    let groups: Vec<(&mut [Job], &[Option<Looked>])> = jobs
        .chunk_by_mut(|a, b| a.0 == b.0)
        .map(|group| {
            let (own, others) = rest.split_at_checked(group.len()).unwrap_or((rest, &[]));
            rest = others;
            (group, own)
        })
        .collect();
    let found: Vec<Vec<Finding>> = each(groups, |(group, looked)| {
        let mut found = Vec::new();
        let mut done: Vec<(&Program, &Siblings, Ran)> = Vec::new();
        for ((p, t, report), looked) in group.iter_mut().zip(looked) {
            let (Some(link), Some(choice), Some(others)) =
                (links.get(*t), options.targets.get(*t), siblings.get(*t))
            else {
                continue;
            };
            let Some(Ok(program)) = link.programs.get(*p) else {
                continue;
            };
            if !matches!(report.outcome, Outcome::Accept) {
                continue;
            }
            let known = done
                .iter()
                .find(|(other, with, _)| alike(other, program) && with.names == others.names);
            let mut ran = match known {
                Some((.., ran)) => ran.clone(),
                None => {
                    let effort = report.stats.map_or(0, |s| s.processed);
                    let reach = looked.as_ref().map(|l| &l.reach);
                    let spending = (effort, options.budget);
                    let (with, world) = (&others.programs, options.world);
                    let ran = guarded(program, with, choice, reach, world, spending);
                    done.push((program, others, ran.clone()));
                    ran
                }
            };
            if let Some(finding) = unsafe_there(program, choice, &ran, options) {
                // The run agrees with the verdict: it is the kernel that errs.
                ran.smoke.fault = None;
                found.push(finding);
            }
            report.smoke = Some(ran.smoke);
        }
        found
    });
    found.into_iter().flatten().collect()
}

/// The programs of an object that others may tail-call on a target.
struct Siblings {
    names: Vec<String>,
    programs: Vec<Arc<Program>>,
}

/// Only what the target accepts gets into a program array.
fn callable(link: &Linked, target: usize, jobs: &[Job]) -> Siblings {
    let named = smoke::run::tail_call_names(link.programs.iter().flatten());
    let accepted = jobs
        .iter()
        .filter(|(_, t, report)| *t == target && matches!(report.outcome, Outcome::Accept));
    let programs: Vec<Arc<Program>> = accepted
        .filter_map(|(p, ..)| link.programs.get(*p)?.as_ref().ok())
        .filter(|program| named.contains(program.name.as_str()))
        .map(|program| Arc::new(program.clone()))
        .collect();
    let names = programs.iter().map(|p| p.name.to_string()).collect();
    Siblings { names, programs }
}

/// What running a program gave.
#[derive(Clone)]
struct Ran {
    smoke: Smoke,
    fault: Option<Fault>,
}

/// The finding that a fault is a hole of the target's, if it is.
fn unsafe_there(
    program: &Program,
    choice: &TargetChoice<'_>,
    ran: &Ran,
    options: &Options<'_>,
) -> Option<Finding> {
    let fault = ran.fault.as_ref()?;
    let ops = decode(&program.insns);
    let hole = holes::of(program, &ops, choice, fault)?;
    let context = Context {
        program,
        ops: &ops,
        target: &choice.target.name,
        kernel: Some(choice.target),
        source_text: options.source_text,
    };
    let what = format!(
        "{} loads the program, but does not check {}.",
        choice.target.name, hole.lacks
    );
    let mut finding = Finding::at(
        &context,
        rules::find("accepted-unsafe")?,
        what,
        usize::try_from(fault.site.insn).ok()?,
        format!("a run goes wrong here: {}", fault.kind),
        &[],
    );
    finding.targets = vec![(&choice.target.name).into()];
    Some(finding)
}

/// Whether two links of a program run alike.
fn alike(a: &Program, b: &Program) -> bool {
    a.insns == b.insns
        && a.prog_type == b.prog_type
        && a.attach_type == b.attach_type
        && a.attach_btf_id == b.attach_btf_id
        && a.maps.len() == b.maps.len()
}

fn guarded(
    program: &Program,
    siblings: &[Arc<Program>],
    choice: &TargetChoice<'_>,
    reach: Option<&Reach>,
    world: Option<&World>,
    (effort, budget): (u64, Option<&Budget>),
) -> Ran {
    let slots = 0..program.insns.len();
    let reachable: Option<Vec<bool>> =
        reach.map(|reach| slots.map(|at| reach.reached(at)).collect());
    let options = SmokeOptions {
        inputs: limits::SMOKE_INPUTS,
        most: limits::SMOKE_PACKETS,
        steered: limits::SMOKE_STEERED,
        reachable: reachable.as_deref(),
        fuel: limits::SMOKE_RUN_INSNS,
        total_fuel: limits::SMOKE_BASE_INSNS
            .saturating_add(effort.saturating_mul(limits::SMOKE_INSNS_PER_PROCESSED)),
        bytes: limits::SMOKE_RUN_BYTES,
        total_bytes: limits::SMOKE_BYTES,
        budget,
        siblings,
        kernel_btf: choice.kernel_btf,
        scenario: world.map(|w| Arc::clone(&w.scenario)),
        ..SmokeOptions::default()
    };
    let ran = catch_unwind(AssertUnwindSafe(|| smoke::run(program, &options)));
    match ran {
        Ok(report) => {
            let mut smoke = Smoke::of(program, &report);
            if let Some(fault) = &mut smoke.fault {
                fault.scenario = world.map(|w| (&w.file).into());
            }
            Ran {
                smoke,
                fault: report.fault().map(|(_, fault)| fault.clone()),
            }
        }
        Err(panic) => Ran {
            smoke: Smoke::internal(panic_text(&*panic)),
            fault: None,
        },
    }
}
