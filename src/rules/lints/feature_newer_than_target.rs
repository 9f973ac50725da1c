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
use crate::prelude::*;
use crate::target::Offered;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

/// Attach types that `BPF_PROG_LOAD` of older kernels takes without knowing them,
/// so that only attaching fails.
const LOADED_BLINDLY: &[AttachType] = &[
    AttachType::TraceKprobeMulti,
    AttachType::TraceUprobeMulti,
    AttachType::TcxIngress,
    AttachType::TcxEgress,
    AttachType::NetkitPrimary,
    AttachType::NetkitPeer,
    AttachType::TraceKprobeSession,
    AttachType::TraceUprobeSession,
];

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let target = &facts.target.name;
    for call in facts.calls.iter().filter(|c| !c.reached) {
        let first = match call.callee {
            Called::Helper(id) if facts.target.helper(id) != Offered::Absent => continue,
            Called::Helper(id) => helpers_spec::helper_since(id).map(str::to_owned),
            Called::Kfunc(name) if facts.target.has_kfunc(name) => continue,
            Called::Kfunc(name) => first_with_kfunc(name),
        };
        // No kernel has it: the loader's mark for what it could not resolve.
        let Some(first) = first else { continue };
        let why = match guard::why_dead(facts, call.insn) {
            Guard::Always | Guard::Build => "nothing reaches the call today",
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
    let attach = facts.program.attach_type;
    if let Some(attach) = attach.filter(|a| LOADED_BLINDLY.contains(a))
        && facts.target.attach_type(attach) == Offered::Absent
        // A loader falls back to older ways of attaching by itself.
        && !facts.program.section.starts_with("usdt")
        && !facts.program.section.starts_with("tc")
    {
        let (major, minor) = helpers_spec::attach_type_since(attach);
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
