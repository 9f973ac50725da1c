//! Sockets: lookups that find nothing or one socket, casts, options, sysctl.

use super::{Answer, Cx, ret};
use crate::helpers_spec::helper;
use crate::smoke::maps::errno::{E2BIG, EINVAL};

/// Bytes of a modelled socket.
pub(super) const SOCK_BYTES: usize = 4096;

pub(super) fn helper(cx: &mut Cx<'_>, id: u32) -> Answer {
    match id {
        helper::SK_LOOKUP_TCP | helper::SK_LOOKUP_UDP | helper::SKC_LOOKUP_TCP => {
            if !cx.coin() {
                return Ok(Some(0));
            }
            Ok(Some(cx.rt.kernel_object("socket", SOCK_BYTES)?))
        }
        helper::SK_RELEASE => ret(0),
        // A cast gives the same socket; whether it fits is the kernel's to say.
        95 | 96 | 98 | 136..=140 | 162 | 178 | 196 => Ok(Some(cx.arg(1))),
        helper::SK_ASSIGN => ret(0),
        helper::GET_SOCKET_COOKIE | helper::GET_NETNS_COOKIE => Ok(Some(0x1234_5678)),
        helper::GET_SOCKET_UID => Ok(Some(u64::from(cx.rt.task.uid))),
        helper::SOCK_OPS_CB_FLAGS_SET => ret(0),
        helper::SYSCTL_GET_NAME => name(cx),
        helper::SYSCTL_GET_CURRENT_VALUE | helper::SYSCTL_GET_NEW_VALUE => value(cx),
        helper::SYSCTL_SET_NEW_VALUE => ret(0),
        _ => Ok(None),
    }
}

fn name(cx: &mut Cx<'_>) -> Answer {
    let flags = cx.arg(4);
    if flags > 1 {
        return ret(EINVAL);
    }
    let text: &[u8] = if flags == 1 {
        b"tcp_mem"
    } else {
        b"net/ipv4/tcp_mem"
    };
    copy_out(cx, text)
}

fn value(cx: &mut Cx<'_>) -> Answer {
    copy_out(cx, b"4096 8192 16384")
}

/// Copies a text with its NUL into a buffer; cut short it is `-E2BIG`.
fn copy_out(cx: &mut Cx<'_>, text: &[u8]) -> Answer {
    let size = cx.arg(3);
    let out: Vec<u8> = text
        .iter()
        .copied()
        .take((size as usize).saturating_sub(1))
        .collect();
    let fits = out.len() == text.len();
    cx.fill(2, size, 0)?;
    cx.put(2, &out)?;
    ret(if fits { text.len() as i64 } else { E2BIG })
}
