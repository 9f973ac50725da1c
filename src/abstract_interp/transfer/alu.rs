//! Arithmetic, logic and moves.
//!
//! Numbers go through the scalar domain. What is kept beside their bounds: an
//! `id` shared by copies, so that what one comparison teaches reaches them all,
//! and for `r += constant` a link by distance. Arithmetic on pointers is in
//! `pointer`.

use super::{pointer, speculation};
use crate::abstract_interp::checks::pointer::{Arithmetic, Order};
use crate::abstract_interp::checks::{arithmetic, operand, secrecy};
use crate::abstract_interp::domain::{Bounds, ScalarOp};
use crate::abstract_interp::value::{ADD_CONST, ADD_CONST32, Flags, Kind, RefId, Reg};
use crate::abstract_interp::vm::{ArenaUse, Check, Next, Vm, unknown};
use crate::programs::insn::{AluOp, Endness, Op, Src, Width};
use crate::target::ScalarLinks;

/// Carries out one instruction of the arithmetic classes.
pub fn step(vm: &mut Vm, op: Op) -> Check<Next> {
    match op {
        Op::Alu {
            w,
            op: AluOp::Mov,
            dst,
            src,
        } => mov(vm, w, dst, src)?,
        Op::Alu { w, op, dst, src } => binary(vm, w, op, dst, src)?,
        Op::Neg { w, dst } => neg(vm, w, dst)?,
        Op::MovSx { w, dst, src, bits } => mov_sx(vm, w, dst, src, bits)?,
        Op::End { dst, kind, bits } => end(vm, dst, kind, bits)?,
        Op::AddrSpaceCast { dst, src, imm } => cast(vm, dst, src, imm)?,
        _ => return unknown("engine:alu"),
    }
    Ok(Next::Fallthrough)
}

/// How many low bits a number may need.
pub fn width(reg: &Reg) -> u32 {
    64 - reg.bounds.umax.leading_zeros()
}

/// Before a copy of number `r` is made: gives it an id to share.
pub fn assign_scalar_id(vm: &mut Vm, r: u8) {
    let mut reg = *vm.reg(r);
    if give_scalar_id(vm, &mut reg) {
        vm.cur.set_reg(r, reg);
    }
}

/// Gives a number an id to share, and tells whether it changed. A linked number leaves
/// its link; constants need no id.
pub fn give_scalar_id(vm: &mut Vm, reg: &mut Reg) -> bool {
    if !reg.is_scalar() {
        return false;
    }
    let linked = reg.link() != 0;
    let fresh = (linked || reg.id == 0) && reg.bounds.is_const().is_none();
    if !linked && !fresh {
        return false;
    }
    reg.id = if fresh { vm.new_id() } else { 0 };
    if linked {
        reg.off = 0;
    }
    true
}

/// Kernels that find a number's views contradictory forget its ranges.
pub fn check_sanity(vm: &mut Vm, r: u8) {
    let rules = vm.env.rules();
    if vm.reg(r).bounds.is_contradictory() {
        vm.cur.reg_mut(r).bounds.check(rules);
    }
}

fn mov(vm: &mut Vm, w: Width, dst: u8, src: Src) -> Check<()> {
    match src {
        Src::Imm(imm) => {
            operand::write_ok(dst)?;
            let value = if w.is32() {
                imm as u32 as u64
            } else {
                imm as i64 as u64
            };
            vm.cur.set_reg(dst, Reg::constant(value));
        }
        Src::Reg(src) => {
            operand::read_ok(vm, src)?;
            operand::write_ok(dst)?;
            if w.is32() {
                secrecy::copied_in_part(vm, src)?;
                mov32(vm, dst, src);
            } else {
                assign_scalar_id(vm, src);
                let value = *vm.reg(src);
                vm.cur.set_reg(dst, value);
            }
            check_sanity(vm, dst);
        }
    }
    Ok(())
}

/// The low half of a register, zero-extended.
fn mov32(vm: &mut Vm, dst: u8, src: u8) {
    let mut value = Reg::unknown();
    if vm.reg(src).is_scalar() {
        let same = width(vm.reg(src)) <= 32 && vm.env.target.behaviour().mov32_keeps_link();
        if same {
            assign_scalar_id(vm, src);
        }
        value = *vm.reg(src);
        if !same {
            value.unlink(vm.env.target.behaviour());
        }
    }
    value.bounds.zext32(vm.env.rules());
    vm.cur.set_reg(dst, value);
}

fn mov_sx(vm: &mut Vm, w: Width, dst: u8, src: u8, bits: u8) -> Check<()> {
    operand::read_ok(vm, src)?;
    operand::write_ok(dst)?;
    secrecy::extended(vm, src)?;
    let rules = vm.env.rules();
    if !vm.reg(src).is_scalar() {
        // The pieces of an address are a number of which nothing is known.
        let mut value = Reg::unknown();
        if w.is32() {
            value.bounds.zext32(rules);
        }
        vm.cur.set_reg(dst, value);
        return Ok(());
    }
    let same = vm.reg(src).bounds.umax < 1 << (bits - 1);
    if same {
        assign_scalar_id(vm, src);
    }
    let mut value = *vm.reg(src);
    if !same {
        value.unlink(vm.env.target.behaviour());
    }
    value.bounds.sext(u32::from(bits), w.is32(), rules);
    vm.cur.set_reg(dst, value);
    check_sanity(vm, dst);
    Ok(())
}

