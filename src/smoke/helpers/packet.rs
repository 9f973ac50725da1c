//! Helpers that read, write, move and resize the packet, or send it elsewhere.

use super::{Answer, Cx, ret, room, vlan};
use crate::helpers_spec::ProgType;
use crate::helpers_spec::helper;
use crate::smoke::maps::errno::{EACCES, EFAULT, EINVAL, EOPNOTSUPP};
use crate::smoke::packet::{Moved, Packet};

/// The longest packet that a program may make of one.
pub(super) const MAX_SKB: usize = 16_064;
const TC_ACT_SHOT: i64 = 2;
const XDP_ABORTED: i64 = 0;
const TC_ACT_REDIRECT: i64 = 7;
const XDP_REDIRECT: i64 = 4;

pub(super) fn helper(cx: &mut Cx<'_>, id: u32) -> Answer {
    if !matches!(
        id,
        9 | 13 | 18 | 19 | 23 | 26 | 31 | 32 | 34 | 38 | 39 | 41 | 43 | 44 | 48 | 50 | 54 | 61..=63
            | 65 | 68 | 90 | 91 | 97 | 152 | 155 | 188..=190
    ) {
        return Ok(None);
    }
    let Some(mut packet) = cx.rt.packet.clone() else {
        return without(cx, id);
    };
    // Most of them copy or look at all of it.
    cx.rt.spend(packet.len() as u64)?;
    let answer = with(cx, id, &mut packet);
    cx.rt.packet = Some(packet);
    answer
}

/// Without a packet nothing can be moved; loads yield zeroes and an error.
fn without(cx: &mut Cx<'_>, id: u32) -> Answer {
    if matches!(
        id,
        helper::SKB_LOAD_BYTES | helper::SKB_LOAD_BYTES_RELATIVE | helper::XDP_LOAD_BYTES
    ) {
        let size = cx.arg(4);
        cx.fill(3, size, 0)?;
    }
    ret(EFAULT)
}

fn with(cx: &mut Cx<'_>, id: u32, packet: &mut Packet) -> Answer {
    let mem = &mut cx.rt.mem;
    let [_, second, third, fourth, fifth] = cx.args;
    let moved = |done: bool| ret(if done { 0 } else { EINVAL });
    match id {
        helper::XDP_ADJUST_HEAD => moved(packet.adjust_head(mem, i64::from(second as i32))),
        helper::XDP_ADJUST_META => match packet.adjust_meta(mem, i64::from(second as i32)) {
            Moved::Done => ret(0),
            Moved::Outside => ret(EINVAL),
            Moved::Unfit => ret(EACCES),
        },
        helper::XDP_ADJUST_TAIL => moved(packet.adjust_tail(mem, i64::from(second as i32))),
        helper::XDP_GET_BUFF_LEN => Ok(Some(packet.len() as u64)),
        helper::SKB_STORE_BYTES | helper::XDP_STORE_BYTES => {
            /// To sum the packet up anew, to forget its hash.
            const FLAGS: u64 = 3;
            let bytes = cx.bytes(3, fourth)?;
            if id == helper::SKB_STORE_BYTES && fifth & !FLAGS != 0 {
                return ret(EINVAL);
            }
            let limit = if id == helper::SKB_STORE_BYTES {
                0xffff
            } else {
                u64::from(u32::MAX)
            };
            let done = second <= limit && packet.store(&mut cx.rt.mem, second, &bytes);
            if id == helper::XDP_STORE_BYTES {
                moved(done)
            } else {
                ret(if done { 0 } else { EFAULT })
            }
        }
        helper::SKB_LOAD_BYTES | helper::XDP_LOAD_BYTES => {
            let found = packet.load(mem, second & 0xffff_ffff, fourth);
            load(
                cx,
                found,
                if id == helper::SKB_LOAD_BYTES {
                    EFAULT
                } else {
                    EINVAL
                },
            )
        }
        helper::SKB_LOAD_BYTES_RELATIVE => {
            // From the link header, or from the network header on.
            let from = match fifth as u32 {
                0 => Some(0),
                1 => Some(packet.network_offset() as u64),
                _ => None,
            };
            let found =
                from.and_then(|from| packet.load(mem, from + u64::from(second as u32), fourth));
            load(cx, found, EFAULT)
        }
        helper::SKB_PULL_DATA => ret(if second <= packet.len() as u64 {
            0
        } else {
            -12
        }),
        helper::SKB_CHANGE_TAIL => {
            let want = second as u32 as usize;
            if third != 0 || want < packet.network_offset() || want > MAX_SKB {
                return ret(EINVAL);
            }
            let mut bytes = packet.bytes(mem).to_vec();
            bytes.resize(want, 0);
            packet.set(mem, &bytes);
            ret(0)
        }
        helper::SKB_CHANGE_HEAD => {
            let room = second as u32 as usize;
            if third != 0 || packet.len().saturating_add(room) > MAX_SKB {
                return ret(EINVAL);
            }
            moved(packet.splice(mem, 0, 0, &vec![0; room]))
        }
        helper::SKB_ADJUST_ROOM => room::adjust(cx, packet),
        helper::SKB_VLAN_PUSH => vlan::push(cx, packet),
        helper::SKB_VLAN_POP => vlan::pop(cx, packet),
        helper::SKB_CHANGE_PROTO => room::change_proto(cx, packet),
        helper::SKB_CHANGE_TYPE => change_type(cx, packet),
        helper::GET_HASH_RECALC => {
            Ok(Some(packet.bytes(mem).iter().fold(5381u64, |h, b| {
                (h * 33 + u64::from(*b)) & 0xffff_ffff
            })))
        }
        helper::SET_HASH_INVALID | helper::SET_HASH => ret(0),
        helper::SKB_ECN_SET_CE => ecn(cx, packet),
        helper::CLONE_REDIRECT => {
            // A copy is sent at once: the interface must be there.
            let scenario = cx.rt.config.scenario.as_deref();
            let stated = scenario.filter(|s| s.interfaces.is_some());
            if stated.is_some_and(|s| s.interface(second as u32).is_none()) {
                return ret(EINVAL);
            }
            cx.rt.output.redirects.push(("clone", second));
            ret(0)
        }
        helper::REDIRECT | helper::REDIRECT_NEIGH | helper::REDIRECT_PEER => {
            let device = cx.arg(1);
            let xdp = cx.rt.prog_type == ProgType::Xdp;
            if !redirects(cx, id, xdp) {
                return ret(if xdp { XDP_ABORTED } else { TC_ACT_SHOT });
            }
            cx.rt.output.redirects.push(("device", device));
            ret(if xdp { XDP_REDIRECT } else { TC_ACT_REDIRECT })
        }
        helper::MSG_APPLY_BYTES | helper::MSG_CORK_BYTES => ret(0),
        helper::MSG_PULL_DATA => ret(if second < third && third <= packet.len() as u64 {
            0
        } else {
            EINVAL
        }),
        helper::MSG_PUSH_DATA => {
            if fourth != 0 || third > 0x1000 {
                return ret(EINVAL);
            }
            moved(packet.splice(mem, second as usize, 0, &vec![0; third as usize]))
        }
        helper::MSG_POP_DATA => {
            if fourth != 0 {
                return ret(EINVAL);
            }
            moved(packet.splice(mem, second as usize, third as usize, &[]))
        }
        _ => ret(EOPNOTSUPP),
    }
}

