//! Atomic read-modify-write.
//!
//! Checked as a load and a store of the same memory, both aligned. What is
//! fetched is written to its register before the memory is checked, so that a
//! program that fetches into the pointer it goes through is refused.

use super::mem;
use crate::abstract_interp::checks::access::{Access, Dir, Value};
use crate::abstract_interp::checks::{atomic, operand, secrecy};
use crate::abstract_interp::value::{Kind, Reg};
use crate::abstract_interp::vm::{Check, Next, Vm, unknown};
use crate::programs::insn::{AtomicOp, Op};

/// Carries out `lock *(size *)(base + off) op= src`.
pub fn step(vm: &mut Vm, op: Op) -> Check<Next> {
    let Op::Atomic {
        op,
        fetch,
        size,
        base,
        off,
        src,
    } = op
    else {
        return unknown("engine:atomic");
    };
    operand::read_ok(vm, src)?;
    operand::read_ok(vm, base)?;
    if op == AtomicOp::CmpXchg {
        operand::read_ok(vm, 0)?;
        secrecy::exchanged(vm, 0)?;
    }
    secrecy::exchanged(vm, src)?;
    atomic::kind_allowed(vm, base, Dir::Write)?;
    let fetched = match op {
        AtomicOp::CmpXchg => Some(0),
        _ if fetch => Some(src),
        _ => None,
    };
    if let Some(r) = fetched {
        operand::write_ok(r)?;
        vm.cur.set_reg(r, Reg::unknown());
    }
    let access = |dir, value| Access {
        reg: base,
        off: off as i32,
        size: size.bytes(),
        dir,
        value,
        strict: true,
        sx: false,
    };
    mem::access(vm, &access(Dir::Read, Value::Unknown))?;
    if let Some(r) = fetched {
        mem::access(vm, &access(Dir::Read, Value::Reg(r)))?;
    }
    if vm.reg(base).kind == Kind::Arena {
        let pointer = *vm.reg(base);
        mem::remember_class(vm, &pointer, false)?;
    }
    mem::access(vm, &access(Dir::Write, Value::Unknown))?;
    Ok(Next::Fallthrough)
}
