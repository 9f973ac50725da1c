//! Atomic read-modify-write.
//!
//! Checked as a load and a store of the same memory, both aligned. What is
//! fetched is written to its register before the memory is checked, so that a
//! program that fetches into the pointer it goes through is refused.

use super::mem;
use crate::abstract_interp::checks::access::{Access, Dir, Value};
use crate::abstract_interp::checks::{operand, secrecy};
use crate::abstract_interp::refusal::{Fault, refuse_reg};
use crate::abstract_interp::value::{Flags, Kind, Reg};
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
        secrecy::keep(vm, 0, Fault::AddressIntoMemory)?;
    }
    secrecy::keep(vm, src, Fault::AddressIntoMemory)?;
    kind_allowed(vm, base, Dir::Write)?;
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

/// Refuses the kinds of pointer that atomics may not go through.
pub fn kind_allowed(vm: &Vm, base: u8, dir: Dir) -> Check<()> {
    let reg = vm.reg(base);
    let plain = reg.flags == Flags::NONE;
    let refused = match reg.kind {
        Kind::Packet | Kind::PacketMeta => true,
        Kind::Ctx
        | Kind::FlowKeys
        | Kind::Socket
        | Kind::SockCommon
        | Kind::TcpSock
        | Kind::XdpSock => plain,
        Kind::Arena => plain && !arena_supported(vm.op()),
        _ => false,
    };
    if refused {
        let held = *reg;
        return match dir {
            Dir::Read => refuse_reg(base, Fault::AtomicLoad { held }),
            Dir::Write => refuse_reg(base, Fault::AtomicStore { held }),
        };
    }
    Ok(())
}

/// x86-64 can't recover from a fault in the loop that a fetching and, or or xor
/// takes.
fn arena_supported(op: Op) -> bool {
    !matches!(
        op,
        Op::Atomic {
            op: AtomicOp::And | AtomicOp::Or | AtomicOp::Xor,
            fetch: true,
            ..
        }
    )
}
