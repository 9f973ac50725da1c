//! Reads of memory that may not be there: on failure the destination is zeroed.

use super::{Answer, Cx, ret};
use crate::helpers_spec::helper;
use crate::smoke::maps::errno::{EFAULT, EPERM};

/// Longer strings are cut here, whatever their buffer.
const MAX_STRING: u64 = 1 << 16;

pub(super) fn helper(cx: &mut Cx<'_>, id: u32) -> Answer {
    match id {
        helper::PROBE_READ
        | helper::PROBE_READ_USER
        | helper::PROBE_READ_KERNEL
        | helper::COPY_FROM_USER
        | helper::COPY_FROM_USER_TASK => read(cx),
        helper::PROBE_READ_STR | helper::PROBE_READ_USER_STR | helper::PROBE_READ_KERNEL_STR => {
            string(cx)
        }
        helper::PROBE_WRITE_USER => {
            let bytes = cx.bytes(2, cx.arg(3))?;
            let at = cx.arg(1);
            let user = cx.rt.mem.find(at).is_some_and(|r| Some(r) == cx.rt.user);
            if !user {
                return ret(EPERM);
            }
            ret(if cx.rt.mem.write(at, &bytes).is_ok() {
                0
            } else {
                EFAULT
            })
        }
        _ => Ok(None),
    }
}

fn read(cx: &mut Cx<'_>) -> Answer {
    let (len, from) = (cx.arg(2) & 0xffff_ffff, cx.arg(3));
    cx.rt.spend(len)?;
    let found = copy(cx, from, len);
    match found {
        Some(bytes) => {
            cx.put(1, &bytes)?;
            ret(0)
        }
        None => {
            cx.fill(1, len, 0)?;
            ret(EFAULT)
        }
    }
}

/// What a probe finds: all the bytes, or nothing.
fn copy(cx: &Cx<'_>, from: u64, len: u64) -> Option<Vec<u8>> {
    if let Ok(bytes) = cx.rt.mem.slice(from, len as usize) {
        return Some(bytes.to_vec());
    }
    let region = cx.rt.mem.find(from)?;
    if !cx.rt.mem.is_live(region) {
        return None;
    }
    // The end of a kernel object is not the end of memory.
    (len <= 1 << 20).then(|| {
        (0..len)
            .map(|i| {
                cx.rt
                    .mem
                    .slice(from.wrapping_add(i), 1)
                    .map_or(0, |b| b.first().copied().unwrap_or(0))
            })
            .collect()
    })
}

fn string(cx: &mut Cx<'_>) -> Answer {
    let (len, from) = (cx.arg(2) & 0xffff_ffff, cx.arg(3));
    if len == 0 {
        return ret(0);
    }
    let found = cx.rt.mem.find(from).is_some_and(|r| cx.rt.mem.is_live(r));
    if !found {
        cx.fill(1, len, 0)?;
        return ret(EFAULT);
    }
    let most = (len.min(MAX_STRING) - 1) as usize;
    cx.rt.spend(most as u64)?;
    let mut bytes = Vec::new();
    while bytes.len() < most {
        match cx.rt.mem.slice(from.wrapping_add(bytes.len() as u64), 1) {
            Ok([byte]) if *byte != 0 => bytes.push(*byte),
            _ => break,
        }
    }
    bytes.push(0);
    let count = bytes.len() as i64;
    cx.put(1, &bytes)?;
    ret(count)
}
