//! Is what was refused truly unsafe? A short search for an input on which the refused
//! instruction goes wrong; `run --witness` searches longer.

use crate::prelude::*;
use alloc::sync::Arc;

use super::{Job, Options};
use crate::diagnostics::Claim;
use crate::programs::{Linked, Program};
use crate::report::Outcome;
use crate::smoke::engine::Fault;
use crate::smoke::witness::{SearchOptions, describe, search};

/// Runs to spend on one refusal.
const RUNS: usize = 64;

/// Instructions that one run may take.
const FUEL: u64 = 4096;

/// Says of each refused access whether an input was found that goes wrong.
pub(super) fn tell(jobs: &mut [Job], links: &[Linked], options: &Options<'_>) {
    let refused: Vec<&mut Job> = jobs
        .iter_mut()
        .filter(|(_, _, r)| matches!(r.outcome, Outcome::Reject(_)))
        .collect();
    super::each::each(refused, |(p, t, report)| {
        let (Some(link), Some(choice)) = (links.get(*t), options.targets.get(*t)) else {
            return;
        };
        let Some(Ok(program)) = link.programs.get(*p) else {
            return;
        };
        if let Outcome::Reject(d) = &mut report.outcome
            && about_memory(&d.claim)
        {
            d.witness = seek(program, d.insn, choice.kernel_btf, options).map(Into::into);
        }
    });
}

/// Whether a claim is one that an input can prove.
fn about_memory(claim: &Claim) -> bool {
    matches!(
        claim,
        Claim::MayBeNull { callee: None, .. }
            | Claim::Outside { .. }
            | Claim::TooLong { .. }
            | Claim::Unbounded { .. }
            | Claim::PacketShort { .. }
            | Claim::PacketFar { .. }
            | Claim::PacketBeyond { .. }
    )
}

fn seek(
    program: &Program,
    insn: usize,
    kernel_btf: Option<&crate::object::Btf>,
    options: &Options<'_>,
) -> Option<String> {
    let siblings: [Arc<Program>; 0] = [];
    // What goes wrong elsewhere is no witness of this refusal.
    let line = |insn: u32| program.place(insn).map(|p| (p.file, p.line));
    let refused = u32::try_from(insn).ok();
    let refused_line = refused.and_then(line);
    let here = |fault: &Fault| {
        let at = fault.site.insn;
        let same = refused_line.is_some() && line(at) == refused_line;
        fault.site.program == 0 && (refused == Some(at) || same)
    };
    let found = search(
        program,
        &SearchOptions {
            wanted: &here,
            budget: RUNS,
            spending: options.budget,
            seed: 1,
            fuel: FUEL,
            kernel_btf,
            siblings: &siblings,
        },
    );
    if found.skipped.is_some() {
        return None;
    }
    Some(match &found.witness {
        Some(w) if found.wanted => format!("a run goes wrong: {}", describe(w)),
        Some(w) => {
            let site = w.fault.site;
            let place = line(site.insn).filter(|_| site.program == 0);
            let place = place.map_or_else(
                || format!("at instruction {}", site.insn),
                |(_, line)| format!("in line {line}"),
            );
            format!(
                "no input of {} tried goes wrong here, but one goes wrong {place}: {}",
                found.runs,
                describe(w)
            )
        }
        None => format!(
            "no input of {} tried goes wrong here: the proof is missing, perhaps not the safety",
            found.runs
        ),
    })
}
