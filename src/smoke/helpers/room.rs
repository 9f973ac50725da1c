//! Room in packets for headers, and the protocol that a packet is said to have.
//!
//! Room is made or taken behind the link header, or behind the network header. What the
//! program says of the header that it is about to write (encapsulation) or has taken away
//! (decapsulation) must be possible, and becomes the packet's protocol. Rules and errors are
//! those that the running kernel shows.

use super::{Answer, Cx, ret, vlan};
use crate::smoke::maps::errno::{EALREADY, EFAULT, EINVAL, ENOTSUPP};
use crate::smoke::memory::Memory;
use crate::smoke::packet::Packet;

/// Flags of `bpf_skb_adjust_room`.
mod flag {
    pub const FIXED_GSO: u64 = 1;
    pub const ENCAP_V4: u64 = 1 << 1;
    pub const ENCAP_V6: u64 = 1 << 2;
    pub const ENCAP_GRE: u64 = 1 << 3;
    pub const ENCAP_UDP: u64 = 1 << 4;
    pub const NO_CSUM_RESET: u64 = 1 << 5;
    pub const ENCAP_ETHERNET: u64 = 1 << 6;
    pub const DECAP_V4: u64 = 1 << 7;
    pub const DECAP_V6: u64 = 1 << 8;
    /// The length of an inner link header.
    pub const LINK_SHIFT: u32 = 56;
    pub const LINK: u64 = 0xff << LINK_SHIFT;
    pub const ENCAP: u64 = ENCAP_V4 | ENCAP_V6;
    pub const TUNNEL: u64 = ENCAP_GRE | ENCAP_UDP;
    pub const DECAP: u64 = DECAP_V4 | DECAP_V6;
    /// Those that mean something where room is taken.
    pub const TAKING: u64 = FIXED_GSO | NO_CSUM_RESET | DECAP;
    pub const ALL: u64 = TAKING | ENCAP | TUNNEL | ENCAP_ETHERNET | LINK;
}

/// The most room.
const MOST: u64 = 0xfff;
/// Bytes of a link header of Ethernet.
const ETHERNET: u64 = 14;

/// EtherTypes, as a frame has them.
const IPV4: [u8; 2] = [0x08, 0x00];
const IPV6: [u8; 2] = [0x86, 0xdd];

/// Bytes of the network header of a version.
fn header(version: u8) -> usize {
    match version {
        4 => 20,
        _ => 40,
    }
}

/// `bpf_skb_adjust_room(skb, delta, mode, flags)`.
pub(super) fn adjust(cx: &mut Cx<'_>, packet: &mut Packet) -> Answer {
    let [_, delta, mode, flags, _] = cx.args;
    let delta = i64::from(delta as i32);
    let mem = &mut cx.rt.mem;
    match adjusted(mem, packet, delta, mode as u32, flags) {
        Ok(()) => ret(0),
        Err(error) => ret(error),
    }
}

fn adjusted(
    mem: &mut Memory,
    packet: &mut Packet,
    delta: i64,
    mode: u32,
    flags: u64,
) -> Result<(), i64> {
    let amount = delta.unsigned_abs();
    if flags & !flag::ALL != 0 {
        return Err(EINVAL);
    }
    if amount > MOST {
        return Err(EFAULT);
    }
    let version = match (mode, vlan::version(packet, mem)) {
        (0 | 1, version @ (4 | 6)) => version,
        _ => return Err(ENOTSUPP),
    };
    let link = packet.network_offset();
    let at = match mode {
        1 => link,
        _ => link + header(version),
    };
    let amount = amount as usize;
    let left = match flags & flag::DECAP {
        0 => version,
        flag::DECAP_V4 if delta <= 0 && flags & flag::ENCAP == 0 => 4,
        flag::DECAP_V6 if delta <= 0 && flags & flag::ENCAP == 0 => 6,
        // What was taken away is told where something is taken away, and is one thing.
        flag::DECAP => return Err(EINVAL),
        _ if delta < 0 => version,
        _ => return Err(EINVAL),
    };
    if delta < 0 {
        if packet.len() < link + header(left) + amount {
            return Err(ENOTSUPP);
        }
        if flags & !flag::TAKING != 0 {
            return Err(EINVAL);
        }
        if !packet.splice(mem, at, amount, &[]) {
            return Err(ENOTSUPP);
        }
        match flags & flag::DECAP {
            flag::DECAP_V4 => vlan::set_protocol(packet, mem, IPV4),
            flag::DECAP_V6 => vlan::set_protocol(packet, mem, IPV6),
            _ => {}
        }
        return Ok(());
    }
    let encap = flags & flag::ENCAP;
    if encap != 0 {
        let inner = flags >> flag::LINK_SHIFT;
        let ethernet = flags & flag::ENCAP_ETHERNET != 0;
        let odd = encap == flag::ENCAP
            || flags & flag::TUNNEL == flag::TUNNEL
            || (ethernet && inner < ETHERNET)
            || inner > amount as u64;
        if odd {
            return Err(EINVAL);
        }
        // There is one place to keep where the inner headers are.
        if packet.encapsulated {
            return Err(EALREADY);
        }
    }
    if !packet.splice(mem, at, 0, &vec![0; amount]) {
        return Err(EINVAL);
    }
    if encap != 0 {
        packet.encapsulated = true;
        let protocol = if encap == flag::ENCAP_V4 { IPV4 } else { IPV6 };
        vlan::set_protocol(packet, mem, protocol);
    }
    Ok(())
}

/// IPv4 to IPv6 and back: twenty bytes more or less; the program writes the header.
pub(super) fn change_proto(cx: &mut Cx<'_>, packet: &mut Packet) -> Answer {
    let [_, proto, flags, ..] = cx.args;
    let wanted = (proto as u16).to_le_bytes();
    let mem = &mut cx.rt.mem;
    if flags != 0 {
        return ret(EINVAL);
    }
    let link = packet.network_offset();
    let done = match (vlan::version(packet, mem), wanted) {
        (4, IPV6) => packet.splice(mem, link, 0, &[0; 20]),
        (6, IPV4) => packet.splice(mem, link, 20, &[]),
        _ => false,
    };
    if !done {
        return ret(ENOTSUPP);
    }
    vlan::set_protocol(packet, mem, wanted);
    ret(0)
}
