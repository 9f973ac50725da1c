//! What a register or a stack slot holds, in plain words.

use crate::abstract_interp::env::Env;
use crate::abstract_interp::stack::{Byte, Slot};
use crate::abstract_interp::state::NREGS;
use crate::abstract_interp::value::{
    AT_PKT_END, BEYOND_PKT_END, BtfSrc, DynptrType, Flags, IterState, Kind, MapRef, Reg,
};

/// A register's content, or `None` for one that was never written.
pub(super) fn register(env: &Env<'_>, reg: &Reg) -> Option<String> {
    let base = match reg.kind {
        Kind::Uninit => return None,
        Kind::Scalar => return Some(number(reg)),
        Kind::Ctx => "context".to_owned(),
        Kind::ConstMap { map, .. } => format!("map {}", map_name(env, map)),
        Kind::MapValue { map, .. } => format!("value of {}", map_name(env, map)),
        Kind::MapKey { map, .. } => format!("key of {}", map_name(env, map)),
        Kind::Stack { frame } => return Some(stack(reg, frame)),
        Kind::PacketMeta => "packet metadata".to_owned(),
        Kind::Packet => "packet".to_owned(),
        Kind::PacketEnd => "packet end".to_owned(),
        Kind::FlowKeys => "flow keys".to_owned(),
        Kind::Socket => "socket".to_owned(),
        Kind::SockCommon => "socket (common part)".to_owned(),
        Kind::TcpSock => "TCP socket".to_owned(),
        Kind::XdpSock => "XDP socket".to_owned(),
        Kind::TpBuffer => "tracepoint's buffer".to_owned(),
        Kind::Btf { btf, id } => type_name(env, btf, id),
        Kind::Mem { size, .. } => format!("memory of {size} bytes"),
        Kind::Buf => "buffer".to_owned(),
        Kind::Arena => "arena address".to_owned(),
        Kind::Func { subprog } => {
            let subprogs = &env.program.subprogs;
            let name = subprogs.get(subprog as usize).map_or("?", |s| &*s.name);
            format!("function {name}")
        }
        Kind::ConstDynptr { ty } => dynptr(ty).to_owned(),
        Kind::Insn { .. } => "code address".to_owned(),
        Kind::DynptrSlot { ty, .. } => dynptr(ty).to_owned(),
        Kind::IterSlot { btf, id, state, .. } => {
            let state = match state {
                IterState::Active => "may give more",
                IterState::Drained => "at its end",
            };
            format!("iterator {}, {state}", type_name(env, btf, id))
        }
        Kind::IrqSlot { .. } => "saved interrupt flags".to_owned(),
    };
    let mut text = base;
    offset(&mut text, reg);
    match reg.range {
        _ if !reg.is_packet() => {}
        AT_PKT_END => text.push_str(", at or after the end"),
        BEYOND_PKT_END => text.push_str(", after the end"),
        0 => text.push_str(", unchecked"),
        n => text.push_str(&format!(", {n} bytes checked")),
    }
    for (flag, word) in [
        (Flags::MAYBE_NULL, ", or NULL"),
        (Flags::RDONLY, ", read-only"),
        (Flags::USER, ", user memory"),
        (Flags::PERCPU, ", per CPU"),
        (Flags::UNTRUSTED, ", untrusted"),
        (Flags::RCU, ", under RCU"),
        (Flags::ALLOC, ", allocated here"),
        (Flags::NON_OWN_REF, ", not owned"),
        (Flags::UNINIT, ", not yet written"),
    ] {
        if reg.flags.has(flag) {
            text.push_str(word);
        }
    }
    if reg.ref_id.is_some() {
        text.push_str(&format!(" (reference {})", reg.ref_id.number()));
    }
    Some(text)
}

fn offset(text: &mut String, reg: &Reg) {
    if reg.off != 0 {
        text.push_str(&format!("{:+}", reg.off));
    }
    if !reg.var_off_is_zero() {
        text.push_str(&format!(" + ({})", range(reg)));
    }
}

fn stack(reg: &Reg, frame: u8) -> String {
    let mut text = format!("stack of frame {frame}, fp");
    offset(&mut text, reg);
    text
}

fn number(reg: &Reg) -> String {
    let mut text = range(reg);
    if reg.precise {
        text.push_str(" (exact value matters)");
    }
    text
}

/// A range as wide as this is told as any number.
const WIDE: u64 = 1 << 62;

