//! Conditional jumps: what each side of a comparison learns.
//!
//! A comparison of scalars narrows both operands on both sides, and with them
//! every scalar linked by id. A comparison of a packet pointer with the
//! packet's end gives all pointers of its id a checked range on one side. A
//! comparison of a nullable pointer with zero decides all pointers of its id.
//! A comparison that has only one outcome is followed on that side alone, and
//! what decided it becomes precise.

use smallvec::SmallVec;

use super::{refs, speculation};
use crate::abstract_interp::btf_record;
use crate::abstract_interp::checks::{operand, secrecy};
use crate::abstract_interp::domain::{Bounds, Cond};
use crate::abstract_interp::explore::{Linked, MAX_LINKED, Place, widen};
use crate::abstract_interp::stack::{Byte, Slot};
use crate::abstract_interp::state::State;
use crate::abstract_interp::value::{
    ADD_CONST, ADD_CONST32, AT_PKT_END, BEYOND_PKT_END, Flags, Kind, Reg,
};
use crate::abstract_interp::vm::{Check, Env, Next, Vm, unknown};
use crate::programs::insn::{JmpOp, Op, Src, Width};
use crate::target::Limits;

/// Carries out `Ja`, `MayGoto` and `Jmp`.
pub fn step(vm: &mut Vm, op: Op) -> Check<Next> {
    match op {
        Op::Ja { off, .. } => Ok(Next::Goto(target(vm.insn, off))),
        Op::MayGoto { off } => may_goto(vm, i32::from(off)),
        Op::Jmp {
            w,
            op,
            dst,
            src,
            off,
        } => {
            if let Some(to) = vm.env.cfg.settled(vm.insn) {
                return Ok(Next::Goto(to));
            }
            let cmp = Compare {
                op,
                w32: w == Width::W32,
                dst,
                src,
            };
            jump(vm, &cmp, i32::from(off))
        }
        _ => unknown("engine:branch"),
    }
}

fn target(insn: usize, off: i32) -> usize {
    (insn as i64 + 1 + i64::from(off)) as usize
}

/// `may_goto`: the loop body is walked later, from a state in which whatever
/// no proof relied on is forgotten; the jump out is walked first.
fn may_goto(vm: &mut Vm, off: i32) -> Check<Next> {
    let insn = vm.insn;
    let earlier = vm.earlier_visit(insn);
    let grouped = vm.ids_for_widening();
    let body = vm.push_branch(insn + 1)?;
    body.may_goto_depth += 1;
    if let Some(old) = earlier {
        widen(&old, body, grouped);
    }
    Ok(Next::Goto(target(insn, off)))
}

struct Compare {
    op: JmpOp,
    w32: bool,
    dst: u8,
    src: Src,
}

fn jump(vm: &mut Vm, cmp: &Compare, off: i32) -> Check<Next> {
    let (dst, src) = operands(vm, cmp)?;
    let src_reg = match cmp.src {
        Src::Reg(r) => Some(r),
        Src::Imm(_) => None,
    };
    if let Some(r) = src_reg
        && !(in_packet(&dst) && in_packet(&src))
    {
        secrecy::compared(vm, r)?;
    }
    let stack = |r: &Reg| matches!(r.kind, Kind::Stack { .. });
    if stack(&dst) || stack(&src) {
        vm.record_stack_operands(stack(&dst), stack(&src));
    }
    if let Some(taken) = decided(vm, cmp, &dst, &src) {
        if dst.is_scalar() {
            vm.need_precise(cmp.dst);
        }
        if let Some(r) = src_reg
            && src.is_scalar()
        {
            vm.need_precise(r);
        }
        let goto = target(vm.insn, off);
        if vm.env.speculates {
            let other = if taken { vm.insn + 1 } else { goto };
            speculation::other_side(vm, other, (cmp.dst, src_reg))?;
        }
        return Ok(if taken {
            Next::Goto(goto)
        } else {
            Next::Fallthrough
        });
    }

    let mut linked = Linked::new();
    if let Some(_) = src_reg
        && src.is_scalar()
        && src.id != 0
    {
        collect_linked(&vm.env, &mut vm.cur, src.base_id(), &mut linked);
    }
    if dst.is_scalar() && dst.id != 0 {
        collect_linked(&vm.env, &mut vm.cur, dst.base_id(), &mut linked);
    }
    if linked.len() > 1 {
        vm.record_linked(linked.clone());
    }

    let (dst, src) = operands(vm, cmp)?; // ids may have been dropped
    let goto = target(vm.insn, off);
    let mut taken = vm.cur.clone();
    narrow(vm, cmp, &dst, &src, &linked, &mut taken);
    let tells_nothing = pointers(vm, cmp, &dst, &src, &mut taken);
    if !tells_nothing {
        secrecy::compared(vm, cmp.dst)?;
    }
    vm.push_forked(goto, taken)?;
    Ok(Next::Fallthrough)
}

