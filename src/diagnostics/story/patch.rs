//! What an edit of the source comes to in instructions, so that it can be verified.
//!
//! A patch puts instructions before a slot, or in its place. Those that leave the
//! function do so with a number that the hook takes. Nothing is assumed of the
//! verifier: the patched program is a program like any other.

use super::Scene;
use crate::abstract_interp::value::{Kind, Reg};
use crate::diagnostics::flow::{Call, Made, Node};
use crate::diagnostics::names;
use crate::helpers_spec;
use crate::prelude::*;
use crate::programs::Insn;
use crate::programs::insn::{AluOp, Op, Size, Src};

/// Instructions that go to one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The slot before which they stand.
    pub at: usize,
    /// How many slots they replace.
    pub replaced: usize,
    /// They.
    pub insns: Vec<Insn>,
    /// Jumps to the slot go over them.
    pub over: bool,
}

impl Part {
    fn new(at: usize, replaced: usize, insns: Vec<Insn>) -> Part {
        Part {
            at,
            replaced,
            insns,
            over: false,
        }
    }
}

/// Instructions to put into a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// What comes where.
    pub parts: Vec<Part>,
    /// Values of this map become this large.
    pub value_size: Option<(usize, u32)>,
    /// The instruction at a slot becomes another.
    pub opcode: Option<(usize, u8)>,
}

const MOV_IMM: u8 = 0xb7;
const MOV_REG: u8 = 0xbf;
const ADD_IMM: u8 = 0x07;
const AND_IMM: u8 = 0x57;
const EXIT: u8 = 0x95;
const CALL: u8 = 0x85;
const JNE_IMM: u8 = 0x55;
const JEQ_IMM: u8 = 0x15;
const JLE_REG: u8 = 0xbd;
const JLE_IMM: u8 = 0xb5;
const JLT_IMM: u8 = 0xa5;
const STB_IMM: u8 = 0x72;
const STDW_IMM: u8 = 0x7a;
const STXDW: u8 = 0x7b;
const LDXDW: u8 = 0x79;
const LDXW: u8 = 0x61;

fn insn(opcode: u8, dst: u8, src: u8, off: i16, imm: i32) -> Insn {
    Insn::new(opcode, dst, src, off, imm)
}

/// A test after which two instructions follow that leave; where it holds they are
/// jumped over, or run.
pub(super) type Unless = Vec<Insn>;

/// Leaves where a register is zero.
pub(super) fn is_zero(reg: u8) -> Unless {
    vec![insn(JNE_IMM, reg, 0, 2, 0)]
}

/// Leaves where a register is not within, as unsigned.
pub(super) fn not_within(reg: u8, min: i32, max: i32) -> Unless {
    if min > 0 {
        vec![insn(JLT_IMM, reg, 0, 1, min), insn(JLE_IMM, reg, 0, 2, max)]
    } else {
        vec![insn(JLE_IMM, reg, 0, 2, max)]
    }
}

impl Patch {
    fn one(at: usize, replaced: usize, insns: Vec<Insn>) -> Patch {
        Patch {
            parts: vec![Part::new(at, replaced, insns)],
            value_size: None,
            opcode: None,
        }
    }

    /// Leaves the function before a slot unless the test passes.
    pub(super) fn leave(scene: &Scene<'_>, at: usize, mut test: Unless) -> Patch {
        let (_, number) = scene.give_up();
        test.extend([
            insn(MOV_IMM, 0, 0, 0, number.unwrap_or(0)),
            insn(EXIT, 0, 0, 0, 0),
        ]);
        Patch::one(at, 0, test)
    }

    /// Leaves before `at` where the number that is added there is greater.
    pub(super) fn leave_above(
        scene: &Scene<'_>,
        at: usize,
        number: Node,
        most: i32,
    ) -> Option<Patch> {
        let Op::Alu {
            dst,
            src: Src::Reg(src),
            ..
        } = *scene.ops.get(at)?
        else {
            return None;
        };
        // Which of the two was the number: the sum stands in the left one since.
        let def = scene.flow.def(number);
        let made_in = match scene.ops.get(def.insn)? {
            Op::Alu { dst, .. } | Op::Load { dst, .. } => Some(*dst),
            Op::Call(_) => Some(0),
            _ => None,
        };
        let reg = match (scene.held(src), made_in) {
            (Some(held), _) if held.is_scalar() => src,
            (Some(_), _) => dst,
            (None, Some(r)) if r == dst && r != src => dst,
            (None, _) => src,
        };
        Some(Patch::leave(scene, at, not_within(reg, 0, most)))
    }

