//! How the kernel's log names what a register holds.

use crate::abstract_interp::value::{Flags, Kind, Reg};

/// The name of a register's type, as in `invalid mem access 'map_value_or_null'`.
pub fn type_name(reg: &Reg) -> String {
    let base = match reg.kind {
        Kind::Uninit => "?",
        Kind::Scalar => "scalar",
        Kind::Ctx => "ctx",
        Kind::ConstMap { .. } => "map_ptr",
        Kind::MapValue { .. } => "map_value",
        Kind::Stack { .. } => "fp",
        Kind::Packet => "pkt",
        Kind::PacketMeta => "pkt_meta",
        Kind::PacketEnd => "pkt_end",
        Kind::FlowKeys => "flow_keys",
        Kind::Socket => "sock",
        Kind::SockCommon => "sock_common",
        Kind::TcpSock => "tcp_sock",
        Kind::TpBuffer => "tp_buffer",
        Kind::XdpSock => "xdp_sock",
        Kind::Btf { .. } => "ptr_",
        Kind::Mem { .. } => "mem",
        Kind::Arena => "arena",
        Kind::Buf => "buf",
        Kind::Func { .. } => "func",
        Kind::MapKey { .. } => "map_key",
        Kind::Insn { .. } => "insn",
        Kind::ConstDynptr { .. }
        | Kind::DynptrSlot { .. }
        | Kind::IterSlot { .. }
        | Kind::IrqSlot { .. } => "dynptr_ptr",
    };
    let mut name = String::new();
    for (flag, prefix) in [
        (Flags::RDONLY, "rdonly_"),
        (Flags::RINGBUF, "ringbuf_"),
        (Flags::USER, "user_"),
        (Flags::PERCPU, "percpu_"),
        (Flags::RCU, "rcu_"),
        (Flags::UNTRUSTED, "untrusted_"),
        (Flags::TRUSTED, "trusted_"),
    ] {
        if reg.flags.has(flag) {
            name.push_str(prefix);
        }
    }
    name.push_str(base);
    if reg.maybe_null() {
        name.push_str(if matches!(reg.kind, Kind::Btf { .. }) { "or_null_" } else { "_or_null" });
    }
    name
}

/// A partly known number as the log writes it: `(0x0; 0xff)`, or its decimal
/// value when it is known.
pub fn tnum_name(value: u64, mask: u64) -> String {
    if mask == 0 { format!("{}", value as i64) } else { format!("({value:#x}; {mask:#x})") }
}
