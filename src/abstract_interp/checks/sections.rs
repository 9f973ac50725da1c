//! Sections that kfuncs open and close, and what must not happen in them.
//!
//! A guarded section is opened and closed by a pair of kfuncs and counted by its
//! depth; `GUARDS` has a row for each. (Sections under saved interrupt flags and
//! under locks are opened by arguments; see `irq` and `locks`.) With depth d, a
//! program may open a section if d is 0 or the section nests, may close it if d > 0,
//! and may sleep only where the depth of every section is 0.

use super::args::kfunc::Kfunc;
use super::locks;
use crate::abstract_interp::refusal::{Fault, Name, Section, refuse};
use crate::abstract_interp::state::State;
use crate::abstract_interp::vm::{Check, Vm};
use crate::helpers_spec::{KfFlags, KfRole};
use crate::target::Switches;

/// What guards a section.
struct Guard {
    section: Section,
    enter: KfRole,
    leave: KfRole,
    depth: fn(&State) -> u32,
    /// Whether it may be opened while it is open.
    nests: fn(Switches<'_>) -> bool,
    /// Whether comparing callbacks may cross it, at some depth. The lock of their
    /// collection protects what they are given.
    in_comparison: fn(Switches<'_>, u32) -> bool,
    /// The fault of closing it where it isn't open.
    unmatched: fn(Name) -> Fault,
}

const GUARDS: &[Guard] = &[
    Guard {
        section: Section::Rcu,
        enter: KfRole::RcuEnter,
        leave: KfRole::RcuLeave,
        depth: |state| state.active_rcu,
        nests: |behaviour| behaviour.nested_rcu_sections(),
        in_comparison: |behaviour, depth| !behaviour.context_protects_rcu() && depth == 0,
        unmatched: |name| Fault::RcuUnmatched { name },
    },
    Guard {
        section: Section::Preempt,
        enter: KfRole::PreemptEnter,
        leave: KfRole::PreemptLeave,
        depth: |state| state.active_preempt,
        nests: |_| true,
        in_comparison: |_, _| true,
        unmatched: |name| Fault::PreemptUnmatched { name },
    },
];

/// A section opened or closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// Which.
    pub section: Section,
    /// Whether it is opened.
    pub enters: bool,
}

/// The section that the call opens or closes, if it is allowed to.
pub fn crossed(vm: &Vm<'_>, k: &Kfunc<'_>) -> Check<Option<Crossing>> {
    let role = k.role();
    let guard = GUARDS.iter().find(|g| g.enter == role || g.leave == role);
    let Some(guard) = guard else {
        return Ok(None);
    };
    let (behaviour, depth) = (vm.env.target.behaviour(), (guard.depth)(&vm.cur));
    let enters = role == guard.enter;
    let name = || k.name.into();
    if depth == 0 && !enters {
        return refuse((guard.unmatched)(name()));
    }
    if !(guard.in_comparison)(behaviour, depth) && locks::in_node_callback(vm) {
        return refuse(Fault::RcuInNodeCallback);
    }
    if depth > 0 && enters && !(guard.nests)(behaviour) {
        return refuse(Fault::RcuNested { name: name() });
    }
    let section = guard.section;
    Ok(Some(Crossing { section, enters }))
}

/// The call may be made inside the sections that are open: none where it may sleep,
/// one that RCU respects where it needs that.
pub fn inside(vm: &Vm<'_>, k: &Kfunc<'_>) -> Check<()> {
    let name = || k.name.into();
    match vm.non_sleepable_context() {
        Some(section) if k.is(KfFlags::SLEEPABLE) => {
            let name = name();
            if vm.env.target.behaviour().context_protects_rcu() {
                refuse(Fault::KfuncSleeps { name, section })
            } else {
                refuse(Fault::KfuncSleepsInSection { name, section })
            }
        }
        _ if k.is(KfFlags::RCU_PROTECTED) && !vm.in_rcu_section() => {
            refuse(Fault::KfuncNeedsRcu { name: name() })
        }
        _ => Ok(()),
    }
}
