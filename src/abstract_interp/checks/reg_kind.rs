//! Which registers an argument accepts, by kind and qualifiers alone.
//!
//! The table is the verifier's: for each type of argument the register types
//! that may be passed. A register type is a base with qualifiers; both must be
//! equal, after the qualifiers that the argument itself waives (read-only and
//! nullable ones) are taken off the register's.

use crate::abstract_interp::checks::names::type_name;
use crate::abstract_interp::value::{Flags, Kind, Reg};
use crate::helpers_spec::ArgType;

/// A register's kind without its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// A number.
    Scalar,
    /// The context.
    Ctx,
    /// A map.
    ConstMap,
    /// A map's value.
    MapValue,
    /// A map's key.
    MapKey,
    /// Stack.
    Stack,
    /// Packet metadata.
    PacketMeta,
    /// Packet data.
    Packet,
    /// A full socket.
    Socket,
    /// The common part of a socket.
    SockCommon,
    /// A TCP socket.
    TcpSock,
    /// An AF_XDP socket.
    XdpSock,
    /// A BTF object.
    Btf,
    /// Memory of known size.
    Mem,
    /// A buffer.
    Buf,
    /// A function.
    Func,
    /// A dynptr argument.
    ConstDynptr,
    /// Something that no argument accepts.
    Other,
}

impl Base {
    /// Of a kind.
    pub fn of(kind: &Kind) -> Base {
        match kind {
            Kind::Scalar => Base::Scalar,
            Kind::Ctx => Base::Ctx,
            Kind::ConstMap { .. } => Base::ConstMap,
            Kind::MapValue { .. } => Base::MapValue,
            Kind::MapKey { .. } => Base::MapKey,
            Kind::Stack { .. } => Base::Stack,
            Kind::PacketMeta => Base::PacketMeta,
            Kind::Packet => Base::Packet,
            Kind::Socket => Base::Socket,
            Kind::SockCommon => Base::SockCommon,
            Kind::TcpSock => Base::TcpSock,
            Kind::XdpSock => Base::XdpSock,
            Kind::Btf { .. } => Base::Btf,
            Kind::Mem { .. } => Base::Mem,
            Kind::Buf => Base::Buf,
            Kind::Func { .. } => Base::Func,
            Kind::ConstDynptr { .. } => Base::ConstDynptr,
            _ => Base::Other,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Base::Scalar => "scalar",
            Base::Ctx => "ctx",
            Base::ConstMap => "map_ptr",
            Base::MapValue => "map_value",
            Base::MapKey => "map_key",
            Base::Stack => "fp",
            Base::PacketMeta => "pkt_meta",
            Base::Packet => "pkt",
            Base::Socket => "sock",
            Base::SockCommon => "sock_common",
            Base::TcpSock => "tcp_sock",
            Base::XdpSock => "xdp_sock",
            Base::Btf => "ptr_",
            Base::Mem => "mem",
            Base::Buf => "buf",
            Base::Func => "func",
            Base::ConstDynptr => "dynptr_ptr",
            Base::Other => "unknown",
        }
    }
}

/// A base with the qualifiers it must have.
pub type RegType = (Base, Flags);

const fn plain(base: Base) -> RegType {
    (base, Flags::NONE)
}

/// Memory of any sort; also what `memory` arguments and map keys and values
/// take.
pub const MEM: &[RegType] = &[
    plain(Base::Stack),
    plain(Base::Packet),
    plain(Base::PacketMeta),
    plain(Base::MapKey),
    plain(Base::MapValue),
    plain(Base::Mem),
    (Base::Mem, Flags::RINGBUF),
    plain(Base::Buf),
    (Base::Btf, Flags::TRUSTED),
];
const SOCK: &[RegType] = &[
    plain(Base::SockCommon),
    plain(Base::Socket),
    plain(Base::TcpSock),
    plain(Base::XdpSock),
];
const BTF_SOCK: &[RegType] = &[
    plain(Base::SockCommon),
    plain(Base::Socket),
    plain(Base::TcpSock),
    plain(Base::XdpSock),
    plain(Base::Btf),
    (Base::Btf, Flags::TRUSTED),
];
const VALUE_OR_ALLOC: &[RegType] = &[plain(Base::MapValue), (Base::Btf, Flags::ALLOC)];
/// Kernel objects.
pub const BTF: &[RegType] =
    &[plain(Base::Btf), (Base::Btf, Flags::TRUSTED), (Base::Btf, Flags::RCU)];
const PERCPU_BTF: &[RegType] = &[
    (Base::Btf, Flags::PERCPU),
    (Base::Btf, Flags::PERCPU.with(Flags::RCU)),
    (Base::Btf, Flags::PERCPU.with(Flags::TRUSTED)),
];

/// What an argument accepts; `None` for a type that no rule is known for.
pub fn accepted(arg: ArgType) -> Option<&'static [RegType]> {
    Some(match arg {
        ArgType::MapKey | ArgType::MapValue | ArgType::Mem => MEM,
        ArgType::Scalar
        | ArgType::ConstSize
        | ArgType::ConstSizeOrZero
        | ArgType::ConstAllocSizeOrZero => {
            const { &[plain(Base::Scalar)] }
        }
        ArgType::ConstMapPtr => const { &[plain(Base::ConstMap)] },
        ArgType::Ctx => const { &[plain(Base::Ctx)] },
        ArgType::SockCommon => SOCK,
        ArgType::BtfIdSockCommon => BTF_SOCK,
        ArgType::Socket => const { &[plain(Base::Socket)] },
        ArgType::BtfId => BTF,
        ArgType::SpinLock | ArgType::KptrXchgDest => VALUE_OR_ALLOC,
        ArgType::RingbufMem => const { &[(Base::Mem, Flags::RINGBUF)] },
        ArgType::PercpuBtfId => PERCPU_BTF,
        ArgType::Func => const { &[plain(Base::Func)] },
        ArgType::Stack => const { &[plain(Base::Stack)] },
        ArgType::ConstStr | ArgType::Timer => const { &[plain(Base::MapValue)] },
        ArgType::Dynptr => const { &[plain(Base::Stack), plain(Base::ConstDynptr)] },
        _ => return None,
    })
}

/// Whether a register of this base and these qualifiers is in the list.
pub fn matches(list: &[RegType], reg: &Reg, waived: Flags) -> bool {
    let ty = (Base::of(&reg.kind), reg.flags.without(waived));
    list.contains(&ty)
}

/// The kernel's words for a register that isn't in the list.
pub fn mismatch(list: &[RegType], r: u8, reg: &Reg) -> String {
    let expected: Vec<String> = list.iter().map(name_of).collect();
    format!("R{r} type={} expected={}", type_name(reg), expected.join(", "))
}

fn name_of((base, flags): &RegType) -> String {
    let mut name = String::new();
    for (flag, prefix) in [
        (Flags::RINGBUF, "ringbuf_"),
        (Flags::PERCPU, "percpu_"),
        (Flags::RCU, "rcu_"),
        (Flags::TRUSTED, "trusted_"),
    ] {
        if flags.has(flag) {
            name.push_str(prefix);
        }
    }
    name + base.name()
}