    /// A register is set to a constant before the refused instruction.
    pub(super) fn set(scene: &Scene<'_>, reg: u8, value: i32) -> Patch {
        Patch::one(scene.insn, 0, vec![insn(MOV_IMM, reg, 0, 0, value)])
    }

    /// The refused call is taken out.
    pub(super) fn skip(scene: &Scene<'_>) -> Option<Patch> {
        let call = matches!(scene.op(), Some(Op::Call(_)));
        call.then(|| Patch::one(scene.insn, 1, vec![insn(MOV_IMM, 0, 0, 0, 0)]))
    }

    /// Bytes of the innermost function's stack are cleared where it is entered.
    pub(super) fn clear(scene: &Scene<'_>, at: i32, size: u32) -> Option<Patch> {
        let sub = scene.program.subprog_at(scene.insn as u32)?;
        let start = scene.program.subprogs.get(sub)?.start as usize;
        let end = at + i32::try_from(size).ok()?;
        if !(-512..0).contains(&at) || end > 0 {
            return None;
        }
        let mut insns = Vec::new();
        let mut b = at;
        while b < end {
            if b % 8 == 0 && end - b >= 8 {
                insns.push(insn(STDW_IMM, 10, 0, b as i16, 0));
                b += 8;
            } else {
                insns.push(insn(STB_IMM, 10, 0, b as i16, 0));
                b += 1;
            }
        }
        Some(Patch::one(start, 0, insns))
    }

    /// A second parameter is read from where the first argument of what is hooked is.
    pub(super) fn argument(scene: &Scene<'_>) -> Option<Patch> {
        use crate::helpers_spec::ProgType as P;
        let reg = scene.reg()?;
        let off = match scene.program.prog_type {
            P::Kprobe => 112,
            P::Tracing | P::Lsm | P::RawTracepoint | P::Tracepoint => 0,
            _ => return None,
        };
        Some(Patch::one(0, 0, vec![insn(LDXDW, reg, 1, off, 0)]))
    }
}

/// Puts an unknown number of the load's width in place of what it would read.
pub(super) fn unknown_load(scene: &Scene<'_>, address: u8) -> Option<Patch> {
    let Op::Load { dst, size, .. } = scene.op()? else {
        return None;
    };
    let unknown = scene
        .held(address)
        .is_some_and(|h| h.is_scalar() && h.bounds.is_unknown());
    if !unknown {
        return None;
    }
    let mut insns = vec![insn(MOV_REG, dst, address, 0, 0)];
    match size {
        Size::B => insns.push(insn(AND_IMM, dst, 0, 0, 0xff)),
        Size::H => insns.push(insn(AND_IMM, dst, 0, 0, 0xffff)),
        Size::W => insns.push(insn(0xbc, dst, dst, 0, 0)),
        Size::DW => {}
    }
    Some(Patch::one(scene.insn, 1, insns))
}

/// Another helper in a call's place.
pub(super) fn call_instead(scene: &Scene<'_>, at: usize, name: &str) -> Option<Patch> {
    let id = helpers_spec::helper_id(name)?;
    helpers_spec::helper_main(id, scene.spec())?;
    Some(Patch::one(
        at,
        1,
        vec![insn(CALL, 0, 0, 0, i32::try_from(id).ok()?)],
    ))
}

/// The refused access at another constant offset.
pub(super) fn offset_by(scene: &Scene<'_>, by: i64) -> Option<Patch> {
    let mut slot = *scene.program.insns.get(scene.insn)?;
    slot.off = slot.off.checked_add(i16::try_from(by).ok()?)?;
    matches!(scene.op(), Some(Op::Load { .. } | Op::Store { .. }))
        .then(|| Patch::one(scene.insn, 1, vec![slot]))
}

/// The map behind the pointer with larger values.
pub(super) fn larger_value(scene: &Scene<'_>, need: i128) -> Option<Patch> {
    let Kind::MapValue { map, .. } = scene.held(scene.reg()?)?.kind else {
        return None;
    };
    (!map.is_inner()).then_some(())?;
    Some(Patch {
        parts: Vec::new(),
        value_size: Some((map.index(), u32::try_from(need).ok()?)),
        opcode: None,
    })
}

