//! Loops by callback.

use super::{Answer, Cx, ret};
use crate::helpers_spec::helper;
use crate::smoke::maps::errno::{E2BIG, EINVAL};

/// Most iterations of one `bpf_loop`.
const MAX_LOOPS: u64 = 8 << 20;

pub(super) fn helper(cx: &mut Cx<'_>, id: u32) -> Answer {
    match id {
        helper::LOOP => bpf_loop(cx),
        helper::FIND_VMA => ret(super::basics::ABSENT),
        _ => Ok(None),
    }
}

fn bpf_loop(cx: &mut Cx<'_>) -> Answer {
    let [count, callback, data, flags, _] = cx.args;
    let count = count & 0xffff_ffff;
    if flags != 0 {
        return ret(EINVAL);
    }
    if count > MAX_LOOPS {
        return ret(E2BIG);
    }
    for i in 0..count {
        if cx.invoke(callback, [i, data, 0, 0, 0])? != 0 {
            return ret(i as i64 + 1);
        }
    }
    ret(count as i64)
}
