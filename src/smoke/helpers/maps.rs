//! Helpers on maps, local storage, ring buffers and perf buffers.

use super::{Answer, Cx, ret};
use crate::helpers_spec::{ProgType, helper};
use crate::smoke::engine::{FaultKind, Stop};
use crate::smoke::image::map_handle;
use crate::smoke::maps::Body;
use crate::smoke::maps::errno::{E2BIG, EEXIST, EFAULT, EINVAL, ENOENT, EOPNOTSUPP};
use crate::smoke::memory::Kind;

/// This CPU, in the flags of perf helpers.
const CURRENT_CPU: u64 = 0xffff_ffff;

pub(super) fn helper(cx: &mut Cx<'_>, id: u32) -> Answer {
    let cpu = cx.rt.config.cpu;
    match id {
        helper::MAP_LOOKUP_ELEM => {
            let map = cx.map(1)?;
            let key = cx.key(map, 2)?;
            Ok(Some(cx.rt.program_lookup(map, &key, cpu)?))
        }
        helper::MAP_UPDATE_ELEM => {
            let map = cx.map(1)?;
            let (key, value) = (cx.key(map, 2)?, cx.value(map, 3)?);
            let flags = cx.arg(4);
            ret(cx.rt.map_update(map, &key, &value, flags, cpu))
        }
        helper::MAP_DELETE_ELEM => {
            let map = cx.map(1)?;
            let key = cx.key(map, 2)?;
            ret(cx.rt.map_delete(map, &key))
        }
        helper::MAP_LOOKUP_PERCPU_ELEM => {
            let map = cx.map(1)?;
            let key = cx.key(map, 2)?;
            let cpu = cx.arg(3);
            if cpu >= u64::from(cx.rt.config.cpus) {
                return Ok(Some(0));
            }
            Ok(Some(cx.rt.program_lookup(map, &key, cpu as u32)?))
        }
        helper::MAP_PUSH_ELEM => {
            let map = cx.map(1)?;
            let value = cx.value(map, 2)?;
            let flags = cx.arg(3);
            ret(cx.rt.map_push(map, &value, flags))
        }
        helper::MAP_POP_ELEM | helper::MAP_PEEK_ELEM => pop(cx, id == helper::MAP_POP_ELEM),
        helper::FOR_EACH_MAP_ELEM => for_each(cx),
        helper::REDIRECT_MAP => redirect_map(cx),
        helper::SK_REDIRECT_MAP
        | helper::MSG_REDIRECT_MAP
        | helper::MSG_REDIRECT_HASH
        | helper::SK_REDIRECT_HASH
        | helper::SK_SELECT_REUSEPORT => redirect_sock(cx, id),
        helper::SOCK_MAP_UPDATE | helper::SOCK_HASH_UPDATE => sock_map_update(cx),
        helper::GET_LOCAL_STORAGE => {
            let map = cx.map(1)?;
            let m = cx.rt.maps.get(map as usize);
            let addr = match m.map(|m| &m.body) {
                Some(Body::CgroupStorage { region }) => {
                    let percpu = m.is_some_and(|m| m.def.map_type == 21);
                    cx.rt
                        .mem
                        .cell(*region, if percpu { u64::from(cpu) } else { 0 })
                }
                _ => return Err(FaultKind::BadArgument("not a cgroup storage").into()),
            };
            Ok(Some(addr))
        }
        helper::SK_STORAGE_GET
        | helper::INODE_STORAGE_GET
        | helper::TASK_STORAGE_GET
        | helper::CGRP_STORAGE_GET => storage_get(cx),
        helper::SK_STORAGE_DELETE
        | helper::INODE_STORAGE_DELETE
        | helper::TASK_STORAGE_DELETE
        | helper::CGRP_STORAGE_DELETE => {
            let map = cx.map(1)?;
            let owner = cx.arg(2);
            ret(if owner == 0 {
                EINVAL
            } else {
                cx.rt.storage_delete(map, owner)
            })
        }
        helper::RINGBUF_OUTPUT => {
            let map = cx.map(1)?;
            let bytes = cx.bytes(2, cx.arg(3))?;
            let flags = cx.arg(4);
            ret(cx.rt.ring_output(map, bytes, flags)?)
        }
        helper::RINGBUF_RESERVE => {
            let map = cx.map(1)?;
            let (len, flags) = (cx.arg(2), cx.arg(3));
            Ok(Some(cx.rt.ring_reserve(map, len, flags)?))
        }
        helper::RINGBUF_SUBMIT | helper::RINGBUF_DISCARD => {
            let record = cx.arg(1);
            cx.rt.ring_finish(record, id == helper::RINGBUF_SUBMIT)?;
            Ok(Some(0))
        }
        helper::RINGBUF_QUERY => {
            let map = cx.map(1)?;
            let what = cx.arg(2);
            Ok(Some(cx.rt.ring_query(map, what)?))
        }
        helper::PERF_EVENT_OUTPUT => perf_output(cx, false),
        helper::SKB_OUTPUT | helper::XDP_OUTPUT => perf_output(cx, true),
        helper::PERF_EVENT_READ => ret(ENOENT),
        helper::PERF_EVENT_READ_VALUE => {
            let len = cx.arg(4);
            cx.fill(3, len, 0)?;
            ret(ENOENT)
        }
        helper::GET_STACKID => stack_id(cx),
        helper::USER_RINGBUF_DRAIN => drain(cx),
        _ => Ok(None),
    }
}