/// A register that nothing reads before it is written again at a slot.
fn scratch(scene: &Scene<'_>, at: usize, count: usize, avoid: &[u8]) -> Option<Vec<u8>> {
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
fn dead(scene: &Scene<'_>, at: usize, reg: u8) -> bool {
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
        let (reads, writes) = match op {
            // Callers want these back; the program's own function has none.
            Op::Exit if reg >= 6 && scene.program.subprog_at(at as u32) == Some(0) => (false, true),
            op => effects(op, reg),
        };
        if reads {
            return false;
        }
        if writes {
            continue;
        }
        match *op {
            Op::Exit => {}
            Op::Ja { off, .. } => work.push((at as i64 + 1 + i64::from(off)) as usize),
            Op::Jmp { off, .. } => {
                work.push((at as i64 + 1 + i64::from(off)) as usize);
                work.push(at + 1);
            }
            Op::MayGoto { .. } | Op::Gotox { .. } | Op::Invalid(_) | Op::CallX { .. } => {
                return false;
            }
            op => work.push(at + op.slots()),
        }
    }
    true
}

/// Whether an operation reads, or else writes, a register.
fn effects(op: &Op, reg: u8) -> (bool, bool) {
    let src = |s: Src| matches!(s, Src::Reg(r) if r == reg);
    match *op {
        Op::Alu {
            op: AluOp::Mov,
            dst,
            src: s,
            ..
        } => (src(s), dst == reg),
        Op::Alu { dst, src: s, .. } => (src(s) || dst == reg, false),
        Op::Neg { dst, .. } | Op::End { dst, .. } => (dst == reg, false),
        Op::MovSx { dst, src, .. } | Op::AddrSpaceCast { dst, src, .. } => (src == reg, dst == reg),
        Op::LdImm64 { dst, .. } => (false, dst == reg),
        Op::Load { dst, base, .. } | Op::LoadAcquire { dst, base, .. } => (base == reg, dst == reg),
        Op::Store { base, src: s, .. } => (base == reg || src(s), false),
        Op::Jmp { dst, src: s, .. } => (dst == reg || src(s), false),
        // How many arguments there are is not looked at.
        Op::Call(_) => ((1..=5).contains(&reg), reg == 0),
        Op::Exit => (reg == 0 || reg >= 6, false),
        Op::Ja { .. } | Op::Second => (false, false),
        _ => (true, false),
    }
}

/// A register, or a slot of the stack, that holds what a predicate takes.
enum Place {
    Reg(u8),
    Slot(i16),
}

fn find(
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

fn context(scene: &Scene<'_>, at_end: bool) -> Option<Place> {
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
fn context_aside(scene: &Scene<'_>) -> Option<(i16, Part)> {
    let slot = free_slot(scene)?;
    Some((slot, Part::new(0, 0, vec![insn(STXDW, 10, 1, slot, 0)])))
}

/// A slot of the main function's stack below all that it uses.
fn free_slot(scene: &Scene<'_>) -> Option<i16> {
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

fn field_offset(scene: &Scene<'_>, name: &str) -> Option<i16> {
    let layout = helpers_spec::ctx_access(
        scene.program.prog_type,
        scene.program.attach_type,
        scene.spec(),
    )?;
    let (_, off, _) = layout.fields().iter().find(|(n, ..)| *n == name)?;
    i16::try_from(*off).ok()
}

/// Compares a pointer plus `need` with the packet's end before the access.
pub(super) fn packet_check(scene: &Scene<'_>, reg: u8, need: i64, field: &str) -> Option<Patch> {
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
                    insns.push(insn(LDXDW, end, 10, off, 0));
                    end
                }
            };
            insns.push(insn(LDXW, end, base, field_offset(scene, field)?, 0));
            end
        }
    };
    insns.push(insn(MOV_REG, past, reg, 0, 0));
    insns.push(insn(ADD_IMM, past, 0, 0, need));
    insns.push(insn(JLE_REG, past, end_reg, 2, 0));
    let mut patch = Patch::leave(scene, scene.insn, insns);
    patch.parts.extend(aside);
    Some(patch)
}

/// The comparison with its ways exchanged.
pub(super) fn turned(scene: &Scene<'_>, at: usize) -> Option<Patch> {
    let mut slot = *scene.program.insns.get(at)?;
    slot.opcode = match slot.opcode {
        0x2d => 0xbd,
        0xbd => 0x2d,
        0x3d => 0xad,
        0xad => 0x3d,
        _ => return None,
    };
    Some(Patch {
        parts: Vec::new(),
        value_size: None,
        opcode: Some((at, slot.opcode)),
    })
}

