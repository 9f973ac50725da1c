//! What an edit of the source comes to in instructions, so that it can be verified.
//!
//! A patch puts instructions before a slot, or in its place. Those that leave the
//! function do so with a number that the hook takes. Nothing is assumed of the
//! verifier: the patched program is a program like any other.

mod code;
mod ends;
mod packet;
mod place;

pub(super) use ends::{close, release, same_argument};
pub(super) use packet::{packet_again, packet_check, packet_need, turned};

use super::Scene;
use crate::abstract_interp::value::Kind;
use crate::diagnostics::flow::Node;
use crate::helpers_spec;
use crate::prelude::*;
use crate::programs::insn::{Callee, JmpOp, Op, Size, Src};

/// Instructions that go to one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The slot before which they stand.
    pub at: usize,
    /// How many slots they replace.
    pub replaced: usize,
    /// They.
    pub ops: Vec<Op>,
    /// Jumps to the slot go over them.
    pub over: bool,
}

impl Part {
    fn new(at: usize, replaced: usize, ops: Vec<Op>) -> Part {
        Part {
            at,
            replaced,
            ops,
            over: false,
        }
    }
}

/// How the program is loaded otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// As one that may not sleep.
    Awake,
    /// With a licence that is compatible with the GPL.
    Gpl,
    /// With this map open to writes by programs.
    Writable(usize),
}

/// Instructions to put into a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// What comes where.
    pub parts: Vec<Part>,
    /// Values of this map become this large.
    pub value_size: Option<(usize, u32)>,
    /// The program is loaded so.
    pub load: Option<Load>,
}

/// A test after which two instructions follow that leave; where it holds they are
/// jumped over, or run.
pub(super) type Unless = Vec<Op>;

/// Leaves where a register is zero.
pub(super) fn is_zero(reg: u8) -> Unless {
    vec![code::jump(JmpOp::Ne, reg, Src::Imm(0), 2)]
}

/// Leaves where a register is not within, as unsigned.
pub(super) fn not_within(reg: u8, min: i32, max: i32) -> Unless {
    if min > 0 {
        vec![
            code::jump(JmpOp::Lt, reg, Src::Imm(min), 1),
            code::jump(JmpOp::Le, reg, Src::Imm(max), 2),
        ]
    } else {
        vec![code::jump(JmpOp::Le, reg, Src::Imm(max), 2)]
    }
}

impl Patch {
    fn one(at: usize, replaced: usize, insns: Vec<Op>) -> Patch {
        Patch {
            parts: vec![Part::new(at, replaced, insns)],
            value_size: None,
            load: None,
        }
    }

    /// The same program, loaded in another way.
    pub(super) fn load(load: Load) -> Patch {
        Patch {
            parts: Vec::new(),
            value_size: None,
            load: Some(load),
        }
    }

    /// Leaves the function before a slot unless the test passes.
    pub(super) fn leave(scene: &Scene<'_>, at: usize, mut test: Unless) -> Patch {
        let (_, number) = scene.give_up();
        test.extend([code::set(0, number.unwrap_or(0)), Op::Exit]);
        Patch::one(at, 0, test)
    }

    /// Leaves before `at` where the number that is added there is greater.
    pub(super) fn leave_above(
        scene: &Scene<'_>,
        at: usize,
        number: Node,
        most: i32,
    ) -> Option<Patch> {
        Patch::leave_outside(scene, at, number, (0, most.into()))
    }

    /// Leaves before `at` where the number that is added there is not within.
    pub(super) fn leave_outside(
        scene: &Scene<'_>,
        at: usize,
        number: Node,
        (least, most): (i64, i64),
    ) -> Option<Patch> {
        let limit = |n: i64| i32::try_from(n.max(0)).unwrap_or(i32::MAX);
        let Op::Alu {
            dst,
            src: Src::Reg(src),
            ..
        } = *scene.ops.get(at)?
        else {
            return None;
        };
        // Of the two registers one holds the number, the other the address.
        let swapped = sum(scene, number, at)?;
        let reg = if swapped { dst } else { src };
        Some(Patch::leave(
            scene,
            at,
            not_within(reg, limit(least), limit(most)),
        ))
    }

    /// A register is set to a constant before the refused instruction.
    pub(super) fn set(scene: &Scene<'_>, reg: u8, value: i32) -> Patch {
        Patch::one(scene.insn, 0, vec![code::set(reg, value)])
    }

