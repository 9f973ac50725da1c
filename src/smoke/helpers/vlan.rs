//! Tags of virtual networks: the outermost is kept beside the packet, as network cards hand
//! it over; only those within stand in its bytes.

use super::{Answer, Cx, ret};
use crate::smoke::maps::errno::{EFAULT, EINVAL};
use crate::smoke::memory::{Memory, RegionId};
use crate::smoke::packet::{ETH_HLEN, Packet};

/// Bytes of a tag.
const TAG: usize = 4;
/// Where a header's EtherType is, and a tag that stands in the bytes.
const ETHERTYPE: usize = 12;
/// Fields of `__sk_buff`: the protocol, whether there is a tag, its number, its kind.
const PROTOCOL: usize = 16;
const PRESENT: usize = 20;
const NUMBER: usize = 24;
const KIND: usize = 28;

/// The context, if it shows tags.
fn context(packet: &Packet) -> Option<RegionId> {
    let (ctx, fields) = packet.ctx?;
    fields.len.map(|_| ctx)
}

fn field(mem: &Memory, ctx: RegionId, at: usize) -> u32 {
    let bytes = mem.bytes(ctx).get(at..).and_then(|b| b.first_chunk());
    bytes.map_or(0, |b| u32::from_le_bytes(*b))
}

fn set(mem: &mut Memory, ctx: RegionId, at: usize, value: u32) {
    if let Some(place) = mem.bytes_mut(ctx).get_mut(at..at.saturating_add(4)) {
        place.copy_from_slice(&value.to_le_bytes());
    }
}

/// Sets a field of the context, where it has such fields.
pub(super) fn set_field(packet: &Packet, mem: &mut Memory, at: usize, value: u32) {
    if let Some(ctx) = context(packet) {
        set(mem, ctx, at, value);
    }
}

/// Says of a packet which protocol it has; its bytes stay.
pub(super) fn set_protocol(packet: &Packet, mem: &mut Memory, protocol: [u8; 2]) {
    let word = u16::from_le_bytes(protocol);
    set_field(packet, mem, PROTOCOL, u32::from(word));
}

/// Says of a packet that it has the protocol that its link header names.
fn protocol_of_bytes(packet: &Packet, mem: &mut Memory) {
    if let Some(kind) = packet.load(mem, ETHERTYPE as u64, 2)
        && let Some(kind) = kind.first_chunk()
    {
        set_protocol(packet, mem, *kind);
    }
}

/// The tag that stands in the packet's bytes: kind and number as they are there.
fn in_bytes(packet: &Packet, mem: &Memory) -> Option<[u8; TAG]> {
    let tag: [u8; TAG] = packet.load(mem, ETHERTYPE as u64, 4)?.try_into().ok()?;
    let known = matches!(tag, [0x81, 0x00, ..] | [0x88, 0xa8, ..]);
    (known && packet.len() >= ETH_HLEN + TAG).then_some(tag)
}

/// Adds a tag; one that is there already goes into the bytes.
pub(super) fn push(cx: &mut Cx<'_>, packet: &mut Packet) -> Answer {
    let [_, kind, number, ..] = cx.args;
    let mem = &mut cx.rt.mem;
    if packet.len() < ETH_HLEN {
        return ret(EFAULT);
    }
    // The kind is in network order; only the two that exist, any other is the usual one.
    let kind = match (kind as u16).to_le_bytes() {
        [0x88, 0xa8] => [0x88, 0xa8],
        _ => [0x81, 0x00],
    };
    let Some(ctx) = context(packet) else {
        let [a, b] = (number as u16).to_be_bytes();
        let tag = [kind[0], kind[1], a, b];
        let done = packet.splice(mem, ETHERTYPE, 0, &tag);
        return ret(if done { 0 } else { EINVAL });
    };
    if field(mem, ctx, PRESENT) != 0 {
        let [a, b] = (field(mem, ctx, NUMBER) as u16).to_be_bytes();
        let [c, d, ..] = field(mem, ctx, KIND).to_le_bytes();
        let old = match [c, d] {
            [0x88, 0xa8] => [0x88, 0xa8, a, b],
            _ => [0x81, 0x00, a, b],
        };
        if !packet.splice(mem, ETHERTYPE, 0, &old) {
            return ret(EINVAL);
        }
        protocol_of_bytes(packet, mem);
    }
    set(mem, ctx, PRESENT, 1);
    set(mem, ctx, NUMBER, u32::from(number as u16));
    set(mem, ctx, KIND, u32::from(u16::from_le_bytes(kind)));
    ret(0)
}

/// Takes a tag away; the next one in the bytes then stands beside the packet.
pub(super) fn pop(cx: &mut Cx<'_>, packet: &mut Packet) -> Answer {
    let mem = &mut cx.rt.mem;
    let Some(ctx) = context(packet) else {
        if in_bytes(packet, mem).is_some() {
            packet.splice(mem, ETHERTYPE, TAG, &[]);
        }
        return ret(0);
    };
    if field(mem, ctx, PRESENT) != 0 {
        set(mem, ctx, PRESENT, 0);
        set(mem, ctx, NUMBER, 0);
        set(mem, ctx, KIND, 0);
    } else if in_bytes(packet, mem).is_some() {
        packet.splice(mem, ETHERTYPE, TAG, &[]);
        protocol_of_bytes(packet, mem);
    }
    if let Some([c, d, a, b]) = in_bytes(packet, mem) {
        packet.splice(mem, ETHERTYPE, TAG, &[]);
        protocol_of_bytes(packet, mem);
        set(mem, ctx, PRESENT, 1);
        set(mem, ctx, NUMBER, u32::from(u16::from_be_bytes([a, b])));
        set(mem, ctx, KIND, u32::from(u16::from_le_bytes([c, d])));
    }
    ret(0)
}

/// The version of IP that the packet is said to have; 0 for anything else.
pub(super) fn version(packet: &Packet, mem: &Memory) -> u8 {
    let said = context(packet).map_or(0, |ctx| field(mem, ctx, PROTOCOL));
    if said != 0 {
        return match said.to_le_bytes() {
            [0x08, 0x00, ..] => 4,
            [0x86, 0xdd, ..] => 6,
            _ => 0,
        };
    }
    if !packet.has_link {
        return packet.bytes(mem).first().map_or(0, |b| b >> 4);
    }
    match packet.load(mem, ETHERTYPE as u64, 2).as_deref() {
        Some([0x08, 0x00]) => 4,
        Some([0x86, 0xdd]) => 6,
        _ => 0,
    }
}