/// Bytes of the packet that are compared for: as before, and what is accessed.
pub(super) fn packet_need(scene: &Scene<'_>, node: Node) -> i64 {
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
pub(super) fn packet_again(scene: &Scene<'_>, call: usize) -> Option<Patch> {
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
            insns.push(insn(LDXDW, past, 10, off, 0));
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
    insns.push(insn(LDXW, data, base, data_off, 0));
    insns.push(insn(LDXW, end, base, end_off, 0));
    insns.push(insn(MOV_REG, past, data, 0, 0));
    insns.push(insn(
        ADD_IMM,
        past,
        0,
        0,
        i32::try_from(need.clamp(0, 0xffff)).ok()?,
    ));
    insns.push(insn(JLE_REG, past, end, 2, 0));
    let mut patch = Patch::leave(scene, at, insns);
    let body = &mut patch.parts.first_mut()?.insns;
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
                body.push(insn(MOV_REG, r, source, 0, 0));
                if distance != 0 {
                    body.push(insn(ADD_IMM, r, 0, 0, distance));
                }
            }
            Place::Slot(off) => {
                body.push(insn(MOV_REG, past, source, 0, 0));
                if distance != 0 {
                    body.push(insn(ADD_IMM, past, 0, 0, distance));
                }
                body.push(insn(STXDW, 10, past, off, 0));
            }
        }
    }
    patch.parts.extend(aside);
    Some(patch)
}

/// Gives a reference back on the way to the refused exit; `dynptr` is where on the
/// stack it lies, of one that does.
pub(super) fn release(
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
        (Some(at), _) => vec![insn(MOV_REG, 1, 10, 0, 0), insn(ADD_IMM, 1, 0, 0, at)],
        (None, Some(Place::Reg(r))) => vec![insn(MOV_REG, 1, r, 0, 0)],
        (None, Some(Place::Slot(off))) => vec![insn(LDXDW, 1, 10, off, 0)],
        (None, None) => {
            // Kept aside from where it is acquired, as a compiler would.
            let slot = free_slot(scene)?;
            (scene.program.subprog_at(acquired.insn as u32) == Some(0)).then_some(())?;
            aside = Some(Part {
                over: true,
                ..Part::new(acquired.insn + 1, 0, vec![insn(STXDW, 10, 0, slot, 0)])
            });
            vec![insn(LDXDW, 1, 10, slot, 0)]
        }
    };
    if dynptr.is_none() {
        insns.push(insn(JEQ_IMM, 1, 0, 2, 0));
    }
    insns.push(insn(MOV_IMM, 2, 0, 0, 0));
    insns.push(call);
    insns.push(insn(MOV_IMM, 0, 0, 0, constant.or(give).unwrap_or(0)));
    let mut patch = on_this_way(scene, insns)?;
    patch.parts.extend(aside);
    Some(patch)
}

/// Puts instructions on the way to the refused exit, as late as they stand on this
/// way alone.
fn on_this_way(scene: &Scene<'_>, insns: Vec<Insn>) -> Option<Patch> {
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
            let mut slot = *scene.program.insns.get(t.insn)?;
            slot.off = 1;
            let over = insn(0x05, 0, 0, i16::try_from(insns.len() + 1).ok()?, 0);
            let mut body = vec![slot, over];
            body.extend(insns);
            body.push(insn(EXIT, 0, 0, 0, 0));
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
                opcode: None,
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
fn callable(scene: &Scene<'_>, name: &str) -> Option<Insn> {
    if let Some(id) = helpers_spec::helper_id(name) {
        return Some(insn(CALL, 0, 0, 0, i32::try_from(id).ok()?));
    }
    let index = scene.program.kfuncs.iter().position(|k| &*k.name == name)?;
    Some(insn(CALL, 0, 2, 0, i32::try_from(index).ok()?))
}

/// Closes a section before the refused exit.
pub(super) fn close(scene: &Scene<'_>, opened: &Call, with: &str) -> Option<Patch> {
    let call = callable(scene, with)?;
    matches!(scene.op(), Some(Op::Exit)).then_some(())?;
    let argument = opened.args[0];
    let mut insns = Vec::new();
    if with.contains("spin_unlock") {
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
        match place {
            Place::Reg(r) => insns.push(insn(MOV_REG, 1, r, 0, 0)),
            Place::Slot(off) => insns.push(insn(LDXDW, 1, 10, off, 0)),
        }
        if by != 0 {
            insns.push(insn(ADD_IMM, 1, 0, 0, by));
        }
    } else if with.contains("restore") {
        let (_, at) = scene.flow.stack(argument)?;
        insns.push(insn(MOV_REG, 1, 10, 0, 0));
        insns.push(insn(ADD_IMM, 1, 0, 0, at));
    }
    insns.push(call);
    let constant = scene
        .held(0)
        .and_then(Reg::const_value)
        .and_then(|c| i32::try_from(c as i64).ok());
    insns.push(insn(
        MOV_IMM,
        0,
        0,
        0,
        constant.or(scene.give_up().1).unwrap_or(0),
    ));
    on_this_way(scene, insns)
}