    /// The context is put into a register before the refused instruction.
    pub(super) fn context_in(scene: &Scene<'_>, reg: u8) -> Option<Patch> {
        let mut aside = None;
        let place = place::context(scene, true).or_else(|| {
            let (slot, part) = place::context_aside(scene)?;
            aside = Some(part);
            Some(place::Place::Slot(slot))
        })?;
        let op = match place {
            place::Place::Reg(r) => code::copy(reg, r),
            place::Place::Slot(off) => code::load(reg, 10, off, Size::DW),
        };
        let mut patch = Patch::one(scene.insn, 0, vec![op]);
        patch.parts.extend(aside);
        Some(patch)
    }

    /// The refused call is taken out.
    pub(super) fn skip(scene: &Scene<'_>) -> Option<Patch> {
        let call = matches!(scene.op(), Some(Op::Call(_)));
        call.then(|| Patch::one(scene.insn, 1, vec![code::set(0, 0)]))
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
                insns.push(code::store(10, b as i16, Size::DW, Src::Imm(0)));
                b += 8;
            } else {
                insns.push(code::store(10, b as i16, Size::B, Src::Imm(0)));
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
        Some(Patch::one(0, 0, vec![code::load(reg, 1, off, Size::DW)]))
    }
}

/// Whether a function does not use what it is given in a register.
pub(super) fn unused(scene: &Scene<'_>, start: usize, reg: u8) -> bool {
    place::dead(scene, start, reg)
}

/// Whether the sum at an instruction was made by adding an address to the number.
fn sum(scene: &Scene<'_>, number: Node, at: usize) -> Option<bool> {
    let made = scene.flow.sum(number, at)?;
    Some(scene.flow.def(made).swapped)
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
    let mut insns = vec![code::copy(dst, address)];
    match size {
        Size::B => insns.push(code::and(dst, 0xff)),
        Size::H => insns.push(code::and(dst, 0xffff)),
        Size::W => insns.push(code::low_half(dst)),
        Size::DW => {}
    }
    Some(Patch::one(scene.insn, 1, insns))
}

/// The argument, or pointer, without what was added to it.
pub(super) fn moved_back(scene: &Scene<'_>, reg: u8, off: i64) -> Option<Patch> {
    let by = i32::try_from(off.checked_neg()?).ok()?;
    Some(Patch::one(scene.insn, 0, vec![code::add(reg, by)]))
}

/// A store of the path is taken out.
pub(super) fn without_store(scene: &Scene<'_>, at: usize) -> Option<Patch> {
    let Op::Store { base, .. } = *scene.ops.get(at)? else {
        return None;
    };
    (base < 10)
        .then(|| Patch::one(at, 1, vec![code::copy(base, base)]))
        .or_else(|| {
            // The frame pointer is never written.
            (base == 10).then(|| {
                Patch::one(
                    at,
                    1,
                    vec![Op::Ja {
                        off: 0,
                        long: false,
                    }],
                )
            })
        })
}

/// The full socket in place of one of which only the common part is known, where it
/// is not NULL.
pub(super) fn full_socket(scene: &Scene<'_>, reg: u8) -> Option<Patch> {
    let id = i32::try_from(helpers_spec::helper_id("bpf_sk_fullsock")?).ok()?;
    let (_, give) = scene.give_up();
    let insns = vec![
        code::copy(1, reg),
        Op::Call(Callee::Helper(id)),
        code::jump(JmpOp::Ne, 0, Src::Imm(0), 2),
        code::set(0, give.unwrap_or(0)),
        Op::Exit,
        code::copy(reg, 0),
    ];
    Some(Patch::one(scene.insn, 0, insns))
}

/// Another helper in a call's place.
pub(super) fn call_instead(scene: &Scene<'_>, at: usize, name: &str) -> Option<Patch> {
    let id = helpers_spec::helper_id(name)?;
    helpers_spec::helper_main(id, scene.spec())?;
    Some(Patch::one(
        at,
        1,
        vec![Op::Call(Callee::Helper(i32::try_from(id).ok()?))],
    ))
}

/// The refused access at another constant offset.
pub(super) fn offset_by(scene: &Scene<'_>, by: i64) -> Option<Patch> {
    let mut op = scene.op()?;
    let (Op::Load { off, .. } | Op::Store { off, .. }) = &mut op else {
        return None;
    };
    *off = off.checked_add(i16::try_from(by).ok()?)?;
    Some(Patch::one(scene.insn, 1, vec![op]))
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
        load: None,
    })
}
