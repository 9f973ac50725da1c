//! What calls did: the bytes that they wrote, and how their results may be stated.
//!
//! A result may be stated as long as the verifier takes it for possible: null where a
//! pointer may be null, any number where none is excluded, an error where the call may
//! fail. Calls that leave something open behind them, or that a later call relies on
//! (records, dynptrs, exchanged pointers), are left alone.

use super::Thing;
use super::shadow::{COMM, Mark, Result, Shadow};
use crate::helpers_spec::{self, ArgType, KfFlags, RetType, TypeFlags, helper};
use crate::programs::insn::Callee;
use crate::smoke::engine::Site;
use crate::smoke::helpers::SPEC;
use crate::smoke::host;
use crate::smoke::image::{Image, map_of_handle};
use crate::smoke::maps::Body;
use crate::smoke::runtime::{Called, Runtime};

/// Longest copy that is followed.
const MAX_COPY: u64 = 256;
/// Largest value of a map that is made.
const MAX_FILLED: u32 = 1 << 16;

/// A call that is under way.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) site: Site,
    pub(super) nth: u32,
    pub(super) callee: Callee,
    pub(super) args: [u64; 5],
    /// Where the third argument's number stands, which could be a pointer.
    pub(super) from: Option<(Thing, u32)>,
}

impl Shadow {
    /// What a call wrote.
    pub(super) fn effects(&mut self, call: &Pending, value: u64, rt: &Runtime) {
        let [a1, a2, a3, a4, _] = call.args;
        let Callee::Helper(id) = call.callee else {
            return;
        };
        let worked = value as i64 >= 0;
        let packet = rt.packet.as_ref().map(|p| {
            let data = rt.mem.base(p.region).wrapping_add(p.data as u64);
            (data, p.network_offset() as u64)
        });
        match id as u32 {
            helper::PROBE_READ
            | helper::PROBE_READ_USER
            | helper::PROBE_READ_KERNEL
            | helper::COPY_FROM_USER
            | helper::COPY_FROM_USER_TASK => self.copied(a1, a2 & 0xffff_ffff, a3, worked),
            helper::PROBE_READ_STR
            | helper::PROBE_READ_USER_STR
            | helper::PROBE_READ_KERNEL_STR => {
                let len = if worked { value } else { a2 & 0xffff_ffff };
                self.copied(a1, len, a3, worked);
            }
            helper::SKB_LOAD_BYTES | helper::XDP_LOAD_BYTES => {
                let from = packet.map_or(0, |(data, _)| data.wrapping_add(a2));
                self.copied(a3, a4 & 0xffff_ffff, from, worked && packet.is_some());
            }
            helper::SKB_LOAD_BYTES_RELATIVE => {
                let from = packet.map_or(0, |(data, net)| {
                    let start = if call.args[4] == 0 { 0 } else { net };
                    data.wrapping_add(start).wrapping_add(a2)
                });
                self.copied(a3, a4 & 0xffff_ffff, from, worked && packet.is_some());
            }
            helper::GET_CURRENT_COMM => self.copied(a1, a2.min(15), COMM, worked),
            helper::MAP_UPDATE_ELEM | helper::MAP_DELETE_ELEM => {
                if let Some((map, key)) = key_of(a1, a2, rt) {
                    self.updated.insert((map, key));
                }
            }
            id => self.written(id, call, rt),
        }
        if !worked && let Some(place) = &call.from {
            self.notes.pointers.insert(place.clone());
        }
    }

    fn copied(&mut self, to: u64, len: u64, from: u64, worked: bool) {
        for i in 0..len.min(MAX_COPY) {
            let mark = if worked {
                // What was itself copied or computed stays what it was.
                let at = from.wrapping_add(i);
                self.marks.get(&at).copied().unwrap_or(Mark::Copy(at))
            } else {
                Mark::Own
            };
            self.marks.insert(to.wrapping_add(i), mark);
        }
    }

    /// Arguments that a helper writes to.
    fn written(&mut self, id: u32, call: &Pending, rt: &Runtime) {
        let proto = helpers_spec::helper_proto(id, rt.prog_type, rt.attach_type, SPEC);
        let Some(proto) = proto else { return };
        for (arg, at) in proto.arguments().zip(call.args) {
            let writes = arg.flags.has(TypeFlags::UNINIT) || arg.flags.has(TypeFlags::WRITE);
            if arg.base != ArgType::Mem || !writes || at == 0 {
                continue;
            }
            let size = match arg.size_arg {
                0 => u64::from(arg.fixed_size.unwrap_or(0)),
                of => call
                    .args
                    .get(usize::from(of).wrapping_sub(1))
                    .copied()
                    .unwrap_or(0),
            };
            self.copied(at, size, 0, false);
        }
    }
}

