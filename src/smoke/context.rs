//! Contexts: what r1 points at when a program starts.
//!
//! The tables of `helpers_spec` say which fields a context has and what a load of
//! each yields; this file makes an object that yields that: packet pointers that
//! follow the packet, sockets, flow keys, numbers that fit the field's name. Where
//! the context is registers or memory the bytes come from the seed, with kernel
//! objects where a function's first arguments would be. Programs whose arguments
//! are typed by BTF get an array of kernel objects (and numbers, where the
//! kernel's or the object's BTF tells that an argument is one).

use super::engine::FaultKind;
use super::helpers::SPEC;
use super::image::Image;
use super::inputs::Input;
use super::memory::{Kind, Overlay, RegionId};
use super::packet::{Fields, Packet};
use super::runtime::{Rng, Runtime};
use super::steer::Thing;
use crate::helpers_spec::{AttachType, CtxKind, CtxLayout, ProgType, ctx_access};
use crate::object::{Btf, Type};

/// Bytes of a context without a layout: arguments of a traced function.
const ARGS_BYTES: usize = 16 * 8;
/// Bytes of a modelled socket.
const SOCKET_BYTES: usize = 4096;
/// Bytes of `bpf_flow_keys`.
const FLOW_KEYS_BYTES: usize = 56;
/// Longest memory context.
const MAX_BUFFER: usize = 4096;

/// Whether packets of the type begin with a link header.
pub fn has_link_header(prog_type: ProgType) -> bool {
    use ProgType as P;
    matches!(
        prog_type,
        P::Xdp | P::SchedCls | P::SchedAct | P::SocketFilter | P::FlowDissector
    )
}

/// Whether the type is about packets at all.
pub fn has_packet(prog_type: ProgType) -> bool {
    use ProgType as P;
    has_link_header(prog_type)
        || matches!(
            prog_type,
            P::CgroupSkb
                | P::LwtIn
                | P::LwtOut
                | P::LwtXmit
                | P::LwtSeg6local
                | P::SkSkb
                | P::SkMsg
                | P::SkReuseport
                | P::SockOps
                | P::Netfilter
        )
}

fn full() -> FaultKind {
    FaultKind::NotModelled("more memory objects".into())
}

/// Makes the context of a program; its address.
pub fn build(
    rt: &mut Runtime,
    image: &Image,
    program: u32,
    input: &Input,
    kernel_btf: Option<&Btf>,
) -> Result<u64, FaultKind> {
    let mut rng = Rng(input.seed ^ 0xc0de);
    let user = rt
        .mem
        .alloc(Kind::Buffer, filler(&mut rng, 4096))
        .ok_or_else(full)?;
    rt.mem.set_lenient(user);
    rt.user = Some(user);
    rt.steer_object(user, &Thing::User)?;
    for _ in 0..2 {
        let len = 8 + rng.below(64) as usize;
        rt.user_records.push_back(filler(&mut rng, len));
    }
    if has_packet(rt.prog_type) {
        let link = has_link_header(rt.prog_type);
        rt.packet = Packet::new(&mut rt.mem, &input.packet, link);
    }
    let layout = ctx_access(rt.prog_type, rt.attach_type, SPEC);
    // Of a context about a packet the fields that lead there stay: the rest is given.
    let about = layout.filter(|_| rt.packet.is_some() && rt.prog_type != ProgType::Netfilter);
    if let (Some(bytes), Some(layout)) = (&input.context, about) {
        let id = fields(rt, layout, &mut rng)?;
        for (place, byte) in rt.mem.bytes_mut(id).iter_mut().zip(bytes) {
            *place = *byte;
        }
        if let Some(packet) = &rt.packet {
            packet.sync(&mut rt.mem);
        }
        rt.ctx = Some(id);
        rt.steer_context(id)?;
        return Ok(rt.mem.base(id));
    }
    if let Some(bytes) = &input.context {
        let id = rt
            .mem
            .alloc(Kind::Context, bytes.clone())
            .ok_or_else(full)?;
        rt.ctx = Some(id);
        rt.steer_context(id)?;
        return Ok(rt.mem.base(id));
    }
    let id = match layout {
        Some(layout) if rt.prog_type != ProgType::Netfilter => fields(rt, layout, &mut rng)?,
        _ => arguments(rt, image, program, kernel_btf, &mut rng)?,
    };
    rt.ctx = Some(id);
    rt.steer_context(id)?;
    Ok(rt.mem.base(id))
}

