//! What is given back or closed on the way to an exit.

use super::place::{Place, find, free_slot};
use super::{Part, Patch, code};
use crate::abstract_interp::value::Reg;
use crate::diagnostics::flow::{Call, Node};
use crate::diagnostics::story::Scene;
use crate::helpers_spec;
use crate::prelude::*;
use crate::programs::insn::{Callee, JmpOp, Op, Size, Src};

/// Gives a reference back on the way to the refused exit; `dynptr` is where on the
/// stack it lies, of one that does.
pub(in crate::diagnostics::story) fn release(
    scene: &Scene<'_>,
    acquired: &Call,
    with: &str,
    dynptr: Option<i32>,
) -> Option<Patch> {
    let call = callable(scene, with)?;
    matches!(scene.op(), Some(Op::Exit)).then_some(())?;
    let constant = scene
        .held(0)
        .and_then(Reg::const_value)
        .and_then(|c| i32::try_from(c as i64).ok());
    let (_, give) = scene.give_up();
    let result = acquired.result;
    let holds = |n: Node| scene.flow.root(n) == result && scene.flow.distance(n) == Some(0);
    let mut aside = None;
    let mut insns = match (dynptr, find(scene, false, holds, |_| false)) {
        (Some(at), _) => vec![code::copy(1, 10), code::add(1, at)],
        (None, Some(Place::Reg(r))) => vec![code::copy(1, r)],
        (None, Some(Place::Slot(off))) => vec![code::load(1, 10, off, Size::DW)],
        (None, None) => {
            // Kept aside from where it is acquired, as a compiler would.
            let slot = free_slot(scene)?;
            (scene.program.subprog_at(acquired.insn as u32) == Some(0)).then_some(())?;
            aside = Some(Part {
                over: true,
                ..Part::new(
                    acquired.insn + 1,
                    0,
                    vec![code::store(10, slot, Size::DW, Src::Reg(0))],
                )
            });
            vec![code::load(1, 10, slot, Size::DW)]
        }
    };
    if dynptr.is_none() {
        insns.push(code::jump(JmpOp::Eq, 1, Src::Imm(0), 2));
    }
    insns.push(code::set(2, 0));
    insns.push(call);
    insns.push(code::set(0, constant.or(give).unwrap_or(0)));
    let mut patch = on_this_way(scene, insns)?;
    patch.parts.extend(aside);
    Some(patch)
}

/// Puts instructions on the way to the refused exit, as late as they stand on this
/// way alone.
fn on_this_way(scene: &Scene<'_>, insns: Vec<Op>) -> Option<Patch> {
    let Some(t) = scene.flow.tests.last() else {
        return Some(Patch::one(scene.insn, 0, insns));
    };
    let joins: alloc::collections::BTreeSet<usize> = scene
        .ops
        .iter()
        .enumerate()
        .filter_map(|(at, op)| Some((at as i64 + 1 + i64::from(op.jump_offset()?)) as usize))
        .collect();
    let way = scene.path.get(t.step + 1..)?;
    let first = *way.first()? as usize;
    if t.taken {
        // The jump leads to a way out of its own, behind it.
        let alone = scene
            .ops
            .iter()
            .enumerate()
            .filter(|(at, op)| {
                op.jump_offset()
                    .is_some_and(|off| *at as i64 + 1 + i64::from(off) == first as i64)
            })
            .count()
            == 1
            && !falls_into(scene, first);
        if !alone {
            let slot = code::with_offset(*scene.ops.get(t.insn)?, 1)?;
            let over = Op::Ja {
                off: i32::try_from(insns.len() + 1).ok()?,
                long: false,
            };
            let mut body = vec![slot, over];
            body.extend(insns);
            body.push(Op::Exit);
            return Some(Patch::one(t.insn, 1, body));
        }
    }
    // The last instruction before the way meets another.
    let mut before = first;
    for pair in way.windows(2) {
        let (at, next) = (pair[0] as usize, pair[1] as usize);
        if joins.contains(&next) && next != first {
            let jumps = matches!(scene.ops.get(at), Some(Op::Ja { .. }));
            let place = if jumps { at } else { next };
            return Some(Patch {
                parts: vec![Part {
                    over: !jumps,
                    ..Part::new(place, 0, insns)
                }],
                value_size: None,
                load: None,
            });
        }
        before = next;
    }
    Some(Patch::one(before, 0, insns))
}

/// Whether the instruction before a slot goes on to it.
fn falls_into(scene: &Scene<'_>, slot: usize) -> bool {
    let before = slot.checked_sub(1).and_then(|at| scene.ops.get(at));
    !matches!(before, Some(Op::Exit | Op::Ja { .. }) | None)
}

/// A call of a function by name, if the program can make it.
fn callable(scene: &Scene<'_>, name: &str) -> Option<Op> {
    if let Some(id) = helpers_spec::helper_id(name) {
        return Some(Op::Call(Callee::Helper(i32::try_from(id).ok()?)));
    }
    let index = scene.program.kfuncs.iter().position(|k| &*k.name == name)?;
    let imm = i32::try_from(index).ok()?;
    Some(Op::Call(Callee::Kfunc { imm, off: 0 }))
}

/// Puts what an earlier call was given first into R1 again.
fn first_argument(scene: &Scene<'_>, call: &Call) -> Option<Vec<Op>> {
    let argument = call.args[0];
    let by = scene
        .flow
        .distance(argument)
        .and_then(|d| i32::try_from(d).ok())?;
    let root = scene.flow.root(argument);
    let exact = find(scene, false, |n| n == argument, |_| false);
    let base = || find(scene, false, |n| n == root, |_| false);
    let (place, by) = match exact {
        Some(place) => (place, 0),
        None => (base()?, by),
    };
    let mut insns = vec![match place {
        Place::Reg(r) => code::copy(1, r),
        Place::Slot(off) => code::load(1, 10, off, Size::DW),
    }];
    if by != 0 {
        insns.push(code::add(1, by));
    }
    Some(insns)
}

/// The refused call is given what an earlier one was.
pub(in crate::diagnostics::story) fn same_argument(
    scene: &Scene<'_>,
    call: &Call,
) -> Option<Patch> {
    let insns = first_argument(scene, call)?;
    Some(Patch::one(scene.insn, 0, insns))
}

/// Closes a section before the refused exit.
pub(in crate::diagnostics::story) fn close(
    scene: &Scene<'_>,
    opened: &Call,
    with: &str,
) -> Option<Patch> {
    let call = callable(scene, with)?;
    matches!(scene.op(), Some(Op::Exit)).then_some(())?;
    let argument = opened.args[0];
    let mut insns = Vec::new();
    if with.contains("spin_unlock") {
        insns.extend(first_argument(scene, opened)?);
    } else if with.contains("restore") {
        let (_, at) = scene.flow.stack(argument)?;
        insns.push(code::copy(1, 10));
        insns.push(code::add(1, at));
    }
    insns.push(call);
    let constant = scene
        .held(0)
        .and_then(Reg::const_value)
        .and_then(|c| i32::try_from(c as i64).ok());
    insns.push(code::set(0, constant.or(scene.give_up().1).unwrap_or(0)));
    on_this_way(scene, insns)
}
