//! The words for typed evidence: kinds of register, sections, fields, numbers.

use super::Series;
use crate::abstract_interp::checks::access::Dir;
use crate::abstract_interp::refusal::{
    Buffer, End, Held, IrqKind, Lock, Owner, Return, Section, Signed, StackObject, Tag, Value, Way,
};
use crate::abstract_interp::value::{DynptrType, Flags, Kind, Reg};
use crate::helpers_spec::{RegBase, RegClass, TypeFlags};
use crate::prelude::*;
use crate::programs::insn::AluOp;

/// The first series that calls a number `scalar`.
const SCALAR: Series = (5, 18);

/// A piece of evidence, in a word or few.
pub(in crate::diagnostics) fn word(value: Value<'_>, series: Series) -> String {
    let fixed = match value {
        Value::Number(n) => return n.to_string(),
        Value::Unsigned(n) => return n.to_string(),
        Value::Name(name) => return name.to_owned(),
        Value::Held(reg) => return type_name(reg, series),
        Value::Tnum(t) => return bits(t.value, t.mask),
        Value::Undecodable(fault) => return fault.to_string(),
        Value::Owner(Owner::Map(name)) => return format!("map '{name}'"),
        Value::Owner(Owner::Object) => "local 'kptr'",
        Value::Classes(list) => {
            let names: Vec<String> = list.0.iter().map(class).collect();
            return names.join(", ");
        }
        Value::Frames(frames) => {
            let each = frames
                .iter()
                .map(|f| format!("func#{}:{}", f.subprog, f.bytes));
            return each.collect::<Vec<_>>().join(",");
        }
        Value::Signed(range) => return signed(range),
        Value::Field(field) => field.name(),
        Value::Dir(Dir::Read) => "read from",
        Value::Dir(Dir::Write) => "write to",
        Value::Operator(op) => operator(op),
        Value::Dynptr(ty) => dynptr(ty),
        Value::Way(way) => match way {
            Way::Exit => "BPF_EXIT instruction",
            Way::TailCall => "tail_call",
            Way::LegacyLoad => "BPF_LD_[ABS|IND]",
            Way::Throw => "bpf_throw",
        },
        Value::Section(section) => match section {
            Section::Rcu => "rcu_read_lock region",
            Section::Preempt => "non-preemptible region",
            Section::Irq => "IRQ-disabled region",
            Section::Lock => "lock region",
            Section::Program => "non-sleepable prog",
        },
        Value::Open(open) => match open.0 {
            Section::Rcu => "bpf_rcu_read_lock",
            Section::Preempt => "bpf_preempt_disable",
            Section::Irq => "bpf_local_irq_save",
            Section::Lock | Section::Program => "bpf_spin_lock",
        },
        Value::End(End::Min) => "min",
        Value::End(End::Max) => "max",
        Value::Buffer(buffer) => match buffer {
            Buffer::ReadOnly => "rdonly",
            Buffer::ReadWrite => "rdwr",
            Buffer::Tracepoint => "tracepoint",
        },
        Value::Object(object) => match object {
            StackObject::Dynptr => "dynptr",
            StackObject::Iter => "iter",
            StackObject::IrqFlag => "irq_flag",
        },
        Value::Irq(IrqKind::Native) => "native",
        Value::Irq(IrqKind::Lock) => "lock",
        Value::Lock(Lock::Plain) => "bpf_spin",
        Value::Lock(Lock::Resilient) => "bpf_res_spin",
        Value::Return(end) => match end {
            Return::Program => "At program exit",
            Return::Callback => "At callback return",
            Return::AsyncCallback => "At async callback return",
            Return::SetRetval => "At bpf_set_retval",
        },
        Value::Tag(Tag::Untrusted) => "untrusted",
        Value::Tag(Tag::Arena) => "arena",
    };
    fixed.to_owned()
}

/// What a register held, as a log shows it.
pub fn held(held: &Held) -> String {
    match held {
        Held::Known(reg) => register(reg),
        Held::Logged(text) => text.clone(),
    }
}