/// Bytes of some text and some numbers.
fn filler(rng: &mut Rng, len: usize) -> Vec<u8> {
    const TEXT: &[u8] = b"/usr/bin/smoke\0GET / HTTP/1.1\r\nHost: example.com\r\n\r\n\0";
    let mut out: Vec<u8> = TEXT.iter().copied().take(len / 2).collect();
    while out.len() < len {
        out.extend(rng.draw().to_le_bytes());
    }
    out.truncate(len);
    out
}

/// A context described by a layout.
fn fields(rt: &mut Runtime, layout: &CtxLayout, rng: &mut Rng) -> Result<RegionId, FaultKind> {
    let size = (layout.limit().max(layout.size) as usize).clamp(8, MAX_BUFFER);
    let memory = layout.fields().is_empty();
    let mut bytes = vec![0; size];
    if memory || matches!(rt.prog_type, ProgType::Kprobe | ProgType::PerfEvent) {
        registers(rt, &mut bytes, rng)?;
    }
    for (name, off, len) in layout.fields() {
        let (off, len) = (usize::from(*off), usize::from(*len));
        let value = number(rt, name, rng);
        let filled = value.to_le_bytes();
        let len = len.min(8);
        if let (Some(place), Some(from)) = (bytes.get_mut(off..off + len), filled.get(..len)) {
            place.copy_from_slice(from);
        }
    }
    let id = rt.mem.alloc(Kind::Context, bytes).ok_or_else(full)?;
    let mut overlays = Vec::new();
    let mut packet = Fields::default();
    // What is no number is aligned.
    for off in (0..layout.limit()).step_by(4) {
        for len in [4u32, 8] {
            let Some(field) = layout.access(off, len, false) else {
                continue;
            };
            let value = match field.kind {
                CtxKind::Scalar => continue,
                CtxKind::Packet => {
                    packet.data = Some(off);
                    0
                }
                CtxKind::PacketEnd => {
                    packet.end = Some(off);
                    0
                }
                CtxKind::PacketMeta => {
                    packet.meta = Some(off);
                    0
                }
                // Null in one case of four, where that is allowed.
                _ if field.nullable && rng.below(4) == 0 => 0,
                CtxKind::Socket | CtxKind::SockCommon => socket(rt, rng)?,
                CtxKind::FlowKeys => buffer(rt, FLOW_KEYS_BYTES)?,
                CtxKind::TpBuffer => buffer(rt, 256)?,
            };
            overlays.push(Overlay {
                off,
                size: len as u8,
                value,
            });
        }
    }
    rt.mem.set_overlays(id, overlays);
    if layout.struct_name == "__sk_buff" {
        packet.len = Some(0);
    }
    if packet.data.is_some() && rt.packet.is_none() {
        // A socket option's value is read and written like a packet.
        let value = filler(rng, 64);
        rt.packet = Packet::new(&mut rt.mem, &value, false);
    }
    if let Some(p) = rt.packet.as_mut() {
        p.ctx = Some((id, packet));
    }
    if let Some(p) = &rt.packet {
        p.sync(&mut rt.mem);
    }
    // Loads that a wider access covers in part are the kernel's to convert.
    rt.mem.set_lenient(id);
    Ok(id)
}

fn buffer(rt: &mut Runtime, len: usize) -> Result<u64, FaultKind> {
    let id = rt.mem.alloc(Kind::Buffer, vec![0; len]).ok_or_else(full)?;
    Ok(rt.mem.base(id))
}