fn pop(cx: &mut Cx<'_>, remove: bool) -> Answer {
    let map = cx.map(1)?;
    if !remove {
        let value = cx.value(map, 2)?;
        if let Some(answer) = cx.rt.map_may_hold(map, &value) {
            return ret(answer);
        }
    }
    cx.rt.stock(map)?;
    match cx.rt.map_pop(map, remove) {
        Ok(value) => {
            cx.put(2, &value)?;
            ret(0)
        }
        Err(error) => {
            let size = cx.rt.maps.get(map as usize).map_or(0, |m| m.def.value_size);
            cx.fill(2, u64::from(size), 0)?;
            ret(error)
        }
    }
}

fn for_each(cx: &mut Cx<'_>) -> Answer {
    let map = cx.map(1)?;
    let [_, callback, data, flags, _] = cx.args;
    if flags != 0 {
        return ret(EINVAL);
    }
    let key_size = cx.rt.maps.get(map as usize).map_or(0, |m| m.def.key_size);
    let Some(region) = cx.rt.mem.reuse(Kind::MapKey, key_size as usize) else {
        return Err(FaultKind::NotModelled("more memory objects".into()).into());
    };
    cx.rt.mem.set_writable(region, true);
    let addr = cx.rt.mem.base(region);
    let cpu = cx.rt.config.cpu;
    let mut count = 0;
    let mut last: Option<Vec<u8>> = None;
    loop {
        cx.rt.burn(1)?;
        cx.rt.spend(u64::from(key_size))?;
        let found = cx.rt.maps.get(map as usize);
        let Some(key) = found.and_then(|m| m.key_after(last.as_deref())) else {
            break;
        };
        // A callback that deletes would begin anew.
        if last.as_ref().is_some_and(|last| key <= *last) {
            break;
        }
        last = Some(key.clone());
        let Some(value) = cx.rt.map_lookup(map, &key, cpu) else {
            continue;
        };
        cx.rt.mem.set_writable(region, true);
        cx.rt.mem.write(addr, &key)?;
        cx.rt.mem.set_writable(region, false);
        count += 1;
        if cx.invoke(callback, [map_handle(map), addr, value, data, 0])? != 0 {
            break;
        }
    }
    cx.rt.mem.retire(region);
    ret(count)
}

fn targets(cx: &Cx<'_>, map: u32, key: &[u8]) -> bool {
    match cx.rt.maps.get(map as usize).map(|m| &m.body) {
        Some(Body::Targets { entries, .. }) => entries.contains_key(key),
        _ => false,
    }
}

/// XDP: the action to return; the flags' low bits say what if nothing is there.
fn redirect_map(cx: &mut Cx<'_>) -> Answer {
    const XDP_REDIRECT: i64 = 4;
    let map = cx.map(1)?;
    let (key, flags) = (cx.arg(2), cx.arg(3));
    let size = cx.rt.maps.get(map as usize).map_or(4, |m| m.def.key_size) as usize;
    let mut bytes = key.to_le_bytes().to_vec();
    cx.rt.spend(size as u64)?;
    bytes.resize(size, 0);
    let broadcast = flags & 8 != 0;
    let there = targets(cx, map, &bytes) || (cx.rt.config.populate && cx.coin());
    if !broadcast && !there {
        return ret((flags & 3) as i64);
    }
    cx.rt.output.redirects.push(("map", key));
    ret(XDP_REDIRECT)
}

/// Socket redirection: 1 (pass) when there is a target, else 0 (drop).
fn redirect_sock(cx: &mut Cx<'_>, id: u32) -> Answer {
    let map = cx.map(2)?;
    let hash = matches!(
        id,
        helper::MSG_REDIRECT_HASH | helper::SK_REDIRECT_HASH | helper::SK_SELECT_REUSEPORT
    );
    let key = if hash {
        cx.key(map, 3)?
    } else {
        (cx.arg(3) as u32).to_le_bytes().to_vec()
    };
    let found = targets(cx, map, &key) || (cx.rt.config.populate && cx.coin());
    if found {
        let to = key
            .iter()
            .rev()
            .take(8)
            .fold(0, |n, byte| n << 8 | u64::from(*byte));
        cx.rt.output.redirects.push(("socket", to));
    }
    match (id, found) {
        (82, true) => ret(0),
        (82, false) => ret(ENOENT),
        (_, true) => ret(1),
        (_, false) => ret(0),
    }
}

