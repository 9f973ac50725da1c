//! Code that no path reaches, and what keeps paths from it.
//!
//! Much of it is meant to be so: it waits for a constant that the loader sets
//! (`const volatile`, `__kconfig`), for a field or function that this kernel
//! lacks (CO-RE, weak symbols). Only a branch that depends on none of these is
//! dead in every load of the program.

use alloc::collections::{BTreeMap, BTreeSet};

use super::facts::Facts;
use super::flow::{Flow, Root};
use crate::object::MapOrigin;
use crate::prelude::*;
use crate::programs::insn::{Callee, ImmRef, Op, Src};

/// Why code is not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Guard {
    /// By what the program does, whatever the load.
    Always,
    /// By constants of the code, which another build may have otherwise.
    Build,
    /// By a constant that the loader may set.
    Constant,
    /// By what the kernel has: CO-RE, symbols, configuration.
    Kernel,
    /// Not followed.
    Unknown,
}

/// A run of slots that no path reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    /// First slot.
    pub start: usize,
    /// Slot after the last.
    pub end: usize,
    /// What keeps paths from it; `None` if only dead code leads to it.
    pub guard: Option<Guard>,
    /// The branch that is never taken that way.
    pub branch: Option<usize>,
}

/// Dead slots looked at for one question, and for all about a program.
const STEPS: usize = 2000;
pub(super) const ALL_STEPS: usize = 1_000_000;

/// The runs of slots that no path reaches, in order.
pub(super) fn regions(facts: &Facts<'_>) -> Vec<Region> {
    let mut regions: Vec<Region> = Vec::new();
    let mut open: Option<usize> = None;
    let starts = facts.program.subprogs.iter().map(|s| s.start as usize);
    let starts: BTreeSet<usize> = starts.collect();
    for (at, op) in facts.ops.iter().enumerate() {
        if matches!(op, Op::Second) {
            continue;
        }
        let boundary = starts.contains(&at);
        let dead = !facts.observed.reached(at);
        if let Some(start) = open
            && (!dead || boundary)
        {
            regions.push(region(facts, start, at));
            open = None;
        }
        if dead && open.is_none() {
            open = Some(at);
        }
    }
    if let Some(start) = open {
        regions.push(region(facts, start, facts.ops.len()));
    }
    regions
}

fn region(facts: &Facts<'_>, start: usize, end: usize) -> Region {
    let mut region = Region {
        start,
        end,
        guard: None,
        branch: None,
    };
    let Some(flow) = facts.flow() else {
        region.guard = Some(Guard::Unknown);
        return region;
    };
    for at in start..end {
        for &pred in flow.preds(at) {
            if facts.observed.reached(pred as usize) {
                region.branch = region.branch.or(Some(pred as usize));
                region.guard = region.guard.max(Some(edge(facts, flow, pred as usize)));
            }
        }
    }
    region
}

/// Why a dead slot is not reached, through whatever dead code leads to it.
pub(super) fn why_dead(facts: &Facts<'_>, insn: usize) -> Guard {
    let Some(flow) = facts.flow() else {
        return Guard::Unknown;
    };
    let mut seen = BTreeSet::from([insn]);
    let mut work = vec![insn];
    let mut guard = Guard::Always;
    while let Some(at) = work.pop() {
        let left = facts.dead_steps.get().checked_sub(1);
        let Some(left) = left.filter(|_| seen.len() <= STEPS) else {
            return Guard::Unknown;
        };
        facts.dead_steps.set(left);
        let callers = facts.callers().get(&at).into_iter().flatten();
        let preds = flow.preds(at).iter().map(|p| *p as usize);
        for pred in preds.chain(callers.copied()) {
            if !facts.observed.reached(pred) {
                if seen.insert(pred) {
                    work.push(pred);
                }
            } else {
                guard = guard.max(edge(facts, flow, pred));
            }
        }
    }
    guard
}

/// By the first slots of functions, those that call them or take their addresses.
pub(super) fn callers(ops: &[Op]) -> BTreeMap<usize, Vec<usize>> {
    let mut callers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, op) in ops.iter().enumerate() {
        if let Op::Call(Callee::Local(rel))
        | Op::LdImm64 {
            src: ImmRef::Func(rel),
            ..
        } = *op
            && let Some(start) = (at + 1).checked_add_signed(rel as isize)
        {
            callers.entry(start).or_default().push(at);
        }
    }
    callers
}

/// Why control never leaves a reached slot along one of its edges.
pub(super) fn edge(facts: &Facts<'_>, flow: &Flow<'_>, from: usize) -> Guard {
    let Some(Op::Jmp { dst, src, .. }) = facts.ops.get(from) else {
        // A call that does not return, a jump through a table.
        return Guard::Unknown;
    };
    let mut roots = flow.roots(from, *dst);
    if let Src::Reg(src) = src {
        roots.extend(flow.roots(from, *src));
    }
    // Numbers of the code alone: a setting of this build, or paths that exclude one
    // another, where the compiler left the test in.
    if roots.iter().all(|r| *r == Root::Number) {
        return Guard::Build;
    }
    roots
        .into_iter()
        .map(|root| of_root(facts, root))
        .max()
        .unwrap_or(Guard::Unknown)
}

fn of_root(facts: &Facts<'_>, root: Root) -> Guard {
    match root {
        Root::Number => Guard::Always,
        // Kernels differ in which lookups they know not to fail.
        Root::Call(at) => match facts.ops.get(at as usize) {
            Some(Op::Call(Callee::MAP_LOOKUP_ELEM)) => Guard::Kernel,
            _ => Guard::Always,
        },
        Root::Core => Guard::Kernel,
        Root::Address(at) => match facts.ops.get(at as usize) {
            Some(Op::LdImm64 {
                src: ImmRef::Const(_),
                ..
            }) => Guard::Kernel,
            Some(Op::LdImm64 {
                src: ImmRef::BtfId { .. },
                ..
            }) => Guard::Kernel,
            _ => Guard::Always,
        },
        Root::Load(at) => of_load(facts, at as usize),
        // Another caller may pass something else.
        Root::Argument => Guard::Unknown,
        Root::Unknown => Guard::Unknown,
    }
}

/// A value that was read: constants are the loader's to set, and what a field is, is the
/// kernel's matter.
fn of_load(facts: &Facts<'_>, at: usize) -> Guard {
    if facts.core_at(at).is_some() {
        return Guard::Kernel;
    }
    match facts.value_of(at).map(|(_, map)| map) {
        Some(map) if map.kind == MapOrigin::Kconfig => Guard::Kernel,
        Some(map) if map.is_constant() => Guard::Constant,
        Some(_) => Guard::Always,
        None if facts.observed.bases(at).len() == 1 => Guard::Always,
        None => Guard::Unknown,
    }
}