fn neg(vm: &mut Vm, w: Width, dst: u8) -> Check<()> {
    operand::read_ok(vm, dst)?;
    operand::write_ok(dst)?;
    secrecy::changed(vm, dst)?;
    let reg = *vm.reg(dst);
    let mut out = Reg::unknown();
    if reg.is_scalar() && vm.env.rules().neg {
        out.precise = reg.precise;
        out.bounds = Bounds::neg(w.is32(), &reg.bounds, vm.env.rules());
    }
    vm.cur.set_reg(dst, out);
    check_sanity(vm, dst);
    Ok(())
}

fn end(vm: &mut Vm, dst: u8, kind: Endness, bits: u8) -> Check<()> {
    operand::read_ok(vm, dst)?;
    operand::write_ok(dst)?;
    secrecy::changed(vm, dst)?;
    let reg = *vm.reg(dst);
    let mut out = Reg::unknown();
    if reg.is_scalar() && vm.env.rules().byte_swap {
        out.precise = reg.precise;
        out.bounds = reg.bounds;
        out.bounds
            .byte_swap(u32::from(bits), kind != Endness::Le, vm.env.rules());
    }
    vm.cur.set_reg(dst, out);
    check_sanity(vm, dst);
    Ok(())
}

/// A conversion between the program's and the arena's address spaces.
fn cast(vm: &mut Vm, dst: u8, src: u8, imm: i32) -> Check<()> {
    let into_arena = arithmetic::cast(&vm.env, imm)?;
    operand::read_ok(vm, src)?;
    operand::write_ok(dst)?;
    let to = if into_arena {
        Reg {
            bounds: Bounds::UNKNOWN,
            ..Reg::pointer(Kind::Arena, Flags::NONE)
        }
    } else {
        Reg::unknown()
    };
    vm.cur.set_reg(dst, to);
    Ok(())
}

fn binary(vm: &mut Vm, w: Width, op: AluOp, dst: u8, src: Src) -> Check<()> {
    if let Src::Reg(src) = src {
        operand::read_ok(vm, src)?;
    }
    operand::read_ok(vm, dst)?;
    if let Src::Imm(imm) = src {
        arithmetic::immediate(w, op, imm)?;
    }
    operand::write_ok(dst)?;
    combine(vm, w, op, dst, src)?;
    check_sanity(vm, dst);
    Ok(())
}

fn combine(vm: &mut Vm, w: Width, op: AluOp, dst: u8, src: Src) -> Check<()> {
    let left = *vm.reg(dst);
    let right = match src {
        Src::Reg(r) => *vm.reg(r),
        Src::Imm(imm) => Reg::constant(imm as i64 as u64),
    };
    if let Some(arena) = with_arena(vm, w, &left, &right)? {
        vm.cur.set_reg(dst, arena);
        return Ok(());
    }
    let flow_keys_fixed = vm.env.target.behaviour().flow_keys_fixed();
    let offsets_joined = vm.env.target.behaviour().offsets_joined();
    let confined = vm.env.confined;
    let how = |order| Arithmetic {
        flow_keys_fixed,
        offsets_joined,
        confined,
        width: w,
        op,
        dst,
        src,
        order,
    };
    match (left.is_scalar(), right.is_scalar()) {
        (false, false) => {
            arithmetic::two_pointers(&vm.env, op, dst)?;
            vm.cur.set_reg(dst, Reg::unknown());
            return Ok(());
        }
        (true, false) => {
            vm.need_precise(dst);
            vm.flush_precision()?;
            return pointer::combine(vm, &how(Order::NumberPointer), &right, &left);
        }
        (false, true) => {
            if let Src::Reg(src) = src {
                vm.need_precise(src);
                vm.flush_precision()?;
            }
            return pointer::combine(vm, &how(Order::PointerNumber), &left, &right);
        }
        (true, true) => {}
    }
    if vm.env.speculates {
        speculation::on_numbers(vm, op, src)?;
    }
    if left.precise
        && let Src::Reg(src) = src
    {
        vm.need_precise(src);
        vm.flush_precision()?;
    }
    // Flushing may have marked either operand.
    let mut left = *vm.reg(dst);
    if let Some(kind) = scalar_op(op)
        && let Some((zero, ones)) = Bounds::fork(kind, &left.bounds, &right.bounds, vm.env.rules())
    {
        let at = vm.insn;
        vm.push_branch(at)?.reg_mut(dst).bounds = zero;
        left.bounds = ones;
    }
    let (mut out, tracked) = number(vm, w, op, &left, &right);
    // Some kernels take what is added to itself for what it has become.
    let addend = match src {
        Src::Reg(src) if src == dst => {
            let linked = left.id != 0 && vm.env.target.behaviour().self_sums_linked();
            linked.then_some(out)
        }
        _ => Some(right),
    };
    let delta = addend.and_then(|addend| link(vm, w, op, &left, &addend));
    let flag = if w.is32() { ADD_CONST32 } else { ADD_CONST };
    let adds = op == AluOp::Add && !w.is32() && left.id != 0;
    let stale = if left.off != 0
        && tracked
        && !(adds && addend.is_some_and(|a| a.bounds.is_const().is_some()))
        && vm.env.target.behaviour().stale_link_distance()
    {
        left.off
    } else {
        0
    };
    (out.id, out.off) = delta.map_or((0, stale), |delta| (left.id | flag, delta));
    vm.cur.set_reg(dst, out);
    Ok(())
}

