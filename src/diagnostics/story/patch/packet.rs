//! Comparisons with the end of a packet, and pointers made anew.

use super::place::{Place, context, context_aside, find, scratch};
use super::{Patch, code};
use crate::abstract_interp::value::{Kind, Reg};
use crate::diagnostics::flow::{Made, Node};
use crate::diagnostics::names;
use crate::diagnostics::story::Scene;
use crate::helpers_spec::CtxKind;
use crate::prelude::*;
use crate::programs::insn::{JmpOp, Op, Size, Src};

/// Compares a pointer plus `need` with the packet's end before the access.
pub(in crate::diagnostics::story) fn packet_check(
    scene: &Scene<'_>,
    reg: u8,
    need: i64,
    field: CtxKind,
) -> Option<Patch> {
    let need = i32::try_from(need).ok()?;
    let regs = scratch(scene, scene.insn, 2, &[reg])?;
    let &[past, end] = regs.as_slice() else {
        return None;
    };
    let mut insns = Vec::new();
    let mut aside = None;
    // What a register holds on this path it may not hold on another that leads here.
    let place = context(scene, true).or_else(|| {
        let (slot, part) = context_aside(scene)?;
        aside = Some(part);
        Some(Place::Slot(slot))
    });
    let found = || {
        let held = |r: &Reg| r.kind == Kind::PacketEnd && field == CtxKind::PacketEnd;
        match find(scene, true, |_| false, held)? {
            Place::Reg(r) => Some(r),
            Place::Slot(_) => None,
        }
    };
    let end_reg = match place {
        Some(place) => {
            let base = match place {
                Place::Reg(r) => r,
                Place::Slot(off) => {
                    insns.push(code::load(end, 10, off, Size::DW));
                    end
                }
            };
            let (_, off, size) = names::packet_field(scene.program, field)?;
            insns.push(code::load(end, base, off, size));
            end
        }
        None => found()?,
    };
    insns.push(code::copy(past, reg));
    insns.push(code::add(past, need));
    insns.push(code::jump(JmpOp::Le, past, Src::Reg(end_reg), 2));
    let mut patch = Patch::leave(scene, scene.insn, insns);
    patch.parts.extend(aside);
    Some(patch)
}

/// The comparison with its ways exchanged.
pub(in crate::diagnostics::story) fn turned(scene: &Scene<'_>, at: usize) -> Option<Patch> {
    let mut op = *scene.ops.get(at)?;
    let Op::Jmp { op: comparison, .. } = &mut op else {
        return None;
    };
    *comparison = comparison.negate()?;
    Some(Patch::one(at, 1, vec![op]))
}

/// Bytes of the packet that are compared for: as before, and what is accessed.
pub(in crate::diagnostics::story) fn packet_need(scene: &Scene<'_>, node: Node) -> i64 {
    let own = scene.flow.distance(node).unwrap_or(0) + scene.offset() + scene.access().bytes as i64;
    let pointers = scene
        .flow
        .tests
        .iter()
        .flat_map(|t| [Some(t.a), t.b.ok()])
        .flatten();
    let before = pointers.filter(|&n| {
        let Made::Load { base, off, .. } = scene.flow.def(scene.flow.root(n)).made else {
            return false;
        };
        matches!(scene.flow.def(scene.flow.root(base)).made, Made::Context)
            && names::packet_part(scene.program, off) == Some(CtxKind::Packet)
    });
    before
        .filter_map(|n| scene.flow.distance(n))
        .fold(own, i64::max)
}

/// Reads the packet's ends again before the access to what a call voided, compares as
/// before, and makes every pointer anew that is kept in a register or slot.
pub(in crate::diagnostics::story) fn packet_again(scene: &Scene<'_>) -> Option<Patch> {
    let own = scene.reg()?;
    // What was added to it besides is not made again here.
    scene.flow.distance(scene.node(own)?)?;
    let mut aside = None;
    let context = match context(scene, true) {
        Some(place) => place,
        None => {
            let (slot, part) = context_aside(scene)?;
            aside = Some(part);
            Place::Slot(slot)
        }
    };
    let (_, data_off, data_size) = names::packet_field(scene.program, CtxKind::Packet)?;
    let (_, end_off, end_size) = names::packet_field(scene.program, CtxKind::PacketEnd)?;
    let regs = scratch(scene, scene.insn, 3, &[own])?;
    let &[data, end, past] = regs.as_slice() else {
        return None;
    };
    let mut insns = Vec::new();
    let base = match context {
        Place::Reg(r) => r,
        Place::Slot(off) => {
            insns.push(code::load(past, 10, off, Size::DW));
            past
        }
    };
    let part = |n: Node| {
        let Made::Load { base, off, .. } = scene.flow.def(scene.flow.root(n)).made else {
            return None;
        };
        let of_context = matches!(scene.flow.def(scene.flow.root(base)).made, Made::Context);
        of_context.then(|| names::packet_part(scene.program, off))?
    };
    let kept = (6..10u8).chain((own < 6).then_some(own));
    let kept = kept.filter(|r| !regs.contains(r));
    let registers = kept.filter_map(|r| Some((Place::Reg(r), scene.node(r)?)));
    let slots = scene
        .flow
        .slots
        .iter()
        .filter(|((frame, _), _)| *frame == scene.flow.frame);
    let slots = slots.filter_map(|((_, at), n)| Some((Place::Slot(i16::try_from(*at).ok()?), *n)));
    let kept: Vec<(Place, Node)> = registers.chain(slots).collect();
    let need = scene.node(own).map_or(0, |n| packet_need(scene, n));
    insns.push(code::load(data, base, data_off, data_size));
    insns.push(code::load(end, base, end_off, end_size));
    insns.push(code::copy(past, data));
    insns.push(code::add(past, i32::try_from(need.clamp(0, 0xffff)).ok()?));
    insns.push(code::jump(JmpOp::Le, past, Src::Reg(end), 2));
    let mut patch = Patch::leave(scene, scene.insn, insns);
    let body = &mut patch.parts.first_mut()?.ops;
    for (place, node) in kept {
        let (source, distance) = match part(node) {
            Some(CtxKind::Packet) => (data, scene.flow.distance(node)),
            Some(CtxKind::PacketEnd) => (end, scene.flow.distance(node)),
            _ => continue,
        };
        let Some(distance) = distance.and_then(|d| i32::try_from(d).ok()) else {
            continue;
        };
        match place {
            Place::Reg(r) => {
                body.push(code::copy(r, source));
                if distance != 0 {
                    body.push(code::add(r, distance));
                }
            }
            Place::Slot(off) => {
                body.push(code::copy(past, source));
                if distance != 0 {
                    body.push(code::add(past, distance));
                }
                body.push(code::store(10, off, Size::DW, Src::Reg(past)));
            }
        }
    }
    patch.parts.extend(aside);
    Some(patch)
}