/// A socket as `bpf_sock` shows it: a TCP connection over IPv4.
fn socket(rt: &mut Runtime, rng: &mut Rng) -> Result<u64, FaultKind> {
    let addr = rt.kernel_object("socket", SOCKET_BYTES)?;
    let Some(id) = rt.mem.find(addr) else {
        return Ok(addr);
    };
    let words = [
        (4, 2u32),
        (8, 1),
        (12, 6),
        (24, 0x0100_007f),
        (44, 1024 + rng.below(60_000) as u32),
        (48, 0x5000),
        (52, 0x0200_000a),
        (72, 1 + rng.below(3) as u32),
    ];
    for (off, word) in words {
        if let Some(place) = rt.mem.bytes_mut(id).get_mut(off..off + 4) {
            place.copy_from_slice(&word.to_le_bytes());
        }
    }
    Ok(addr)
}

/// Registers: first arguments point at kernel objects, the rest are numbers.
fn registers(rt: &mut Runtime, bytes: &mut [u8], rng: &mut Rng) -> Result<(), FaultKind> {
    let mut words: Vec<u64> = (0..bytes.len() / 8).map(|_| rng.draw() & 0xffff).collect();
    let user = rt.user.map_or(0, |id| rt.mem.base(id));
    let pointers = if rt.prog_type == ProgType::Kprobe {
        // r10, r9, r8, ax, cx, dx, si, di of `struct pt_regs`.
        vec![
            (9, "argument 5"),
            (11, "argument 4"),
            (12, "argument 3"),
            (13, "argument 2"),
            (14, "argument 1"),
        ]
    } else {
        vec![(0, "argument 1"), (1, "argument 2"), (2, "argument 3")]
    };
    for (word, name) in pointers {
        let addr = match rng.below(3) {
            0 => user,
            1 => continue,
            _ => rt.kernel_object(name, 16 << 10)?,
        };
        if let Some(place) = words.get_mut(word) {
            *place = addr;
        }
    }
    // A traced function's result.
    if let Some(ax) = words.get_mut(10) {
        *ax = if rng.below(3) == 0 {
            (-2i64) as u64
        } else {
            rng.below(64)
        };
    }
    for (place, word) in bytes.chunks_exact_mut(8).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    Ok(())
}

/// A number that fits a field's name.
fn number(rt: &Runtime, name: &str, rng: &mut Rng) -> u64 {
    let bytes = rt.packet.as_ref().map(|p| p.bytes(&rt.mem)).unwrap_or(&[]);
    let ethertype = match bytes.get(12..14) {
        Some([a, b]) if rt.packet.as_ref().is_some_and(|p| p.has_link) => {
            u64::from(u16::from_le_bytes([*a, *b]))
        }
        _ if bytes.first().is_some_and(|b| b >> 4 == 6) => 0xdd86,
        _ => 0x0008,
    };
    match name {
        "len" | "size" | "wire_len" => bytes.len() as u64,
        "protocol" if rt.prog_type == ProgType::SkReuseport => 17,
        "protocol" | "eth_protocol" if has_packet(rt.prog_type) => ethertype,
        "protocol" | "ip_protocol" => [6, 17][rng.below(2) as usize],
        "ifindex" | "ingress_ifindex" if rt.ingress().is_some() => {
            u64::from(rt.ingress().unwrap_or(0))
        }
        "ifindex" | "ingress_ifindex" | "egress_ifindex" | "bound_dev_if" => 1 + rng.below(3),
        "family" | "user_family" => [2, 10][rng.below(2) as usize],
        "type" => 1 + rng.below(2),
        "op" => rng.below(16),
        "state" => 1 + rng.below(11),
        "level" => [0, 1, 6, 41][rng.below(4) as usize],
        "optname" => rng.below(32),
        "optlen" => 64,
        "is_fullsock" | "write" => rng.below(2),
        // Tags stand in the frames.
        "vlan_present" | "vlan_tci" | "vlan_proto" => 0,
        "gso_segs" => 1,
        "user_port" | "local_port" | "remote_port" => 1 + rng.below(0xffff),
        "retval" => 0,
        "major" | "minor" => rng.below(8),
        "access_type" => (rng.below(4) << 16) | (1 + rng.below(2)),
        "pkt_type" | "tc_classid" | "queue_mapping" | "rx_queue_index" => rng.below(4),
        name if name.contains("ip4") => 0x0100_007f,
        _ => match rng.below(4) {
            0 => rng.draw(),
            1 => 0,
            _ => rng.below(256),
        },
    }
}

