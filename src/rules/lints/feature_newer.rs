//! `feature-newer-than-target`: code that the target cannot run waits behind a
//! constant, or the program attaches in a way that the target doesn't know.
//!
//! Reached, such a call is a refusal. Behind a check of the kernel itself (CO-RE,
//! a weak symbol) it is as it should be. Behind anything else the program loads
//! today and is refused as soon as the constant is set, or the code comes alive.

use super::facts::{Called, Facts};
use super::guard::{self, Guard};
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec::{self, AttachType, SpecVersion};

pub(super) const LINT: Lint = Lint {
    rule: rule(800),
    scope: Scope::Any,
    run,
};

/// Attach types that `BPF_PROG_LOAD` of older kernels takes without knowing them,
/// so that only attaching fails; the first mainline release that has each.
const ATTACH_SINCE: &[(AttachType, (u16, u16))] = &[
    (AttachType::TraceKprobeMulti, (5, 18)),
    (AttachType::TraceUprobeMulti, (6, 6)),
    (AttachType::TcxIngress, (6, 6)),
    (AttachType::TcxEgress, (6, 6)),
    (AttachType::NetkitPrimary, (6, 7)),
    (AttachType::NetkitPeer, (6, 7)),
    (AttachType::TraceKprobeSession, (6, 10)),
    (AttachType::TraceUprobeSession, (6, 13)),
];

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let target = &facts.target.name;
    for call in facts.calls.iter().filter(|c| !c.reached) {
        let first = match call.callee {
            Called::Helper(id) => match helpers_spec::helper_main(id, facts.spec) {
                Some(_) => continue,
                None => helpers_spec::helper_since(id).map(str::to_owned),
            },
            Called::Kfunc(name) => match helpers_spec::kfunc(name, facts.spec) {
                Some(_) => continue,
                None => first_with_kfunc(name),
            },
        };
        // No kernel has it: the loader's mark for what it could not resolve.
        let Some(first) = first else { continue };
        let why = match guard::why_dead(facts, call.insn) {
            Guard::Always => "nothing reaches the call today",
            Guard::Constant => "only a constant of the object keeps the call from being reached",
            Guard::Kernel | Guard::Unknown => continue,
        };
        let (name, first) = (call.name(), first.trim_start_matches('v'));
        hits.push(Hit::at(
            LINT.rule,
            call.insn,
            format!("{target} has no `{name}` (Linux has it from {first} on); {why}"),
        ));
    }
    let attach = ATTACH_SINCE
        .iter()
        .find(|(attach, _)| facts.program.attach_type == Some(*attach));
    if let Some((attach, (major, minor))) = attach
        && facts.spec.series() < (*major, *minor)
        // A loader falls back to older ways of attaching by itself.
        && !facts.program.section.starts_with("usdt")
        && !facts.program.section.starts_with("tc")
    {
        hits.push(Hit::at(
            LINT.rule,
            0,
            format!(
                "{target} loads the program and cannot attach it: `{}` came with Linux {major}.{minor}",
                attach.name()
            ),
        ));
    }
}

fn first_with_kfunc(name: &str) -> Option<String> {
    SpecVersion::ALL
        .iter()
        .find(|v| helpers_spec::kfunc(name, **v).is_some())
        .map(|v| format!("{v} at the latest"))
}
