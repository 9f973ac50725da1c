//! Comparisons with the end of a packet, and pointers made anew.

use super::place::{Place, context, context_aside, field_offset, field_place, find, scratch};
use super::{Patch, code};
use crate::abstract_interp::value::Kind;
use crate::diagnostics::flow::{Made, Node};
use crate::diagnostics::names;
use crate::diagnostics::story::Scene;
use crate::prelude::*;
use crate::programs::insn::{JmpOp, Op, Size, Src};

/// Compares a pointer plus `need` with the packet's end before the access.
pub(in crate::diagnostics::story) fn packet_check(
    scene: &Scene<'_>,
    reg: u8,
    need: i64,
    field: &str,
) -> Option<Patch> {
    let need = i32::try_from(need).ok()?;
    let regs = scratch(scene, scene.insn, 2, &[reg])?;
    let &[past, end] = regs.as_slice() else {
        return None;
    };
    let mut insns = Vec::new();
    let mut aside = None;
    let found = (field == "data_end")
        .then(|| find(scene, true, |_| false, |r| r.kind == Kind::PacketEnd))
        .flatten();
    let end_reg = match found {
        Some(Place::Reg(r)) => r,
        _ => {
            let place = match context(scene, true) {
                Some(place) => place,
                None => {
                    let (slot, part) = context_aside(scene)?;
                    aside = Some(part);
                    Place::Slot(slot)
                }
            };
            let base = match place {
                Place::Reg(r) => r,
                Place::Slot(off) => {
                    insns.push(code::load(end, 10, off, Size::DW));
                    end
                }
            };
            let (off, size) = field_place(scene, field)?;
            insns.push(code::load(end, base, off, size));
            end
        }
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
            && names::ctx_field(scene.program, off) == Some("data")
    });
    before
        .filter_map(|n| scene.flow.distance(n))
        .fold(own, i64::max)
}

/// Reads the packet's ends again after the call that voided them, compares as before,
/// and makes every pointer anew that is kept in a register or slot.
pub(in crate::diagnostics::story) fn packet_again(scene: &Scene<'_>, call: usize) -> Option<Patch> {
    let same_function =
        scene.program.subprog_at(call as u32) == scene.program.subprog_at(scene.insn as u32);
    let at = if same_function { call + 1 } else { scene.insn };
    let mut aside = None;
    let context = match context(scene, at == scene.insn) {
        Some(place) => place,
        None => {
            let (slot, part) = context_aside(scene)?;
            aside = Some(part);
            Place::Slot(slot)
        }
    };
    let (data_off, end_off) = (
        field_offset(scene, "data")?,
        field_offset(scene, "data_end")?,
    );
    // After a call R1 to R5 hold nothing; before the access they may.
    let regs = if at == scene.insn {
        scratch(scene, at, 3, &[scene.reg()?])?
    } else {
        vec![1, 2, 3]
    };
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
    let field = |n: Node| {
        let Made::Load { base, off, .. } = scene.flow.def(scene.flow.root(n)).made else {
            return None;
        };
        let of_context = matches!(scene.flow.def(scene.flow.root(base)).made, Made::Context);
        of_context.then(|| names::ctx_field(scene.program, off))?
    };
    let registers = (6..10u8).filter_map(|r| Some((Place::Reg(r), scene.node(r)?)));
    let slots = scene
        .flow
        .slots
        .iter()
        .filter(|((frame, _), _)| *frame == scene.flow.frame);
    let slots = slots.filter_map(|((_, at), n)| Some((Place::Slot(i16::try_from(*at).ok()?), *n)));
    let mut kept: Vec<(Place, Node)> = registers.chain(slots).collect();
    if at == scene.insn {
        let reg = scene.reg()?;
        if reg < 6 {
            kept.push((Place::Reg(reg), scene.node(reg)?));
        }
    }
    let need = scene
        .reg()
        .and_then(|r| scene.node(r))
        .map_or(0, |n| packet_need(scene, n));
    insns.push(code::load(data, base, data_off, Size::W));
    insns.push(code::load(end, base, end_off, Size::W));
    insns.push(code::copy(past, data));
    insns.push(code::add(past, i32::try_from(need.clamp(0, 0xffff)).ok()?));
    insns.push(code::jump(JmpOp::Le, past, Src::Reg(end), 2));
    let mut patch = Patch::leave(scene, at, insns);
    let body = &mut patch.parts.first_mut()?.ops;
    for (place, node) in kept {
        let (source, distance) = match field(node) {
            Some("data") => (data, scene.flow.distance(node)),
            Some("data_end") => (end, scene.flow.distance(node)),
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
