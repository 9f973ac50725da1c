//! Where things lie when a patch needs them: free registers and slots, and those that
//! hold the context or what a call gave.

use super::{Part, code};
use crate::abstract_interp::value::{Kind, Reg};
use crate::diagnostics::flow::{Made, Node};
use crate::diagnostics::story::Scene;
use crate::prelude::*;
use crate::programs::effects::Control;
use crate::programs::insn::{AluOp, Op, Size, Src};

/// A register that nothing reads before it is written again at a slot.
pub(super) fn scratch(scene: &Scene<'_>, at: usize, count: usize, avoid: &[u8]) -> Option<Vec<u8>> {
    let mut free = Vec::new();
    for reg in [0u8, 5, 4, 3, 2, 1, 9, 8, 7, 6] {
        if !avoid.contains(&reg) && dead(scene, at, reg) {
            free.push(reg);
            if free.len() == count {
                return Some(free);
            }
        }
    }
    None
}

/// Whether a register is written before it is read on every way from a slot; ways are
/// followed for a while only.
pub(super) fn dead(scene: &Scene<'_>, at: usize, reg: u8) -> bool {
    let mut work = vec![at];
    let mut seen = alloc::collections::BTreeSet::new();
    while let Some(at) = work.pop() {
        if !seen.insert(at) {
            continue;
        }
        if seen.len() > 512 {
            return false;
        }
        let Some(op) = scene.ops.get(at) else {
            return false;
        };
        let effects = op.effects();
        if effects.reads.has(reg) {
            return false;
        }
        if effects.writes.has(reg) {
            continue;
        }
        let to = |off: i32| (at as i64 + 1 + i64::from(off)) as usize;
        match effects.control {
            // Callers want these back; the program's own function has none.
            Control::Exit if reg >= 6 && scene.program.subprog_at(at as u32) != Some(0) => {
                return false;
            }
            Control::Exit => {}
            Control::Next | Control::Call(_) => work.push(at + op.slots()),
            Control::Jump(off) => work.push(to(off)),
            Control::Branch(off) => work.extend([to(off), at + op.slots()]),
            Control::Table | Control::CallRegister | Control::Nowhere => return false,
        }
    }
    true
}

/// A register, or a slot of the stack, that holds what a predicate takes.
pub(super) enum Place {
    Reg(u8),
    Slot(i16),
}

pub(super) fn find(
    scene: &Scene<'_>,
    at_end: bool,
    node: impl Fn(Node) -> bool,
    held: impl Fn(&Reg) -> bool,
) -> Option<Place> {
    if at_end && let Some(r) = (0..10u8).find(|&r| scene.held(r).is_some_and(&held)) {
        return Some(Place::Reg(r));
    }
    let saved = (6..10u8).find(|&r| scene.node(r).is_some_and(&node));
    if let Some(r) = saved {
        return Some(Place::Reg(r));
    }
    let slot = scene
        .flow
        .slots
        .iter()
        .find(|((frame, _), n)| *frame == scene.flow.frame && node(**n));
    slot.and_then(|((_, at), _)| i16::try_from(*at).ok())
        .map(Place::Slot)
}

pub(super) fn context(scene: &Scene<'_>, at_end: bool) -> Option<Place> {
    let held = |r: &Reg| r.kind == Kind::Ctx && r.off == 0 && r.var_off_is_zero();
    find(
        scene,
        at_end,
        |n| scene.flow.def(n).made == Made::Context,
        held,
    )
}

/// Puts the context aside where the program is entered, as a compiler does for what is
/// used later: the slot, and the part of the patch.
pub(super) fn context_aside(scene: &Scene<'_>) -> Option<(i16, Part)> {
    let slot = free_slot(scene)?;
    Some((
        slot,
        Part::new(0, 0, vec![code::store(10, slot, Size::DW, Src::Reg(1))]),
    ))
}

/// A slot of the main function's stack below all that it uses.
pub(super) fn free_slot(scene: &Scene<'_>) -> Option<i16> {
    let main = scene.program.subprogs.first()?;
    let inside = scene.program.subprog_at(scene.insn as u32) == Some(0);
    let mut deepest = 0i32;
    for at in main.start as usize..main.end as usize {
        match *scene.ops.get(at)? {
            Op::Load { base: 10, off, .. } | Op::Store { base: 10, off, .. } => {
                deepest = deepest.min(off.into());
            }
            Op::Alu {
                op: AluOp::Add,
                src: Src::Imm(imm),
                ..
            } if (-512..0).contains(&imm) => {
                deepest = deepest.min(imm);
            }
            _ => {}
        }
    }
    let slot = i16::try_from(deepest.div_euclid(8) * 8 - 8).ok()?;
    (inside && slot >= -512).then_some(slot)
}