fn operands(vm: &Vm, cmp: &Compare) -> Check<(Reg, Reg)> {
    operand::read_ok(vm, cmp.dst)?;
    let src = match cmp.src {
        Src::Reg(r) => {
            operand::read_ok(vm, r)?;
            *vm.reg(r)
        }
        Src::Imm(imm) => Reg::constant(imm as i64 as u64),
    };
    Ok((*vm.reg(cmp.dst), src))
}

/// Whether a register points to a packet's data or end.
const fn in_packet(r: &Reg) -> bool {
    matches!(r.kind, Kind::Packet | Kind::PacketMeta | Kind::PacketEnd)
}

/// The only outcome of the comparison, if there is only one.
fn decided(vm: &Vm, cmp: &Compare, dst: &Reg, src: &Reg) -> Option<bool> {
    if in_packet(dst) && in_packet(src) && !cmp.w32 {
        return packet_decided(cmp.op, dst, src);
    }
    if dst.is_pointer() || src.is_pointer() {
        let constant = |r: &Reg| r.is_scalar().then(|| constant_of(r, cmp.w32)).flatten();
        let (pointer, value) = match (constant(src), constant(dst)) {
            (Some(v), _) => (dst, v),
            (None, Some(v)) => (src, v),
            _ => return None,
        };
        if value != 0 || !never_null(vm, pointer) {
            return None;
        }
        return match cmp.op {
            JmpOp::Eq => Some(false),
            JmpOp::Ne => Some(true),
            _ => None,
        };
    }
    let (cond, rules) = (Cond::from(cmp.op), vm.env.rules());
    if cmp.src == Src::Reg(cmp.dst) {
        return Bounds::branch_taken_self(cond, cmp.w32, &dst.bounds, rules);
    }
    Bounds::branch_taken(cond, cmp.w32, &dst.bounds, &src.bounds, rules)
}

fn constant_of(r: &Reg, w32: bool) -> Option<u64> {
    if w32 {
        let t = r.bounds.tnum;
        (t.mask as u32 == 0).then_some(t.value & 0xffff_ffff)
    } else {
        r.bounds.is_const()
    }
}

/// Whether the pointer is known not to be null.
fn never_null(vm: &Vm, r: &Reg) -> bool {
    if r.maybe_null() {
        return false;
    }
    match r.kind {
        Kind::Socket
        | Kind::TcpSock
        | Kind::SockCommon
        | Kind::MapValue { .. }
        | Kind::MapKey { .. } => true,
        Kind::ConstMap { .. } => vm.env.target.behaviour().map_ptr_not_null(),
        Kind::Mem { .. } => !r.flags.has(Flags::UNTRUSTED),
        Kind::Btf { .. } => vm.is_trusted(r),
        _ => false,
    }
}

/// A pointer once found beyond the end decides later comparisons with the end.
fn packet_decided(op: JmpOp, dst: &Reg, src: &Reg) -> Option<bool> {
    let (packet, op) = if src.kind == Kind::PacketEnd {
        (dst, op)
    } else if dst.kind == Kind::PacketEnd {
        (src, op.swap())
    } else {
        return None;
    };
    if packet.range >= 0 {
        return None;
    }
    match op {
        JmpOp::Le | JmpOp::Gt => (packet.range == BEYOND_PKT_END).then_some(op == JmpOp::Gt),
        JmpOp::Lt | JmpOp::Ge => Some(op == JmpOp::Ge),
        _ => None,
    }
}

