//! Stores into kernel objects: the few fields that some programs may set.

use super::btf_walk::{Found, walk};
use crate::abstract_interp::refusal::{Fault, refuse_reg};
use crate::abstract_interp::vm::{Check, Vm};
use crate::helpers_spec::ProgType;
use crate::object::Btf;

/// struct_ops structure, struct written, fields.
const STRUCT_OPS_FIELDS: &[(&str, &str, &[&str])] = &[
    (
        "tcp_congestion_ops",
        "inet_connection_sock",
        &["icsk_ca_priv", "icsk_ack.pending"],
    ),
    (
        "tcp_congestion_ops",
        "sock",
        &["sk_pacing_rate", "sk_pacing_status"],
    ),
    (
        "tcp_congestion_ops",
        "tcp_sock",
        &[
            "snd_cwnd",
            "snd_cwnd_cnt",
            "snd_cwnd_stamp",
            "snd_ssthresh",
            "ecn_flags",
            "app_limited",
        ],
    ),
    ("Qdisc_ops", "Qdisc", &["limit", "q.qlen", "qstats"]),
    ("Qdisc_ops", "sk_buff", &["tstamp"]),
    (
        "sched_ext_ops",
        "task_struct",
        &["scx.slice", "scx.dsq_vtime", "scx.disallow"],
    ),
];

/// Whether `size` bytes at `off` of struct `id` may be written.
pub fn check(vm: &Vm, btf: &Btf, id: u32, r: u8, off: i32, size: u32) -> Check<()> {
    let name = btf.name(btf.skip_mods(id));
    let refused = || refuse_reg(r, Fault::StructReadOnly);
    match vm.env.prog_type() {
        ProgType::StructOps => {
            let Some(slot) = &vm.env.program.struct_ops else {
                return refused();
            };
            if &*slot.structure == "bpf_dummy_ops" && name == "bpf_dummy_ops_state" {
                return match walk(
                    btf,
                    id,
                    off as u32,
                    size,
                    vm.env.target.behaviour().unions_read_freely(),
                ) {
                    Ok(_) => Ok(()),
                    Err(fault) => refuse_reg(r, fault),
                };
            }
            let own = |s: &str| s == "tcp_sock" || s == "inet_connection_sock" || s == "sock";
            if &*slot.structure == "Qdisc_ops" && name == "sk_buff" && in_qdisc_data(btf, off, size)
            {
                return Ok(());
            }
            let writable = STRUCT_OPS_FIELDS
                .iter()
                .filter(|(ops, s, _)| {
                    *ops == &*slot.structure && (*s == name || own(s) && own(name))
                })
                .flat_map(|(_, s, fields)| fields.iter().map(move |f| (*s, *f)))
                .filter(|(_, f)| {
                    *f != "app_limited" || vm.env.target.behaviour().app_limited_writable()
                })
                .any(|(s, f)| holds(btf, s, f, off, size));
            if writable {
                return Ok(());
            }
            let (off, size) = (off.into(), size.into());
            refuse_reg(r, Fault::MemberReadOnly { off, size })
        }
        // A connection, also one that is not yet inserted.
        ProgType::Xdp | ProgType::SchedCls | ProgType::SchedAct
            if name == "nf_conn" || name == "nf_conn___init" =>
        {
            let mark = holds(btf, "nf_conn", "mark", off, size);
            if mark { Ok(()) } else { refused() }
        }
        _ => match walk(
            btf,
            id,
            off as u32,
            size,
            vm.env.target.behaviour().unions_read_freely(),
        ) {
            Ok(Found::Scalar | Found::Memory | Found::Struct { .. }) | Err(_) => refused(),
        },
    }
}

/// Whether the bytes are those of a packet's scratch space that a queueing
/// discipline may use as it likes.
fn in_qdisc_data(btf: &Btf, off: i32, size: u32) -> bool {
    let member = |s: &str, name: &str| {
        let members = btf.ty(btf.find_struct(s)?)?.composite()?.members;
        let m = members.iter().find(|m| m.name == name)?;
        Some((m.bit_offset / 8, btf.resolve_size(m.ty)?))
    };
    let (Some((cb, _)), Some((data, len))) =
        (member("sk_buff", "cb"), member("qdisc_skb_cb", "data"))
    else {
        return false;
    };
    let start = cb + data;
    off as u32 >= start && off as u32 + size <= start + len
}

/// Whether `[off, off + size)` lies within a field (a path of members) of `s`.
fn holds(btf: &Btf, s: &str, field: &str, off: i32, size: u32) -> bool {
    let Some(mut at) = btf.find_struct(s) else {
        return false;
    };
    let mut start = 0;
    for part in field.split('.') {
        let Some((inside, ty)) = member(btf, at, part, MAX_ANONYMOUS) else {
            return false;
        };
        start += inside;
        at = btf.skip_mods_typedefs(ty);
        if part == field.rsplit('.').next().unwrap_or(part) {
            let Some(len) = btf.resolve_size(at) else {
                return false;
            };
            let off = off as u32;
            return off >= start && off + size <= start + len;
        }
    }
    false
}

/// How deep unions and structs without a name are looked into.
const MAX_ANONYMOUS: u32 = 4;

/// Where a member of struct `id` lies, and its type; members without a name lend theirs.
fn member(btf: &Btf, id: u32, name: &str, depth: u32) -> Option<(u32, u32)> {
    btf.ty(id)?.composite()?.members.iter().find_map(|m| {
        let at = m.bit_offset / 8;
        match (m.name, depth.checked_sub(1)) {
            (found, _) if found == name => Some((at, m.ty)),
            ("", Some(depth)) => {
                let (inside, ty) = member(btf, btf.skip_mods_typedefs(m.ty), name, depth)?;
                Some((at.checked_add(inside)?, ty))
            }
            _ => None,
        }
    })
}
