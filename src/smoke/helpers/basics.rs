//! Time, random numbers, CPUs, tasks, cgroups, return values, signals, locks.

use super::{Answer, Cx, ret};
use crate::smoke::engine::{FaultKind, Stop};
use crate::smoke::image::code_site;
use crate::smoke::maps::errno::{EBUSY, EINVAL, ENOENT};
use crate::smoke::runtime::Timer;

/// Nanoseconds of a jiffy (250 Hz).
const JIFFY: u64 = 4_000_000;

pub(super) fn helper(cx: &mut Cx<'_>, id: u32) -> Answer {
    let first = cx.arg(1);
    let second = cx.arg(2);
    let rt = &mut *cx.rt;
    match id {
        5 | 125 | 160 | 208 => {
            rt.clock = rt.clock.saturating_add(1_000);
            Ok(Some(match id {
                160 => rt.clock / JIFFY * JIFFY,
                208 => rt.clock.saturating_add(1_700_000_000_000_000_000),
                _ => rt.clock,
            }))
        }
        118 => Ok(Some(rt.clock / JIFFY)),
        7 => Ok(Some(rt.rng.draw() & 0xffff_ffff)),
        8 => Ok(Some(u64::from(rt.config.cpu))),
        42 => Ok(Some(0)),
        14 => Ok(Some(u64::from(rt.task.tgid) << 32 | u64::from(rt.task.pid))),
        15 => Ok(Some(u64::from(rt.task.gid) << 32 | u64::from(rt.task.uid))),
        16 => {
            let comm = rt.task.comm;
            cx.fill(1, second, 0)?;
            let len = comm.len().min(second as usize);
            cx.put(1, comm.get(..len).unwrap_or(&[]))?;
            ret(0)
        }
        35 | 158 => Ok(Some(rt.kernel_object("task", 16 << 10)?)),
        175 => Ok(Some(rt.kernel_object("task pt_regs", 168)?)),
        80 => Ok(Some(rt.task.cgroup)),
        123 => Ok(Some(u64::from(first == 0))),
        120 => {
            let (pid, tgid) = (rt.task.pid, rt.task.tgid);
            let bytes = [pid.to_le_bytes(), tgid.to_le_bytes()].concat();
            if cx.arg(4) != 8 {
                return ret(EINVAL);
            }
            cx.put(3, &bytes)?;
            ret(0)
        }
        58 => ret(0),
        186 => ret(rt.retval),
        187 => {
            rt.retval = i64::from(first as i32);
            ret(0)
        }
        173 => Ok(Some(0xffff_ffff_8123_4560)),
        174 => Ok(Some(0)),
        185 => Ok(Some(rt.func_args.len() as u64)),
        183 => {
            let n = cx.arg(2) as usize;
            match cx.rt.func_args.get(n).copied() {
                Some(value) => {
                    cx.put(3, &value.to_le_bytes())?;
                    ret(0)
                }
                None => ret(EINVAL),
            }
        }
        184 => {
            let value = cx.rt.func_ret;
            cx.put(2, &value.to_le_bytes())?;
            ret(0)
        }
        109 | 117 => {
            let signal = first as u32;
            if signal == 0 || signal > 64 {
                return ret(EINVAL);
            }
            rt.output.signals.push(signal);
            ret(0)
        }
        93 => lock(cx),
        94 => unlock(cx),
        169..=172 => timer(cx, id),
        194 => {
            let (at, new) = (cx.arg(1), cx.arg(2));
            let old = cx.rt.mem.load(at, 8)?;
            cx.rt.mem.store(at, 8, new)?;
            Ok(Some(old))
        }
        153 => Ok(Some(if second < u64::from(rt.config.cpus) {
            first
        } else {
            0
        })),
        154 => Ok(Some(cx.arg(1))),
        _ => Ok(None),
    }
}

fn lock(cx: &mut Cx<'_>) -> Answer {
    let at = cx.arg(1);
    cx.rt.mem.slice(at, 4)?;
    if cx.rt.locks.insert(at) {
        Ok(Some(0))
    } else {
        Err(Stop::Fault(FaultKind::Misuse("a spin lock is taken twice")))
    }
}

fn unlock(cx: &mut Cx<'_>) -> Answer {
    let at = cx.arg(1);
    if cx.rt.locks.remove(&at) {
        Ok(Some(0))
    } else {
        Err(Stop::Fault(FaultKind::Misuse(
            "a spin lock is released that is not taken",
        )))
    }
}

fn timer(cx: &mut Cx<'_>, id: u32) -> Answer {
    let at = cx.arg(1);
    let clock = cx.rt.clock;
    if id == 169 {
        let flags = cx.arg(3);
        if !matches!(flags, 0 | 1 | 7) {
            return ret(EINVAL);
        }
        if cx.rt.timers.contains_key(&at) {
            return ret(EBUSY);
        }
        let map = cx.map(2)?;
        cx.rt.timers.insert(
            at,
            Timer {
                map,
                callback: 0,
                due: None,
            },
        );
        return ret(0);
    }
    let [_, second, flags, ..] = cx.args;
    let Some(timer) = cx.rt.timers.get_mut(&at) else {
        return ret(EINVAL);
    };
    match id {
        170 => {
            if code_site(second).is_none() {
                return Err(FaultKind::BadCodeAddress(second).into());
            }
            timer.callback = second;
            ret(0)
        }
        171 => {
            if flags > 3 || timer.callback == 0 {
                return ret(EINVAL);
            }
            timer.due = Some(if flags & 1 != 0 {
                second
            } else {
                clock.saturating_add(second)
            });
            ret(0)
        }
        _ => ret(i64::from(timer.due.take().is_some())),
    }
}

/// What a key's lookup by a foreign kernel would say: nothing is there.
pub(super) const ABSENT: i64 = ENOENT;