fn sock_map_update(cx: &mut Cx<'_>) -> Answer {
    let map = cx.map(2)?;
    let key = cx.key(map, 3)?;
    let size = cx.rt.maps.get(map as usize).map_or(0, |m| m.def.value_size);
    let (flags, cpu) = (cx.arg(4), cx.rt.config.cpu);
    cx.rt.spend(u64::from(size))?;
    ret(
        match cx
            .rt
            .map_update(map, &key, &vec![0; size as usize], flags, cpu)
        {
            error @ (EEXIST | ENOENT | E2BIG | EINVAL) => error,
            done => done,
        },
    )
}

fn storage_get(cx: &mut Cx<'_>) -> Answer {
    let map = cx.map(1)?;
    let [_, owner, init, flags, _] = cx.args;
    if owner == 0 || flags > 1 {
        return Ok(Some(0));
    }
    let init = if init == 0 {
        None
    } else {
        Some(cx.value(map, 3)?)
    };
    let create = flags == 1 || (cx.rt.config.populate && cx.coin());
    let addr = cx.rt.storage(map, owner, init.as_deref(), create);
    Ok(Some(addr.unwrap_or(0)))
}

/// A record for a perf event. The flags name the event and, of a program that has a packet
/// (or is given one: `other`), how many bytes of it come behind the record's own.
fn perf_output(cx: &mut Cx<'_>, other: bool) -> Answer {
    const PACKET: u64 = 0xfffff << 32;
    let map = cx.map(2)?;
    let flags = cx.arg(3);
    use ProgType as P;
    let shows = !matches!(
        cx.rt.prog_type,
        P::SockOps | P::SkMsg | P::SkReuseport | P::Netfilter | P::CgroupSockopt
    );
    let packet = cx.rt.packet.as_ref().filter(|_| shows && !other);
    let more = if packet.is_some() || other { PACKET } else { 0 };
    if flags & !(CURRENT_CPU | more) != 0 {
        return ret(EINVAL);
    }
    let asked = (flags & PACKET) >> 32;
    let behind = packet.map(|p| p.load(&cx.rt.mem, 0, asked));
    let Some(behind) = behind.unwrap_or_else(|| Some(Vec::new())) else {
        return ret(EFAULT);
    };
    cx.rt.spend(behind.len() as u64)?;
    let index = flags & CURRENT_CPU;
    let mut bytes = cx.bytes(4, cx.arg(5))?;
    bytes.extend(behind);
    let index = if index == CURRENT_CPU {
        u64::from(cx.rt.config.cpu)
    } else {
        index
    };
    ret(cx.rt.event_output(map, index, &bytes))
}

/// Stack traces are made up, but the same site has the same trace.
fn stack_id(cx: &mut Cx<'_>) -> Answer {
    let site = u64::from(cx.site.insn);
    let ips: Vec<u64> = (0..4)
        .map(|i| 0xffff_ffff_8100_0000 + site * 64 + i * 4096)
        .collect();
    stored(cx, ips, site)
}

/// Keeps a stated stack: equal ones have equal ids.
pub(super) fn keep_stack(cx: &mut Cx<'_>, ips: Vec<u64>) -> Answer {
    let hash = ips.iter().fold(5381u64, |h, ip| h.wrapping_mul(33) ^ ip);
    stored(cx, ips, hash)
}

fn stored(cx: &mut Cx<'_>, ips: Vec<u64>, hash: u64) -> Answer {
    let map = cx.map(2)?;
    let Some(m) = cx.rt.maps.get_mut(map as usize) else {
        return ret(EINVAL);
    };
    let id = (hash % u64::from(m.def.max_entries.max(1))) as u32;
    match &mut m.body {
        Body::Stacks(stacks) => {
            stacks.insert(id, ips);
            ret(i64::from(id))
        }
        _ => ret(EOPNOTSUPP),
    }
}

/// Runs the callback on each record of user space; the callback may stop it.
fn drain(cx: &mut Cx<'_>) -> Answer {
    cx.map(1)?;
    let [_, callback, data, flags, _] = cx.args;
    if flags & !3 != 0 {
        return ret(EINVAL);
    }
    let mut count = 0;
    while let Some(record) = cx.rt.user_records.pop_front() {
        let Some(region) = cx.rt.mem.alloc(Kind::Buffer, record.clone()) else {
            return Err(Stop::Fault(FaultKind::NotModelled(
                "more memory objects".into(),
            )));
        };
        cx.rt.mem.set_writable(region, false);
        let dynptr = super::dynptr::local(cx.rt, region, record.len() as u32)?;
        count += 1;
        let stop = cx.invoke(callback, [dynptr, data, 0, 0, 0])?;
        cx.rt.dynptrs.remove(&dynptr);
        if stop != 0 {
            break;
        }
    }
    ret(count)
}
