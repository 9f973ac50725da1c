//! `shared-update-not-atomic`: a number in a map's value is read, changed and
//! written back, while other CPUs may do the same.
//!
//! Only counting counts: one addition or subtraction between a load and a store
//! of the same bytes through the same pointer. Left out is what one CPU has to
//! itself or guards: per-CPU maps, storage of a task or socket, values whose key
//! is the current thread or CPU, functions that take a lock.

use alloc::collections::BTreeSet;

use super::facts::{Called, Facts};
use super::flow::{Flow, Place, Root};
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec::MapType;
use crate::helpers_spec::helper;
use crate::object::{MapDef, MapOrigin};
use crate::prelude::*;
use crate::programs::insn::{AluOp, Op, Src};

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

/// Which CPU or thread runs: keys made of these are the runner's own.
const OWN: &[u32] = &[
    helper::GET_SMP_PROCESSOR_ID,
    helper::GET_CURRENT_PID_TGID,
    helper::GET_CURRENT_TASK,
    helper::GET_CURRENT_TASK_BTF,
];

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let locking = locking(facts);
    for (at, op) in facts.ops.iter().enumerate() {
        let Op::Store {
            base,
            off,
            size,
            src: Src::Reg(src),
        } = *op
        else {
            continue;
        };
        let Some((map, def)) = facts.value_of(at).filter(|(_, def)| shared(def)) else {
            continue;
        };
        let Some(flow) = facts.flow() else { return };
        let Some(load) = counted_from(facts, flow, at, src) else {
            continue;
        };
        let same = matches!(
            facts.ops.get(load),
            Some(Op::Load { base: b, off: o, size: s, .. }) if (*b, *o, *s) == (base, off, size)
        );
        if !same
            || facts.value_of(load).map(|v| v.0) != Some(map)
            || flow.defs(load, Place::Reg(base)).is_none()
            || flow.defs(load, Place::Reg(base)) != flow.defs(at, Place::Reg(base))
            || own_value(facts, flow, at, base, def)
            || approximate(facts, flow, load, at)
            || facts
                .program
                .subprog_at(at as u32)
                .is_some_and(|of| locking.contains(&of))
        {
            continue;
        }
        let what = format!(
            "a number in `{}` is read, changed and written back: when two CPUs do so at once, one change is lost",
            def.name
        );
        hits.push(
            Hit::at(LINT.rule, at, what)
                .about(map)
                .and(load, "read here"),
        );
    }
}

/// Whether several CPUs see the same values.
fn shared(def: &MapDef) -> bool {
    let several = matches!(
        MapType::from_id(def.map_type),
        Some(MapType::Hash | MapType::Array | MapType::LruHash)
    );
    several && !matches!(def.kind, MapOrigin::Rodata | MapOrigin::Kconfig)
}

/// Whether losing a change does no harm: the number picks one in so many (a
/// remainder or a mask is taken of it), or the source says that the race is known.
fn approximate(facts: &Facts<'_>, flow: &Flow<'_>, load: usize, store: usize) -> bool {
    let text = facts
        .program
        .line_at(store as u32)
        .map_or("", |l| &*l.info.text);
    if text.contains("WRITE_ONCE") {
        return true;
    }
    (load + 1..load + 16).any(|at| {
        matches!(
            facts.ops.get(at),
            Some(Op::Alu { op: AluOp::Mod | AluOp::And, dst, .. })
                if flow.roots(at, *dst).contains(&Root::Load(load as u32))
        )
    })
}

/// The load that a stored number was counted up or down from.
fn counted_from(facts: &Facts<'_>, flow: &Flow<'_>, insn: usize, reg: u8) -> Option<usize> {
    let (mut insn, mut reg, mut counted) = (insn, reg, false);
    for _ in 0..4 {
        insn = flow.def(insn, reg)?;
        match *facts.ops.get(insn)? {
            Op::Alu {
                op: AluOp::Mov,
                src: Src::Reg(from),
                ..
            } => reg = from,
            Op::Alu {
                op: AluOp::Add | AluOp::Sub,
                src,
                ..
            } if !counted => {
                counted = true;
                if let Src::Reg(other) = src
                    && let Some(load) = flow.def(insn, other).filter(|at| is_load(facts, *at))
                    && !flow.def(insn, reg).is_some_and(|at| is_load(facts, at))
                {
                    return Some(load);
                }
            }
            Op::Load { .. } if counted => return Some(insn),
            _ => return None,
        }
    }
    None
}

fn is_load(facts: &Facts<'_>, at: usize) -> bool {
    matches!(facts.ops.get(at), Some(Op::Load { .. })) && facts.value_of(at).is_some()
}

/// Whether the value belongs to the CPU or thread that runs. A value whose origin
/// isn't known counts as its own.
fn own_value(facts: &Facts<'_>, flow: &Flow<'_>, insn: usize, base: u8, def: &MapDef) -> bool {
    let roots = flow.roots(insn, base);
    if roots.is_empty() {
        return true;
    }
    roots.iter().any(|root| match root {
        Root::Address(_) => false,
        Root::Call(at) => {
            let at = *at as usize;
            facts.call_at(at) != Some(Called::Helper(helper::MAP_LOOKUP_ELEM))
                || own_key(facts, flow, at, def.key_size)
        }
        Root::Number => false,
        _ => true,
    })
}

pub(super) fn own_key(facts: &Facts<'_>, flow: &Flow<'_>, lookup: usize, size: u32) -> bool {
    let Some(start) = flow.frame_offset(lookup, 2) else {
        // A key that isn't on the stack: in another map's value or the context.
        return false;
    };
    (0..i64::from(size.min(64))).step_by(4).any(|at| {
        let Ok(slot) = i16::try_from(start + at) else {
            return true;
        };
        flow.roots_of(lookup, Place::Stack(slot))
            .iter()
            .any(|root| {
                matches!(root, Root::Call(at) if matches!(
                    facts.call_at(*at as usize),
                    Some(Called::Helper(id)) if OWN.contains(&id)
                ))
            })
    })
}

/// The functions that take a lock somewhere.
fn locking(facts: &Facts<'_>) -> BTreeSet<usize> {
    let locks = facts.calls.iter().filter(|c| match c.callee {
        Called::Helper(id) => id == helper::SPIN_LOCK,
        Called::Kfunc(name) => name.contains("spin_lock"),
    });
    locks
        .filter_map(|c| facts.program.subprog_at(c.insn as u32))
        .collect()
}