/// All scalars of `id`, innermost frame first; those beyond what a history
/// entry holds lose their link.
fn collect_linked(env: &Env, state: &mut State, id: u32, linked: &mut Linked) {
    let narrow = env.target.behaviour().narrow_spills_linked();
    let spilled = |s: &Slot| s.is_spill() && (narrow || s.kinds[0] == Byte::Spill);
    let mut unlink: SmallVec<[Place; 4]> = SmallVec::new();
    let wanted = |r: &Reg| r.is_scalar() && r.id != 0 && r.base_id() == id;
    let mut note = |frame: usize, is_reg: bool, index: usize| {
        let place = Place {
            frame: frame as u8,
            is_reg,
            index: index as u8,
        };
        if linked.len() < MAX_LINKED {
            linked.push(place)
        } else {
            unlink.push(place)
        }
    };
    for (f, frame) in state.frames.iter().enumerate().rev() {
        for (r, _) in frame
            .regs
            .iter()
            .enumerate()
            .take(10)
            .filter(|(_, r)| wanted(r))
        {
            note(f, true, r);
        }
        for (s, slot) in frame.stack.slots().enumerate() {
            if spilled(slot) && wanted(&slot.spill) {
                note(f, false, s);
            }
        }
    }
    for p in unlink {
        place_mut(state, p).unlink(env.target.behaviour());
    }
}

fn place_mut(state: &mut State, p: Place) -> &mut Reg {
    let frame = state.frame_at_mut(p.frame as usize);
    if p.is_reg {
        &mut frame.regs[p.index as usize]
    } else {
        &mut frame.stack_mut().slot_mut(p.index as usize).spill
    }
}

fn place(state: &State, p: Place) -> &Reg {
    let frame = &state.frames[p.frame as usize];
    if p.is_reg {
        &frame.regs[p.index as usize]
    } else {
        &frame.stack.slot(p.index as usize).spill
    }
}

/// Narrows scalars on both sides: the current state is the side that falls
/// through.
fn narrow(vm: &mut Vm, cmp: &Compare, dst: &Reg, src: &Reg, linked: &Linked, taken: &mut State) {
    if !dst.is_scalar() || !src.is_scalar() {
        return;
    }
    let rules = vm.env.rules();
    for side in [false, true] {
        let state = if side { &mut *taken } else { &mut vm.cur };
        let (mut a, mut b) = (dst.bounds, src.bounds);
        let cond = Cond::from(cmp.op);
        if cmp.src == Src::Reg(cmp.dst) {
            Bounds::refine_self(cond, side, cmp.w32, &mut a, rules);
        } else {
            Bounds::refine(cond, side, cmp.w32, &mut a, &mut b, rules);
        }
        set_bounds(state, cmp.dst, a);
        if let Src::Reg(r) = cmp.src
            && r != cmp.dst
        {
            set_bounds(state, r, b);
            if src.id != 0 {
                let known = *state.reg(r);
                let at = Place {
                    frame: state.curframe() as u8,
                    is_reg: true,
                    index: r,
                };
                sync_linked(&vm.env, state, &known, at, linked);
            }
        }
        if dst.id != 0 {
            let known = *state.reg(cmp.dst);
            let at = Place {
                frame: state.curframe() as u8,
                is_reg: true,
                index: cmp.dst,
            };
            sync_linked(&vm.env, state, &known, at, linked);
        }
    }
}

/// A side that learns nothing keeps sharing its frame with the other.
fn set_bounds(state: &mut State, r: u8, bounds: Bounds) {
    if state.reg(r).bounds != bounds {
        state.reg_mut(r).bounds = bounds;
    }
}

/// Gives scalars linked to `known` its range, shifted by the difference of
/// their constants.
fn sync_linked(env: &Env, state: &mut State, known: &Reg, at: Place, linked: &Linked) {
    const LINK: u32 = ADD_CONST | ADD_CONST32;
    for &p in linked {
        let reg = *place(state, p);
        if p == at || !reg.is_scalar() || reg.base_id() != known.base_id() {
            continue;
        }
        // A distance in one width says nothing of the other.
        if (reg.id ^ known.id) & LINK == LINK {
            continue;
        }
        let plain = reg.id & LINK == 0 && known.id & LINK == 0;
        let new = if plain || reg.off == known.off {
            *known
        } else {
            let delta = if env.target.behaviour().wide_link_delta() {
                i64::from(reg.off) - i64::from(known.off)
            } else {
                reg.off.wrapping_sub(known.off).into()
            };
            let w32 = (reg.id | known.id) & ADD_CONST32 != 0;
            let bounds = Bounds::linked(&known.bounds, delta, w32, env.rules());
            let keeps = env.target.behaviour().synced_keep_link();
            Reg {
                off: reg.off,
                id: if keeps { reg.id } else { known.id },
                bounds,
                ..*known
            }
        };
        *place_mut(state, p) = new;
    }
}