/// Gives the packet another kind: to this host, to all, to some, to another.
fn change_type(cx: &mut Cx<'_>, packet: &Packet) -> Answer {
    /// `pkt_type` of `__sk_buff`, and the last of its kinds that programs may give.
    const KIND: usize = 4;
    const OTHER_HOST: u32 = 3;
    let kind = cx.arg(2) as u32;
    if kind > OTHER_HOST {
        return ret(EINVAL);
    }
    vlan::set_field(packet, &mut cx.rt.mem, KIND, kind);
    ret(0)
}

/// Whether the flags of a redirection, or its next hop, are those that it takes.
fn redirects(cx: &Cx<'_>, id: u32, xdp: bool) -> bool {
    /// Bytes of `struct bpf_redir_neigh`.
    const NEXT_HOP: u64 = 20;
    /// To where packets come in, not where they leave.
    const INGRESS: u64 = 1;
    let [_, second, third, fourth, _] = cx.args;
    match id {
        helper::REDIRECT if xdp => second == 0,
        helper::REDIRECT => second & !INGRESS == 0,
        helper::REDIRECT_NEIGH => fourth == 0 && (third == 0 || third as u32 as u64 >= NEXT_HOP),
        _ => second == 0,
    }
}

/// Marks that there was congestion, in packets whose ends understand that.
fn ecn(cx: &mut Cx<'_>, packet: &mut Packet) -> Answer {
    let mem = &mut cx.rt.mem;
    let at = packet.network_offset() as u64;
    let mut head = match vlan::version(packet, mem) {
        4 => packet.load(mem, at, 20).unwrap_or_default(),
        6 => packet.load(mem, at, 40).unwrap_or_default(),
        _ => return ret(0),
    };
    // The two bits: the low ones of the second byte, or across the first two.
    let (byte, shift) = match head.first().map(|b| b >> 4) {
        Some(6) if head.len() == 40 => (1, 4),
        _ => (1, 0),
    };
    let Some(place) = head.get_mut(byte) else {
        return ret(0);
    };
    match *place >> shift & 3 {
        0 => return ret(0),
        3 => return ret(1),
        _ => {}
    }
    let old = *place;
    *place |= 3 << shift;
    let added = u16::from(*place) - u16::from(old);
    if shift == 0
        && let Some([a, b]) = head.get(10..12).and_then(|s| s.first_chunk()).copied()
    {
        // One's complement: what the header has more, its sum has less.
        let sum = u16::from_be_bytes([a, b]);
        let (less, borrow) = sum.overflowing_sub(added);
        let less = less.wrapping_sub(u16::from(borrow));
        if let Some(place) = head.get_mut(10..12) {
            place.copy_from_slice(&less.to_be_bytes());
        }
    }
    packet.store(mem, at, &head);
    ret(1)
}

/// Copies found bytes out, or zeroes with an error.
fn load(cx: &mut Cx<'_>, found: Option<Vec<u8>>, error: i64) -> Answer {
    let len = cx.arg(4);
    match found {
        Some(bytes) => {
            cx.put(3, &bytes)?;
            ret(0)
        }
        None => {
            cx.fill(3, len, 0)?;
            ret(error)
        }
    }
}