/// Any arithmetic on an arena pointer gives some other address in the arena.
fn with_arena(vm: &mut Vm, w: Width, left: &Reg, right: &Reg) -> Check<Option<Reg>> {
    let is_arena = |r: &Reg| r.kind == Kind::Arena && r.flags == Flags::NONE;
    let behaviour = vm.env.target.behaviour();
    let arena = match (is_arena(left), is_arena(right)) {
        (true, _) => Some(*left),
        (false, true) if behaviour.arena_absorbs_numbers() => Some(*right),
        _ => None,
    };
    if !w.is32() && (arena.is_some() || vm.env.has_arena) && behaviour.arena_arithmetic_apart() {
        // On arena pointers the instruction becomes one of 32 bits.
        let now = if arena.is_some() {
            ArenaUse::With
        } else {
            ArenaUse::Without
        };
        arithmetic::arena_use(vm, now)?;
        vm.aux[vm.insn].arena_use = now;
    }
    Ok(arena)
}

/// The number that `left op right` gives, and whether the operation is tracked: else
/// nothing is known of the number but its width, if that.
fn number(vm: &Vm, w: Width, op: AluOp, left: &Reg, right: &Reg) -> (Reg, bool) {
    let rules = vm.env.rules();
    let w32 = w.is32();
    let Some(kind) = scalar_op(op) else {
        return (Reg::unknown(), false);
    };
    let tracked = match op {
        AluOp::Lsh | AluOp::Rsh | AluOp::Arsh => {
            right.bounds.const_of(w32).is_some() && right.bounds.umax < w.bits() as u64
        }
        AluOp::Div | AluOp::SDiv | AluOp::Mod | AluOp::SMod => {
            rules.const_divmod && right.bounds.const_of(w32).is_some()
        }
        _ => true,
    };
    let bounds = Bounds::alu(kind, w32, &left.bounds, &right.bounds, rules);
    let of_left = Reg {
        bounds,
        ref_id: RefId::NONE,
        ..*left
    };
    let out = if tracked {
        of_left
    } else {
        Reg::scalar(bounds)
    };
    (out, tracked)
}

/// The distance from the left operand, and so from its copies, at which the
/// result stays linked to them: a number moved by a constant, once.
fn link(vm: &Vm, w: Width, op: AluOp, left: &Reg, right: &Reg) -> Option<i32> {
    if left.id == 0 || left.link() != 0 {
        return None;
    }
    let by = right.bounds.const_of(w.is32())?;
    match (vm.env.target.behaviour().scalar_links(), op, w) {
        (ScalarLinks::Delta, AluOp::Add, Width::W64) => i32::try_from(by).ok(),
        (ScalarLinks::DeltaBoth, AluOp::Add | AluOp::Sub, _) => {
            let by = match w {
                Width::W64 => i32::try_from(by as i64).ok()?,
                // The link is of the low halves: nothing may be above them.
                Width::W32 if left.bounds.umax > u64::from(u32::MAX) => return None,
                Width::W32 => by as u32 as i32,
            };
            if op == AluOp::Sub {
                by.checked_neg()
            } else {
                Some(by)
            }
        }
        _ => None,
    }
}

fn scalar_op(op: AluOp) -> Option<ScalarOp> {
    Some(match op {
        AluOp::Add => ScalarOp::Add,
        AluOp::Sub => ScalarOp::Sub,
        AluOp::Mul => ScalarOp::Mul,
        AluOp::Div => ScalarOp::Div,
        AluOp::SDiv => ScalarOp::SDiv,
        AluOp::Or => ScalarOp::Or,
        AluOp::And => ScalarOp::And,
        AluOp::Lsh => ScalarOp::Lsh,
        AluOp::Rsh => ScalarOp::Rsh,
        AluOp::Mod => ScalarOp::Mod,
        AluOp::SMod => ScalarOp::SMod,
        AluOp::Xor => ScalarOp::Xor,
        AluOp::Arsh => ScalarOp::Arsh,
        AluOp::Mov => return None,
    })
}