/// What a comparison of pointers teaches either side; whether it is one that tells
/// nothing of addresses.
fn pointers(vm: &mut Vm, cmp: &Compare, dst: &Reg, src: &Reg, taken: &mut State) -> bool {
    let by_reg = match cmp.src {
        Src::Reg(r) => Some(r),
        Src::Imm(_) => None,
    };
    if let Some(r) = by_reg
        && !cmp.w32
        && vm.env.target.behaviour().nonnull_by_comparison()
        && dst.is_pointer()
        && src.is_pointer()
        && dst.maybe_null() != src.maybe_null()
        && !matches!(dst.kind, Kind::Btf { .. })
        && !matches!(src.kind, Kind::Btf { .. })
    {
        let nullable = if src.maybe_null() { r } else { cmp.dst };
        let equal_side = match cmp.op {
            JmpOp::Eq => Some(&mut *taken),
            JmpOp::Ne => Some(&mut vm.cur),
            _ => None,
        };
        if let Some(state) = equal_side {
            let mut reg = *state.reg(nullable);
            vm.env.known_not_null(&mut reg);
            state.set_reg(nullable, reg);
        }
    }
    let zero = match cmp.src {
        Src::Imm(imm) => imm == 0,
        Src::Reg(_) => vm.env.target.behaviour().null_by_zero_register() && src.is_null(),
    };
    if !cmp.w32 && zero && matches!(cmp.op, JmpOp::Eq | JmpOp::Ne) && dst.maybe_null() {
        if let Src::Reg(r) = cmp.src {
            vm.need_precise(r);
        }
        decide_null(&vm.env, &mut vm.cur, cmp.dst, cmp.op == JmpOp::Ne);
        decide_null(&vm.env, taken, cmp.dst, cmp.op == JmpOp::Eq);
        return true;
    }
    by_reg.is_some() && !cmp.w32 && packet_range(vm, cmp, dst, src, taken)
}

/// All pointers of the id of `r` turn out null, or not.
fn decide_null(env: &Env, state: &mut State, r: u8, is_null: bool) {
    let (id, ref_id) = (state.reg(r).id, state.reg(r).ref_id);
    let keeps_id = env.target.behaviour().found_pointers_keep_id();
    if ref_id.is_some() && ref_id.number() == id && is_null {
        refs::forget(state, ref_id);
    }
    state.for_each_reg_mut(
        |reg| reg.maybe_null() && reg.id == id,
        |reg| {
            if is_null {
                *reg = Reg {
                    precise: reg.precise,
                    ..Reg::scalar(reg.bounds)
                };
                return;
            }
            env.known_not_null(reg);
            if !keeps_id && !btf_record::may_hold_lock(env, reg) {
                reg.id = 0;
            }
        },
    );
}

/// A comparison of a packet pointer with the end of what it points into; whether it
/// is one.
fn packet_range(vm: &mut Vm, cmp: &Compare, dst: &Reg, src: &Reg, taken: &mut State) -> bool {
    let Src::Reg(src_no) = cmp.src else {
        return false;
    };
    let start = |r: &Reg| r.kind == Kind::Packet && r.id == 0 && r.off == 0 && r.var_off_is_zero();
    let pair = |a: &Reg, b: &Reg| {
        a.kind == Kind::Packet && b.kind == Kind::PacketEnd
            || a.kind == Kind::PacketMeta && start(b)
    };
    // As if the packet pointer stood on the left.
    let (op, left, reg) = if pair(dst, src) {
        (cmp.op, cmp.dst, dst)
    } else if pair(src, dst) {
        (cmp.op.swap(), src_no, src)
    } else {
        return false;
    };
    let fall = &mut vm.cur;
    // Which side knows the pointer inside, and whether strictly so.
    let (inside, strict, outside) = match op {
        JmpOp::Gt => (fall, false, taken),
        JmpOp::Ge => (fall, true, taken),
        JmpOp::Lt => (taken, true, fall),
        JmpOp::Le => (taken, false, fall),
        _ => return false,
    };
    good_range(inside, reg, strict);
    let out = outside.reg_mut(left);
    if out.kind == Kind::Packet {
        out.range = if strict { AT_PKT_END } else { BEYOND_PKT_END };
    }
    true
}

fn good_range(state: &mut State, checked: &Reg, strict: bool) {
    if checked.off < 0 || checked.off == 0 && strict {
        return;
    }
    let max = checked.bounds.umax;
    if max > Limits::PACKET_OFF || max + checked.off as u64 > Limits::PACKET_OFF {
        return;
    }
    let range = checked.off + i32::from(strict);
    state.for_each_reg_mut(
        |r| r.kind == checked.kind && r.flags == checked.flags && r.id == checked.id,
        |r| r.range = r.range.max(range),
    );
}
