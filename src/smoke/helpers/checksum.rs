//! Internet checksums: one's complement sums over 16-bit words.

use super::{Answer, Cx, ret};
use crate::helpers_spec::helper;
use crate::smoke::maps::errno::{EFAULT, EINVAL};

const PSEUDO_HDR: u64 = 0x10;
const MARK_MANGLED_0: u64 = 0x20;
const MARK_ENFORCE: u64 = 0x40;
/// Of a packet of IPv6: what the sum in the packet comes to is the same.
const IPV6: u64 = 0x80;
const SIZE_MASK: u64 = 0xf;

pub(super) fn helper(cx: &mut Cx<'_>, id: u32) -> Answer {
    match id {
        helper::CSUM_DIFF => diff(cx),
        helper::L3_CSUM_REPLACE => replace(cx, 0),
        helper::L4_CSUM_REPLACE => replace(cx, PSEUDO_HDR | MARK_MANGLED_0 | MARK_ENFORCE | IPV6),
        helper::CSUM_UPDATE => Ok(Some(cx.arg(2) & 0xffff_ffff)),
        helper::CSUM_LEVEL => ret(EINVAL),
        _ => Ok(None),
    }
}

/// Adds with end-around carry.
pub(super) fn add(a: u32, b: u32) -> u32 {
    let (sum, carry) = a.overflowing_add(b);
    sum + u32::from(carry)
}

/// The sum of little-endian 16-bit words.
pub(super) fn sum(bytes: &[u8]) -> u32 {
    bytes.chunks(2).fold(0, |total, pair| {
        let word = u16::from_le_bytes([
            pair.first().copied().unwrap_or(0),
            pair.get(1).copied().unwrap_or(0),
        ]);
        add(total, u32::from(word))
    })
}

/// Folds a sum to 16 bits.
pub(super) fn fold(sum: u32) -> u16 {
    let once = (sum & 0xffff) + (sum >> 16);
    ((once & 0xffff) + (once >> 16)) as u16
}

fn diff(cx: &mut Cx<'_>) -> Answer {
    let [_, from_len, _, to_len, seed] = cx.args;
    let from = if from_len == 0 {
        Vec::new()
    } else {
        cx.bytes(1, from_len)?
    };
    let to = if to_len == 0 {
        Vec::new()
    } else {
        cx.bytes(3, to_len)?
    };
    let seed = seed as u32;
    // Zero has two forms in one's complement; which one comes out depends on the way.
    let total = if to_len != 0 {
        let added = add(seed, sum(&to));
        if from_len != 0 {
            add(added, !sum(&from))
        } else {
            added
        }
    } else if from_len != 0 {
        !add(!seed, sum(&from))
    } else {
        seed
    };
    // Folded to 16 bits since 6.13; earlier kernels give a congruent number.
    Ok(Some(u64::from(fold(total))))
}

fn replace(cx: &mut Cx<'_>, more: u64) -> Answer {
    let [_, offset, from, to, flags] = cx.args;
    if flags & !(more | SIZE_MASK) != 0 {
        return ret(EINVAL);
    }
    if offset > 0xffff || offset & 1 != 0 {
        return ret(EFAULT);
    }
    let Some(packet) = cx.rt.packet.clone() else {
        return ret(EFAULT);
    };
    let Some(old) = packet.load(&cx.rt.mem, offset, 2) else {
        return ret(EFAULT);
    };
    let old = u16::from_le_bytes([
        old.first().copied().unwrap_or(0),
        old.get(1).copied().unwrap_or(0),
    ]);
    if flags & MARK_MANGLED_0 != 0 && old == 0 && flags & MARK_ENFORCE == 0 {
        return ret(0);
    }
    let sum = match flags & SIZE_MASK {
        0 if from == 0 => add(u32::from(!old), to as u32),
        2 => add(
            add(u32::from(!old), u32::from(!(from as u16))),
            u32::from(to as u16),
        ),
        4 => add(add(u32::from(!old), !(from as u32)), to as u32),
        _ => return ret(EINVAL),
    };
    let mut new = !fold(sum);
    if flags & MARK_MANGLED_0 != 0 && new == 0 {
        new = 0xffff;
    }
    packet.store(&mut cx.rt.mem, offset, &new.to_le_bytes());
    ret(0)
}
