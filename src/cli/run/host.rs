//! `run` on another runtime than Linux: the same inputs there and here.

use std::sync::Arc;

use crate::abstract_interp::Observed;
use crate::audit::portability::{gaps, untold, uses};
use crate::check::TargetChoice;
use crate::programs::{Program, decode};
use crate::report::run_differs::Difference;
use crate::target::profile::{Conduct, Status};
use crate::target::{Profile, TargetKind};

/// The runtime that a target is, if it is no Linux.
pub(super) fn of(choice: Option<&TargetChoice<'_>>) -> Option<Arc<Profile>> {
    match &choice?.target.kind {
        TargetKind::Runtime(profile) => Some(Arc::clone(profile)),
        _ => None,
    }
}

/// The kernel whose rules stand in for a runtime's.
pub(super) fn base(choice: Option<&TargetChoice<'_>>) -> String {
    let (major, minor) = choice.map_or((0, 0), |c| c.target.spec.series());
    format!("linux-{major}.{minor}")
}

/// What the program uses that the runtime does not have as Linux has it.
pub(super) fn things(
    program: &Program,
    profile: &Profile,
    observed: Option<&Observed>,
) -> Vec<Difference> {
    let ops = decode(&program.insns);
    let uses = uses(program, &ops, observed);
    let mut out: Vec<Difference> = Vec::new();
    for gap in gaps(&uses, profile) {
        if gap.status == Status::Partial && gap.runs == Conduct::Linux {
            continue;
        }
        let maps = match gap.use_.maps.is_empty() {
            true => String::new(),
            false => format!(" ({})", gap.use_.maps.join(", ")),
        };
        out.push(Difference {
            what: format!("{}{maps}", gap.use_.thing.phrase()),
            status: gap.status.name(),
            does: gap.runs.does().to_owned(),
            note: gap.note.to_owned(),
            insns: gap.use_.insns,
        });
    }
    let most = profile.limits().instructions;
    if let Some(most) = most.filter(|n| program.insns.len() as u64 > u64::from(*n)) {
        out.push(Difference {
            what: format!("a program of {} instructions", program.insns.len()),
            status: Status::No.name(),
            does: Conduct::Trap.does().to_owned(),
            note: format!("at most {most}"),
            insns: Vec::new(),
        });
    }
    for silent in untold(&uses, profile) {
        out.push(Difference {
            what: silent.thing.phrase(),
            status: "unknown",
            does: "the profile does not speak of it".to_owned(),
            note: String::new(),
            insns: silent.insns.clone(),
        });
    }
    out
}
