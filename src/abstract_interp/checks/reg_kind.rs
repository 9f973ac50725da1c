//! Which registers an argument accepts, by kind and qualifiers alone.
//!
//! `helpers_spec` lists for each type of argument the register types that may
//! be passed. A register type is a base with qualifiers; both must be equal,
//! after the qualifiers that the argument itself waives (read-only and nullable
//! ones) are taken off the register's.

use crate::abstract_interp::refusal::{Fault, RegClasses};
use crate::abstract_interp::value::{Flags, Kind, Reg};
use crate::abstract_interp::vm::{Check, Vm, unknown};
use crate::helpers_spec::{ArgType, RegBase, RegClass, TypeFlags};
use crate::prelude::*;

/// What arguments accept.
pub type Accepted = &'static [RegClass];

/// What an argument accepts on the target.
pub fn accepted(vm: &Vm<'_>, arg: ArgType) -> Check<Accepted> {
    match vm.env.target.registers(arg) {
        [] => unknown(format!("helper-argument:{}", arg.name())),
        list => Ok(list),
    }
}

/// The base of a register's type; `None` for kinds that no argument takes.
pub fn base(kind: &Kind) -> Option<RegBase> {
    Some(match kind {
        Kind::Scalar => RegBase::Scalar,
        Kind::Ctx => RegBase::Ctx,
        Kind::ConstMap { .. } => RegBase::ConstMap,
        Kind::MapValue { .. } => RegBase::MapValue,
        Kind::MapKey { .. } => RegBase::MapKey,
        Kind::Stack { .. } => RegBase::Stack,
        Kind::PacketMeta => RegBase::PacketMeta,
        Kind::Packet => RegBase::Packet,
        Kind::Socket => RegBase::Socket,
        Kind::SockCommon => RegBase::SockCommon,
        Kind::TcpSock => RegBase::TcpSock,
        Kind::XdpSock => RegBase::XdpSock,
        Kind::Btf { .. } => RegBase::BtfId,
        Kind::Mem { .. } => RegBase::Mem,
        Kind::Buf => RegBase::Buf,
        Kind::Func { .. } => RegBase::Func,
        Kind::ConstDynptr { .. } => RegBase::ConstDynptr,
        _ => return None,
    })
}

const QUALIFIERS: [(TypeFlags, Flags); 8] = [
    (TypeFlags::MAYBE_NULL, Flags::MAYBE_NULL),
    (TypeFlags::RDONLY, Flags::RDONLY),
    (TypeFlags::RINGBUF, Flags::RINGBUF),
    (TypeFlags::PERCPU, Flags::PERCPU),
    (TypeFlags::RCU, Flags::RCU),
    (TypeFlags::TRUSTED, Flags::TRUSTED),
    (TypeFlags::ALLOC, Flags::ALLOC),
    (TypeFlags::NON_OWN_REF, Flags::NON_OWN_REF),
];

/// The qualifiers of a register type in a signature.
pub fn qualifiers(flags: TypeFlags) -> Flags {
    QUALIFIERS
        .iter()
        .filter(|(from, _)| flags.has(*from))
        .fold(Flags::NONE, |all, (_, to)| all.with(*to))
}

/// Whether a register of this base and these qualifiers is in the list.
pub fn matches(list: Accepted, reg: &Reg, waived: Flags) -> bool {
    let Some(base) = base(&reg.kind) else {
        return false;
    };
    // Old kernels don't tell reservations of a ring buffer from other memory.
    let told = list.iter().any(|c| c.flags.has(TypeFlags::RINGBUF));
    let waived = if told {
        waived
    } else {
        waived.with(Flags::RINGBUF)
    };
    let have = reg.flags.without(waived);
    list.iter()
        .any(|c| c.base == base && qualifiers(c.flags) == have)
}

/// The fault of a register that is none of what an argument accepts.
pub fn mismatch(list: Accepted, reg: &Reg) -> Fault {
    Fault::ArgumentKind {
        held: *reg,
        expected: RegClasses(list),
    }
}