/// A register: a number's bounds, or a pointer's type and offsets.
fn register(reg: &Reg) -> String {
    if reg.is_scalar() {
        return reg.bounds.to_string();
    }
    let mut pieces = Vec::new();
    if reg.id != 0 {
        pieces.push(format!("id={}", reg.id));
    }
    pieces.push(format!("off={}", reg.off));
    if reg.is_packet() {
        pieces.push(format!("r={}", reg.range));
    }
    if !reg.var_off_is_zero() {
        pieces.push(reg.bounds.pieces().to_string());
    }
    format!("{}({})", type_name(reg, super::NEWEST), pieces.join(","))
}

/// The name of a register's type, as in `invalid mem access 'map_value_or_null'`.
fn type_name(reg: &Reg, series: Series) -> String {
    let base = match reg.kind {
        Kind::Uninit => "?",
        Kind::Scalar if series < SCALAR => "inv",
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
        name.push_str(if matches!(reg.kind, Kind::Btf { .. }) {
            "or_null_"
        } else {
            "_or_null"
        });
    }
    name
}

/// A value of which some bits are known.
fn bits(value: u64, mask: u64) -> String {
    match (mask, value) {
        (0, 0..=0xffff) => format!("{value}"),
        (0, _) => format!("{value:#x}"),
        _ => format!("({value:#x}; {mask:#x})"),
    }
}

/// The bounds that are known.
fn signed(range: Signed) -> String {
    match (range.min, range.max) {
        (i64::MIN, i64::MAX) => "unknown".to_owned(),
        (i64::MIN, max) => format!("..{max}"),
        (min, i64::MAX) => format!("{min}.."),
        (min, max) if min == max => format!("{min}"),
        (min, max) => format!("{min}..{max}"),
    }
}

/// An operator, as disassembled.
fn operator(op: AluOp) -> &'static str {
    match op {
        AluOp::Add => "+=",
        AluOp::Sub => "-=",
        AluOp::Mul => "*=",
        AluOp::Div | AluOp::SDiv => "/=",
        AluOp::Or => "|=",
        AluOp::And => "&=",
        AluOp::Lsh => "<<=",
        AluOp::Rsh => ">>=",
        AluOp::Mod | AluOp::SMod => "%=",
        AluOp::Xor => "^=",
        AluOp::Mov => "=",
        AluOp::Arsh => "s>>=",
    }
}

fn dynptr(ty: DynptrType) -> &'static str {
    match ty {
        DynptrType::Local => "local",
        DynptrType::Ringbuf => "ringbuf",
        DynptrType::Skb => "skb",
        DynptrType::Xdp => "xdp",
        DynptrType::File => "file",
        DynptrType::SkbMeta => "skb_meta",
    }
}

/// A register type that an argument takes.
fn class(class: &RegClass) -> String {
    let mut name = String::new();
    for (flag, prefix) in [
        (TypeFlags::RDONLY, "rdonly_"),
        (TypeFlags::RINGBUF, "ringbuf_"),
        (TypeFlags::PERCPU, "percpu_"),
        (TypeFlags::RCU, "rcu_"),
        (TypeFlags::TRUSTED, "trusted_"),
    ] {
        if class.flags.has(flag) {
            name.push_str(prefix);
        }
    }
    name + match class.base {
        RegBase::Scalar => "scalar",
        RegBase::Ctx => "ctx",
        RegBase::ConstMap => "map_ptr",
        RegBase::MapValue => "map_value",
        RegBase::MapKey => "map_key",
        RegBase::Stack => "fp",
        RegBase::PacketMeta => "pkt_meta",
        RegBase::Packet => "pkt",
        RegBase::Socket => "sock",
        RegBase::SockCommon => "sock_common",
        RegBase::TcpSock => "tcp_sock",
        RegBase::XdpSock => "xdp_sock",
        RegBase::BtfId => "ptr_",
        RegBase::Mem => "mem",
        RegBase::Buf => "buf",
        RegBase::Func => "func",
        RegBase::ConstDynptr => "dynptr_ptr",
    }
}
