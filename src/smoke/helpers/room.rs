//! Room in packets for headers, and the protocol that a packet is said to have.
//!
//! Room is made or taken behind the link header, or behind the network header. What the
//! program says of the header that it is about to write (encapsulation) or has taken away
//! (decapsulation) must be possible, and becomes the packet's protocol. Rules and errors are
//! those that the running kernel shows.

use super::packet::MAX_SKB;
use super::{Answer, Cx, ret, vlan};
use crate::smoke::engine::FaultKind;
use crate::smoke::maps::errno::{EALREADY, EFAULT, EINVAL, ENOMEM, ENOTSUPP};
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
const MOST: usize = 0xfff;
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

/// What a call asks of a packet.
struct Wish {
    flags: u64,
    /// Where the room is: 1 behind the link header, 0 behind the network header.
    mode: u32,
    /// Room is made; else it is taken.
    makes: bool,
    /// Bytes of it.
    amount: usize,
    /// Version of IP; anything else is another protocol.
    version: u8,
    /// Bytes of the packet.
    len: usize,
    /// Where the network header starts.
    network: usize,
    /// The packet was said to be wrapped before.
    wrapped: bool,
}

/// Reasons to refuse, each with the error that tells it. Of several that hold, the kernel
/// tells the one that stands first here.
const REASONS: [(i64, fn(&Wish) -> bool); 11] = [
    // No request that is understood, of a packet that has room.
    (EINVAL, |w| w.says(!flag::ALL)),
    (EFAULT, |w| w.amount > MOST),
    (ENOTSUPP, |w| w.mode > 1 || !matches!(w.version, 4 | 6)),
    // What was taken away is told where something is taken away, and is one thing.
    (EINVAL, |w| {
        w.says_all(flag::DECAP) || (w.makes && w.says(flag::DECAP))
    }),
    // The packet would be too short or too long.
    (ENOTSUPP, |w| {
        !w.makes && w.len < w.network + w.left() + w.amount
    }),
    (ENOTSUPP, |w| w.makes && w.len + w.amount > MAX_SKB),
    // What is written is told where there is room for it, and is one thing in another.
    (EINVAL, |w| !w.makes && w.says(!flag::TAKING)),
    (ENOMEM, |w| !w.makes && w.len < w.at() + w.amount),
    (EINVAL, |w| w.wraps() && w.contradicts()),
    // There is one place to keep where the inner headers are.
    (EALREADY, |w| w.wraps() && w.wrapped),
    (EINVAL, |w| w.wraps() && w.inner() > w.amount as u64),
];

impl Wish {
    fn says(&self, any: u64) -> bool {
        self.flags & any != 0
    }

    fn says_all(&self, all: u64) -> bool {
        self.flags & all == all
    }

    /// A header is about to be written.
    fn wraps(&self) -> bool {
        self.makes && self.says(flag::ENCAP)
    }

    fn contradicts(&self) -> bool {
        self.says_all(flag::ENCAP)
            || self.says_all(flag::TUNNEL)
            || (self.says(flag::ENCAP_ETHERNET) && self.inner() < ETHERNET)
    }

    /// Bytes of the inner link header.
    fn inner(&self) -> u64 {
        self.flags >> flag::LINK_SHIFT
    }

    /// Bytes of the network header that stays where room is taken.
    fn left(&self) -> usize {
        header(match self.flags & flag::DECAP {
            flag::DECAP_V4 => 4,
            flag::DECAP_V6 => 6,
            _ => self.version,
        })
    }

    /// Where the room starts.
    fn at(&self) -> usize {
        match self.mode {
            1 => self.network,
            _ => self.network + header(self.version),
        }
    }

    /// What the packet is said to be afterwards, if that is told.
    fn protocol(&self) -> Option<[u8; 2]> {
        let (v4, v6) = match self.makes {
            true => (flag::ENCAP_V4, flag::ENCAP_V6),
            false => (flag::DECAP_V4, flag::DECAP_V6),
        };
        if self.says(v4) {
            Some(IPV4)
        } else {
            self.says(v6).then_some(IPV6)
        }
    }
}

/// `bpf_skb_adjust_room(skb, delta, mode, flags)`.
pub(super) fn adjust(cx: &mut Cx<'_>, packet: &mut Packet) -> Answer {
    let [_, delta, mode, flags, _] = cx.args;
    let delta = delta as i32;
    let mem = &mut cx.rt.mem;
    let wish = Wish {
        flags,
        mode: mode as u32,
        makes: delta >= 0,
        amount: delta.unsigned_abs() as usize,
        version: vlan::version(packet, mem),
        len: packet.len(),
        network: packet.network_offset(),
        wrapped: packet.encapsulated,
    };
    if let Some((error, _)) = REASONS.iter().find(|(_, holds)| holds(&wish)) {
        return ret(*error);
    }
    if wish.makes && wish.at() > wish.len {
        let what = "unknown: room behind a header that the packet has not all of";
        return Err(FaultKind::NotModelled(what.into()).into());
    }
    let room = vec![0; wish.amount];
    let (remove, insert) = match wish.makes {
        true => (0, room.as_slice()),
        false => (wish.amount, [].as_slice()),
    };
    if !packet.splice(mem, wish.at(), remove, insert) {
        return ret(ENOMEM);
    }
    packet.encapsulated |= wish.wraps();
    if let Some(protocol) = wish.protocol() {
        vlan::set_protocol(packet, mem, protocol);
    }
    ret(0)
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
