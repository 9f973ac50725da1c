//! Accepted programs are run.
//!
//! A program that links to the same instructions for several targets is run once.
//! Inputs and budgets are chosen so that this costs about as much as verifying
//! did; `run` has no such restraint. A fault here, after `accept`, is a fault of
//! this tool: of the verdict, or of the run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rayon::prelude::*;

use super::verify::panic_text;
use super::{Options, TargetChoice};
use crate::limits;
use crate::programs::{Linked, Program};
use crate::report::smoke::Smoke;
use crate::report::{Outcome, ProgramReport};
use crate::smoke::{self, SmokeOptions};

/// A report with the indices of its program and target.
pub(super) type Job = (usize, usize, ProgramReport);

/// Runs the accepted programs among the jobs, which are in order of programs.
pub(super) fn run_accepted(jobs: &mut [Job], links: &[Linked], options: &Options<'_>) {
    let siblings: Vec<Vec<Arc<Program>>> = links.iter().map(callable).collect();
    let groups: Vec<&mut [Job]> = jobs.chunk_by_mut(|a, b| a.0 == b.0).collect();
    groups.into_par_iter().for_each(|group| {
        let mut done: Vec<(&Program, Smoke)> = Vec::new();
        for (p, t, report) in group.iter_mut() {
            let (Some(link), Some(choice)) = (links.get(*t), options.targets.get(*t)) else {
                continue;
            };
            let Some(Ok(program)) = link.programs.get(*p) else {
                continue;
            };
            if !matches!(report.outcome, Outcome::Accept) {
                continue;
            }
            let known = done.iter().find(|(other, _)| alike(other, program));
            let smoke = match known {
                Some((_, smoke)) => smoke.clone(),
                None => {
                    let others = siblings.get(*t).map_or(&[][..], Vec::as_slice);
                    let effort = report.stats.map_or(0, |s| s.processed);
                    let smoke = guarded(program, others, choice, effort);
                    done.push((program, smoke.clone()));
                    smoke
                }
            };
            report.smoke = Some(smoke);
        }
    });
}

/// The programs that others of the object may tail-call.
fn callable(link: &Linked) -> Vec<Arc<Program>> {
    let programs = || link.programs.iter().flatten();
    let named = smoke::run::tail_call_names(programs());
    programs()
        .filter(|p| named.contains(p.name.as_str()))
        .map(|p| Arc::new(p.clone()))
        .collect()
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
    effort: u64,
) -> Smoke {
    let options = SmokeOptions {
        inputs: limits::SMOKE_INPUTS,
        most: limits::SMOKE_PACKETS,
        fuel: limits::SMOKE_RUN_INSNS,
        total_fuel: limits::SMOKE_BASE_INSNS
            .saturating_add(effort.saturating_mul(limits::SMOKE_INSNS_PER_PROCESSED)),
        siblings,
        kernel_btf: choice.kernel_btf,
        ..SmokeOptions::default()
    };
    let ran = catch_unwind(AssertUnwindSafe(|| smoke::run(program, &options)));
    match ran {
        Ok(report) => Smoke::of(program, &report),
        Err(panic) => Smoke::internal(panic_text(&*panic)),
    }
}
