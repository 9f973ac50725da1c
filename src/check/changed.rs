//! Why a program is refused by one kernel and accepted by another: which difference of
//! their verifiers decides. Each difference is tried alone: the refusing target with
//! that one switch as the other has it.

use super::{Job, Options, TargetChoice};
use crate::abstract_interp::{Input, Verdict, verify_within};
use crate::diagnostics::{Cause, Claim, Sure};
use crate::prelude::*;
use crate::programs::{Linked, Program};
use crate::report::Outcome;

/// Instructions that a refusal may have taken for its causes to be sought.
const MAX_PROCESSED: u64 = 20_000;

/// Words why other targets take what one refuses, into the refusals.
pub(super) fn tell(jobs: &mut [Job], links: &[Linked], options: &Options<'_>) {
    for group in jobs.chunk_by_mut(|a, b| a.0 == b.0) {
        let taken: Vec<usize> = group
            .iter()
            .filter(|(_, _, r)| matches!(r.outcome, Outcome::Accept))
            .map(|(_, t, _)| *t)
            .collect();
        for (p, t, report) in group.iter_mut() {
            let Outcome::Reject(d) = &mut report.outcome else {
                continue;
            };
            let processed = report.stats.map_or(u64::MAX, |s| s.processed);
            let absent = matches!(d.claim, Claim::NotYet { .. } | Claim::NotForType { .. });
            let near = taken.iter().copied().min_by_key(|other| other.abs_diff(*t));
            let Some(near) = near.filter(|_| processed <= MAX_PROCESSED && !absent) else {
                continue;
            };
            let (Some(own), Some(other)) = (options.targets.get(*t), options.targets.get(near))
            else {
                continue;
            };
            let program = links.get(*t).and_then(|l| l.programs.get(*p));
            let Some(Ok(program)) = program else { continue };
            if own.target.profile().is_some() || other.target.profile().is_some() {
                continue;
            }
            let (text, numbers) = decides(program, own, other, processed, options);
            d.changed = Some(text.into());
            // The same program holds by what another verifier knows of numbers.
            if numbers && d.cause.0 == Cause::Source {
                d.cause = (Cause::Verifier, Sure::Medium);
            }
        }
    }
}

/// The differences of which each alone makes the refusing target accept, and whether
/// one of them is about numbers.
fn decides(
    program: &Program,
    own: &TargetChoice<'_>,
    other: &TargetChoice<'_>,
    processed: u64,
    options: &Options<'_>,
) -> (String, bool) {
    let mut found = Vec::new();
    for (switch, behaviour) in own.target.behaviour.with_each_of(&other.target.behaviour) {
        let mut target = own.target.clone();
        target.behaviour = behaviour;
        let budget = processed.saturating_mul(4).saturating_add(16_384);
        target.limits.complexity = target
            .limits
            .complexity
            .min(u32::try_from(budget).unwrap_or(u32::MAX));
        let input = Input {
            program,
            target: &target,
            kernel_btf: own.kernel_btf,
        };
        let result = verify_within(&input, None, options.account());
        if matches!(result.verdict, Verdict::Accept) {
            found.push(switch);
        }
    }
    let (own, other) = (&own.target.name, &other.target.name);
    let numbers = found
        .iter()
        .any(|s| matches!(s.name, "scalars" | "scalar_links"));
    let text = match found.as_slice() {
        [] => format!("{other} accepts it; no single difference of the verifiers explains that."),
        all => {
            let each: Vec<String> = all
                .iter()
                .map(|s| {
                    format!(
                        "{} ({}: {} there)",
                        s.what.trim_end_matches('.'),
                        s.since,
                        s.value
                    )
                })
                .collect();
            format!("{other} accepts it, unlike {own}: {}.", each.join("; or: "))
        }
    };
    (text, numbers)
}
