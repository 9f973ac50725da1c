//! Helpers that read, write, move and resize the packet, or send it elsewhere.

use super::{Answer, Cx, ret, vlan};
use crate::helpers_spec::ProgType;
use crate::helpers_spec::helper;
use crate::smoke::maps::errno::{EFAULT, EINVAL, ENOTSUPP, EOPNOTSUPP};
use crate::smoke::packet::Packet;

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
        helper::XDP_ADJUST_META => moved(packet.adjust_meta(mem, i64::from(second as i32))),
        helper::XDP_ADJUST_TAIL => moved(packet.adjust_tail(mem, i64::from(second as i32))),
        helper::XDP_GET_BUFF_LEN => Ok(Some(packet.len() as u64)),
        helper::SKB_STORE_BYTES | helper::XDP_STORE_BYTES => {
            let bytes = cx.bytes(3, fourth)?;
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
            let from = if fifth == 1 {
                packet.network_offset() as u64
            } else {
                0
            };
            let found = packet.load(mem, from.wrapping_add(second), fourth);
            load(cx, found, EFAULT)
        }
        helper::SKB_PULL_DATA => ret(if second <= packet.len() as u64 {
            0
        } else {
            -12
        }),
        helper::SKB_CHANGE_TAIL => {
            let want = second as u32 as usize;
            if third != 0 || want < packet.network_offset() || want > 0xffff {
                return ret(EINVAL);
            }
            let mut bytes = packet.bytes(mem).to_vec();
            bytes.resize(want, 0);
            packet.set(mem, &bytes);
            ret(0)
        }
        helper::SKB_CHANGE_HEAD => {
            let room = second as u32 as usize;
            if third != 0 || room > 0x1000 {
                return ret(EINVAL);
            }
            moved(packet.splice(mem, 0, 0, &vec![0; room]))
        }
        helper::SKB_ADJUST_ROOM => adjust_room(cx, packet),
        helper::SKB_VLAN_PUSH => vlan::push(cx, packet),
        helper::SKB_VLAN_POP => vlan::pop(cx, packet),
        helper::SKB_CHANGE_PROTO => change_proto(cx, packet),
        helper::SKB_CHANGE_TYPE => ret(0),
        helper::GET_HASH_RECALC => {
            Ok(Some(packet.bytes(mem).iter().fold(5381u64, |h, b| {
                (h * 33 + u64::from(*b)) & 0xffff_ffff
            })))
        }
        helper::SET_HASH_INVALID | helper::SET_HASH => ret(0),
        helper::SKB_ECN_SET_CE => ret(0),
        helper::CLONE_REDIRECT => {
            cx.rt.output.redirects.push(("clone", second));
            ret(0)
        }
        helper::REDIRECT | helper::REDIRECT_NEIGH | helper::REDIRECT_PEER => {
            let device = cx.arg(1);
            let xdp = cx.rt.prog_type == ProgType::Xdp;
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

/// Grows or shrinks the packet behind its link or network header.
fn adjust_room(cx: &mut Cx<'_>, packet: &mut Packet) -> Answer {
    const NET: u64 = 0;
    const MAC: u64 = 1;
    let [_, delta, mode, flags, _] = cx.args;
    let delta = i64::from(delta as i32);
    if flags & !0x7f != 0xff00 & flags || delta.unsigned_abs() > 0xfff {
        return ret(EINVAL);
    }
    let mem = &mut cx.rt.mem;
    let link = packet.network_offset();
    let version = vlan::version(packet, mem);
    let at = match (mode, version) {
        (MAC, 4 | 6) => link,
        (NET, 4) => link + 20,
        (NET, 6) => link + 40,
        (NET, _) => return ret(ENOTSUPP),
        _ => return ret(ENOTSUPP),
    };
    if delta >= 0 {
        let done = packet.splice(mem, at, 0, &vec![0; delta as usize]);
        return ret(if done { 0 } else { EINVAL });
    }
    let remove = delta.unsigned_abs() as usize;
    if packet.len() < at.saturating_add(remove).saturating_add(20) {
        return ret(ENOTSUPP);
    }
    let done = packet.splice(mem, at, remove, &[]);
    ret(if done { 0 } else { EINVAL })
}

/// IPv4 to IPv6 and back: twenty bytes more or less; the program writes the header.
fn change_proto(cx: &mut Cx<'_>, packet: &mut Packet) -> Answer {
    let [_, proto, flags, ..] = cx.args;
    let proto = (proto as u16).swap_bytes();
    let mem = &mut cx.rt.mem;
    let link = packet.network_offset();
    let version = packet.bytes(mem).get(link).map_or(0, |b| b >> 4);
    let done = match (flags, version, proto) {
        (0, 4, 0x86dd) => packet.splice(mem, link, 0, &[0; 20]),
        (0, 6, 0x0800) => packet.splice(mem, link, 20, &[]),
        (0, _, _) => return ret(ENOTSUPP),
        _ => return ret(EINVAL),
    };
    ret(if done { 0 } else { ENOTSUPP })
}