/// An array of arguments: kernel objects, or numbers where BTF says so.
fn arguments(
    rt: &mut Runtime,
    image: &Image,
    program: u32,
    kernel_btf: Option<&Btf>,
    rng: &mut Rng,
) -> Result<RegionId, FaultKind> {
    let code = image.programs.get(program as usize);
    let kernel = kernel_btf.zip(code.and_then(|c| c.program.attach_btf_id));
    let known = kernel.and_then(|(btf, id)| prototype(btf, id));
    let mut words = Vec::new();
    for i in 0..ARGS_BYTES / 8 {
        let kind = known.as_ref().map(|k| k.get(i).copied());
        let map_iter = rt.attach_type == Some(AttachType::TraceIter)
            && code
                .and_then(|c| c.program.attach_to.as_deref())
                .is_some_and(|t| t.contains("map"));
        let word = match kind {
            _ if map_iter && i == 1 && !rt.maps.is_empty() => super::image::map_handle(0),
            Some(Some(Argument::Number(bits))) => number_of(rng, bits),
            Some(None) => rng.below(64),
            // Iterators end with a null object.
            _ if rt.attach_type == Some(AttachType::TraceIter) && i > 0 && rng.below(4) == 0 => 0,
            _ => rt.kernel_object(&format!("argument {}", i + 1), 16 << 10)?,
        };
        words.push(word);
    }
    if let Some(known) = &known
        && matches!(
            rt.attach_type,
            Some(AttachType::TraceFexit | AttachType::ModifyReturn)
        )
    {
        let result = if rng.below(3) == 0 { (-2i64) as u64 } else { 0 };
        rt.func_ret = result;
        if let Some(place) = words.get_mut(known.len()) {
            *place = result;
        }
    }
    rt.func_args = words
        .iter()
        .copied()
        .take(known.map_or(5, |k| k.len()))
        .collect();
    let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
    let id = rt.mem.alloc(Kind::Context, bytes).ok_or_else(full)?;
    rt.mem.set_lenient(id);
    Ok(id)
}

fn number_of(rng: &mut Rng, bits: u32) -> u64 {
    let value = match rng.below(3) {
        0 => rng.draw(),
        1 => 0,
        _ => rng.below(64),
    };
    if bits >= 64 {
        value
    } else {
        value & ((1 << bits) - 1)
    }
}

#[derive(Clone, Copy)]
enum Argument {
    Number(u32),
    Pointer,
}

/// The parameters of a function, or of a tracepoint's type (its first is the
/// tracepoint's own data and is not passed).
fn prototype(btf: &Btf, id: u32) -> Option<Vec<Argument>> {
    let (proto, skip) = match btf.ty(id)? {
        Type::Func { proto, .. } => (proto, 0),
        Type::Typedef { to, .. } => match btf.ty(to)? {
            Type::Ptr { to } => (to, 1),
            _ => return None,
        },
        _ => return None,
    };
    let Type::FuncProto { params, .. } = btf.ty(proto)? else {
        return None;
    };
    let kind = |ty: u32| match btf.ty(btf.skip_mods_typedefs(ty)) {
        Some(Type::Ptr { .. }) => Argument::Pointer,
        _ => Argument::Number(btf.resolve_size(ty).unwrap_or(8).min(8) * 8),
    };
    Some(params.iter().skip(skip).map(|p| kind(p.ty)).collect())
}