/// The map and the key of a call.
fn key_of(handle: u64, key: u64, rt: &Runtime) -> Option<(u32, Vec<u8>)> {
    let map = map_of_handle(handle)?;
    let size = rt.maps.get(map as usize)?.def.key_size;
    Some((map, rt.mem.read(key, size as usize).ok()?))
}

/// How a call's result may be stated.
pub(super) fn outcome(call: &Pending, image: &Image, rt: &Runtime) -> Option<Result> {
    match call.callee {
        Callee::Helper(id) => helper_result(u32::try_from(id).ok()?, call, rt),
        Callee::Kfunc { imm, .. } => {
            let code = image.programs.get(call.site.program as usize)?;
            let name = &code.program.kfuncs.get(imm as usize)?.name;
            kfunc_result(name, rt)
        }
        Callee::Local(_) => None,
    }
}

fn helper_result(id: u32, call: &Pending, rt: &Runtime) -> Option<Result> {
    let [a1, a2, a3, ..] = call.args;
    let host = rt.config.host.as_deref();
    if rt.states(id, &call.args) || host.is_some_and(|h| host::fixes(h, id)) {
        return None;
    }
    match id {
        helper::MAP_LOOKUP_ELEM | helper::MAP_LOOKUP_PERCPU_ELEM => {
            let (map, key) = key_of(a1, a2, rt)?;
            let m = rt.maps.get(map as usize)?;
            let small = m.def.value_size <= MAX_FILLED;
            let fillable = small && matches!(m.body, Body::Hash(_) | Body::Lpm(_));
            return Some(Result::Lookup { map, key, fillable });
        }
        // What comes after relies on what these did.
        helper::TAIL_CALL
        | helper::KPTR_XCHG
        | helper::DYNPTR_FROM_MEM
        | helper::RINGBUF_RESERVE_DYNPTR
        | helper::USER_RINGBUF_DRAIN => return None,
        helper::GET_SMP_PROCESSOR_ID => {
            let most = u64::from(rt.config.cpus.saturating_sub(1));
            return Some(Result::Free { most });
        }
        _ => {}
    }
    let proto = helpers_spec::helper_proto(id, rt.prog_type, rt.attach_type, SPEC)?;
    let nullable = proto.ret.flags.has(TypeFlags::MAYBE_NULL);
    match proto.ret.base {
        RetType::Void => None,
        RetType::Integer => Some(match id {
            helper::PROBE_READ_STR
            | helper::PROBE_READ_USER_STR
            | helper::PROBE_READ_KERNEL_STR => Result::Status { most: a2 },
            helper::GET_STACK | helper::GET_TASK_STACK => Result::Status { most: a3 },
            helper::GET_PRANDOM_U32 => Result::Free {
                most: u64::from(u32::MAX),
            },
            helper::KTIME_GET_NS
            | helper::KTIME_GET_BOOT_NS
            | helper::KTIME_GET_COARSE_NS
            | helper::KTIME_GET_TAI_NS
            | helper::JIFFIES64
            | helper::GET_CURRENT_PID_TGID
            | helper::GET_CURRENT_UID_GID
            | helper::GET_CURRENT_CGROUP_ID
            | helper::GET_CURRENT_ANCESTOR_CGROUP_ID
            | helper::GET_SOCKET_COOKIE
            | helper::GET_ATTACH_COOKIE
            | helper::GET_FUNC_IP
            | helper::GET_NETNS_COOKIE => Result::Free { most: u64::MAX },
            _ if rt.modelled.contains(&Called::Helper(id)) => Result::Free { most: u64::MAX },
            _ => Result::Status {
                most: i32::MAX as u64,
            },
        }),
        _ => nullable.then_some(Result::Pointer),
    }
}

fn kfunc_result(name: &str, rt: &Runtime) -> Option<Result> {
    if name.contains("dynptr") || name.ends_with("_new") || name.contains("arena") {
        return None;
    }
    let spec = helpers_spec::kfunc(name, SPEC)?;
    if spec.ret.trim_end().ends_with('*') {
        let nullable = spec.flags.contains(KfFlags::RET_NULL);
        return nullable.then_some(Result::Pointer);
    }
    let modelled = rt.modelled.contains(&Called::Kfunc(name.to_owned()));
    match spec.ret.trim() {
        "void" | "" => None,
        "bool" | "_Bool" => modelled.then_some(Result::Free { most: 1 }),
        _ => modelled.then_some(Result::Free { most: u64::MAX }),
    }
}
