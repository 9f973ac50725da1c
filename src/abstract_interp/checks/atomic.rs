//! Pointers that atomic instructions, and loads and stores with ordering, may go through.
//!
//! Memory that the kernel rewrites accesses of (contexts, sockets, flow keys) has no
//! address to lock; packets may lie in pages that other processors don't see.

use super::access::Dir;
use crate::abstract_interp::refusal::{Fault, refuse_reg};
use crate::abstract_interp::value::{Flags, Kind};
use crate::abstract_interp::vm::{Check, Vm};
use crate::programs::insn::{AtomicOp, Op};

/// Refuses the kinds of pointer that the current instruction may not go through.
pub fn kind_allowed(vm: &Vm<'_>, base: u8, dir: Dir) -> Check<()> {
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
    let held = *reg;
    match dir {
        _ if !refused => Ok(()),
        Dir::Read => refuse_reg(base, Fault::AtomicLoad { held }),
        Dir::Write => refuse_reg(base, Fault::AtomicStore { held }),
    }
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
