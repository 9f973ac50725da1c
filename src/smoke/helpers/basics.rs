//! Time, random numbers, CPUs, tasks, cgroups, return values, signals, locks.

use super::{Answer, Cx, ret};
use crate::helpers_spec::helper;
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
        helper::KTIME_GET_NS
        | helper::KTIME_GET_BOOT_NS
        | helper::KTIME_GET_COARSE_NS
        | helper::KTIME_GET_TAI_NS => {
            let clock = rt.tick();
            Ok(Some(match id {
                helper::KTIME_GET_COARSE_NS => clock / JIFFY * JIFFY,
                helper::KTIME_GET_TAI_NS => clock.saturating_add(1_700_000_000_000_000_000),
                _ => clock,
            }))
        }
        helper::JIFFIES64 => Ok(Some(rt.clock / JIFFY)),
        helper::GET_PRANDOM_U32 => Ok(Some(rt.rng.draw() & 0xffff_ffff)),
        helper::GET_SMP_PROCESSOR_ID => Ok(Some(u64::from(rt.config.cpu))),
        helper::GET_NUMA_NODE_ID => Ok(Some(0)),
        helper::GET_CURRENT_PID_TGID => {
            Ok(Some(u64::from(rt.task.tgid) << 32 | u64::from(rt.task.pid)))
        }
        helper::GET_CURRENT_UID_GID => {
            Ok(Some(u64::from(rt.task.gid) << 32 | u64::from(rt.task.uid)))
        }
        helper::GET_CURRENT_COMM => {
            let comm = rt.task.comm;
            cx.fill(1, second, 0)?;
            let len = comm.len().min(second as usize);
            cx.put(1, comm.get(..len).unwrap_or(&[]))?;
            ret(0)
        }
        helper::GET_CURRENT_TASK | helper::GET_CURRENT_TASK_BTF => {
            Ok(Some(rt.kernel_object("task", 16 << 10)?))
        }
        helper::TASK_PT_REGS => Ok(Some(rt.kernel_object("task pt_regs", 168)?)),
        helper::GET_CURRENT_CGROUP_ID => Ok(Some(rt.task.cgroup)),
        helper::GET_CURRENT_ANCESTOR_CGROUP_ID => Ok(Some(u64::from(first == 0))),
        helper::GET_NS_CURRENT_PID_TGID => {
            let (pid, tgid) = (rt.task.pid, rt.task.tgid);
            let bytes = [pid.to_le_bytes(), tgid.to_le_bytes()].concat();
            if cx.arg(4) != 8 {
                return ret(EINVAL);
            }
            cx.put(3, &bytes)?;
            ret(0)
        }
        helper::OVERRIDE_RETURN => ret(0),
        helper::GET_RETVAL => ret(rt.retval),
        helper::SET_RETVAL => {
            rt.retval = i64::from(first as i32);
            ret(0)
        }
        helper::GET_FUNC_IP => Ok(Some(0xffff_ffff_8123_4560)),
        helper::GET_ATTACH_COOKIE => Ok(Some(0)),
        helper::GET_FUNC_ARG_CNT => Ok(Some(rt.func_args.len() as u64)),
        helper::GET_FUNC_ARG => {
            let n = cx.arg(2) as usize;
            match cx.rt.func_args.get(n).copied() {
                Some(value) => {
                    cx.put(3, &value.to_le_bytes())?;
                    ret(0)
                }
                None => ret(EINVAL),
            }
        }
        helper::GET_FUNC_RET => {
            let value = cx.rt.func_ret;
            cx.put(2, &value.to_le_bytes())?;
            ret(0)
        }
        helper::SEND_SIGNAL | helper::SEND_SIGNAL_THREAD => {
            let signal = first as u32;
            if signal == 0 || signal > 64 {
                return ret(EINVAL);
            }
            rt.output.signals.push(signal);
            ret(0)
        }
        helper::SPIN_LOCK => lock(cx),
        helper::SPIN_UNLOCK => unlock(cx),
        helper::TIMER_INIT..=helper::TIMER_CANCEL => timer(cx, id),
        helper::KPTR_XCHG => {
            let (at, new) = (cx.arg(1), cx.arg(2));
            let old = cx.rt.mem.load(at, 8)?;
            cx.rt.mem.store(at, 8, new)?;
            Ok(Some(old))
        }
        helper::PER_CPU_PTR => Ok(Some(if second < u64::from(rt.config.cpus) {
            first
        } else {
            0
        })),
        helper::THIS_CPU_PTR => Ok(Some(cx.arg(1))),
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
    if id == helper::TIMER_INIT {
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
        helper::TIMER_SET_CALLBACK => {
            if code_site(second).is_none() {
                return Err(FaultKind::BadCodeAddress(second).into());
            }
            timer.callback = second;
            ret(0)
        }
        helper::TIMER_START => {
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