/// The values that a number may have.
fn range(reg: &Reg) -> String {
    let b = &reg.bounds;
    if let Some(value) = b.is_const() {
        return constant(value);
    }
    let signed_is_one = b.smin >= 0 || b.smax < 0;
    let mut text = if b.umax.wrapping_sub(b.umin) < WIDE && signed_is_one {
        format!("{} to {}", constant(b.umin), constant(b.umax))
    } else if b.smin.abs_diff(b.smax) < WIDE {
        format!("{} to {}", b.smin, b.smax)
    } else if b.umax.wrapping_sub(b.umin) < WIDE {
        format!("{} to {}", constant(b.umin), constant(b.umax))
    } else {
        let low = match (b.u32min, b.u32max) {
            (0, u32::MAX) => String::new(),
            (min, max) => format!(" with low half {min} to {max}"),
        };
        format!("any number{low}")
    };
    let zeros = b.tnum.value | b.tnum.mask;
    let low = zeros.trailing_zeros();
    if low > 0 && low < 64 {
        text.push_str(&format!(", a multiple of {}", 1u64 << low));
    }
    text
}

fn constant(value: u64) -> String {
    match i32::try_from(value as i64) {
        Ok(small) => small.to_string(),
        Err(_) if value <= u64::from(u32::MAX) => value.to_string(),
        Err(_) => format!("{value:#x}"),
    }
}

fn map_name(env: &Env<'_>, map: MapRef) -> String {
    let name = env.program.maps.get(map.index());
    let name = name.map_or_else(|| format!("#{}", map.index()), |m| m.name.to_string());
    if map.is_inner() {
        format!("inside {name}")
    } else {
        name
    }
}

fn type_name(env: &Env<'_>, src: BtfSrc, id: u32) -> String {
    let btf = match src {
        BtfSrc::Kernel => env.types.any(),
        BtfSrc::Program => env.program.btf.as_deref(),
    };
    btf.map_or_else(|| format!("type {id}"), |btf| btf.describe(id))
}

const fn dynptr(ty: DynptrType) -> &'static str {
    match ty {
        DynptrType::Local => "dynptr of own memory",
        DynptrType::Ringbuf => "dynptr of a ring buffer",
        DynptrType::Skb => "dynptr of the packet (skb)",
        DynptrType::Xdp => "dynptr of the packet (xdp)",
        DynptrType::File => "dynptr of a file",
        DynptrType::SkbMeta => "dynptr of the packet's metadata",
    }
}

/// A stack slot's content, or `None` for one of which no byte was written.
pub(super) fn slot(env: &Env<'_>, slot: &Slot) -> Option<String> {
    if slot.kinds.iter().all(|b| *b == Byte::Invalid) {
        return None;
    }
    if slot.is_spill() || slot.is_special() {
        let bytes = slot.kinds.iter().filter(|b| **b == slot.kinds[7]).count();
        let held = register(env, &slot.spill).unwrap_or_else(|| "something".to_owned());
        return Some(match bytes {
            8 => held,
            n => format!("{held} (low {n} bytes)"),
        });
    }
    let bytes = bytes(slot)?;
    Some(match &*bytes {
        "mmmmmmmm" => "8 bytes written".to_owned(),
        "00000000" => "zero".to_owned(),
        _ => format!("bytes {bytes}"),
    })
}

/// A slot byte by byte, from the lowest address up: `-` not written, `0` zero, `m`
/// something; `None` for one of which no byte was written.
pub(super) fn bytes(slot: &Slot) -> Option<String> {
    let byte = |b: &Byte| match b {
        Byte::Invalid => '-',
        Byte::Zero => '0',
        _ => 'm',
    };
    let text: String = slot.kinds.iter().rev().map(byte).collect();
    text.contains(|c| c != '-').then_some(text)
}

/// A place's name: `r3`, `fp-8`.
pub(super) fn place_name(place: u16) -> String {
    match usize::from(place).checked_sub(NREGS) {
        Some(spi) => format!("fp-{}", 8 * (spi + 1)),
        None => format!("r{place}"),
    }
}

/// `r3` of the innermost frame is place 3; its slot 0 is place [`NREGS`].
pub(super) const fn register_place(reg: usize) -> u16 {
    reg as u16
}

/// The place of a stack slot.
pub(super) const fn slot_place(spi: usize) -> u16 {
    (NREGS + spi) as u16
}
