//! Names for what instructions refer to, and the few facts about calls that the
//! story of a value needs.

use super::flow::Test;
use crate::pending;
use crate::programs::Program;
use crate::programs::disasm::{self, Dialect, Names};
use crate::programs::insn::{Callee, JmpOp, Op};

/// The names that a program knows, for its disassembly.
pub struct ProgramNames<'a>(pub &'a Program);

impl Names for ProgramNames<'_> {
    fn helper(&self, id: i32) -> Option<String> {
        u32::try_from(id)
            .ok()
            .and_then(pending::helper_name)
            .map(str::to_owned)
    }

    fn kfunc(&self, imm: i32, _off: i16) -> Option<String> {
        self.0
            .kfuncs
            .get(usize::try_from(imm).ok()?)
            .map(|k| k.name.to_string())
    }

    fn map(&self, idx: u32) -> Option<String> {
        self.0.maps.get(idx as usize).map(|m| m.name.to_string())
    }

    fn function(&self, slot: usize) -> Option<String> {
        self.0
            .subprogs
            .iter()
            .find(|s| s.start as usize == slot)
            .map(|s| s.name.to_string())
    }
}

/// One instruction of a program as text, with names.
pub fn instruction(program: &Program, ops: &[Op], insn: usize) -> String {
    ops.get(insn).map_or_else(String::new, |op| {
        disasm::disasm_with(op, insn, Dialect::Llvm, &ProgramNames(program))
    })
}

/// A called function's name.
pub(super) fn callee(program: &Program, callee: Callee, insn: usize) -> String {
    match callee {
        Callee::Helper(id) => u32::try_from(id)
            .ok()
            .and_then(pending::helper_name)
            .map_or_else(|| format!("helper {id}"), str::to_owned),
        Callee::Local(rel) => {
            let start = insn as i64 + 1 + i64::from(rel);
            program
                .subprogs
                .iter()
                .find(|s| i64::from(s.start) == start)
                .map_or_else(|| "a function".to_owned(), |s| s.name.to_string())
        }
        Callee::Kfunc { imm, .. } => usize::try_from(imm)
            .ok()
            .and_then(|i| program.kfuncs.get(i))
            .map_or_else(|| format!("kernel function {imm}"), |k| k.name.to_string()),
    }
}

/// A map's name.
pub(super) fn map(program: &Program, index: u32) -> String {
    program
        .maps
        .get(index as usize)
        .map_or_else(|| format!("#{index}"), |m| m.name.to_string())
}

/// The name of a context field, for the types whose layout is theirs by name.
pub(super) fn ctx_field(program: &Program, off: i16) -> Option<&'static str> {
    let off = u32::try_from(off).ok()?;
    match program.prog_type.name() {
        "xdp" => match off {
            0 => Some("data"),
            4 => Some("data_end"),
            8 => Some("data_meta"),
            12 => Some("ingress_ifindex"),
            16 => Some("rx_queue_index"),
            _ => None,
        },
        "sched_cls" | "sched_act" | "cgroup_skb" | "sk_skb" | "socket_filter" | "lwt_in"
        | "lwt_out" | "lwt_xmit" | "lwt_seg6local" => match off {
            0 => Some("len"),
            8 => Some("mark"),
            16 => Some("protocol"),
            76 => Some("data"),
            80 => Some("data_end"),
            140 => Some("data_meta"),
            _ => None,
        },
        "sk_msg" | "sk_reuseport" => match off {
            0 => Some("data"),
            8 => Some("data_end"),
            _ => None,
        },
        _ => None,
    }
}

fn helper(callee: Callee) -> Option<&'static str> {
    match callee {
        Callee::Helper(id) => pending::helper_name(u32::try_from(id).ok()?),
        _ => None,
    }
}

/// Whether a function's result may be NULL, judged by its name.
pub(super) fn may_return_null(name: &str) -> bool {
    [
        "lookup",
        "_reserve",
        "_storage_get",
        "_acquire",
        "_next",
        "_obj_new",
        "_slice",
        "_data",
        "fullsock",
        "skc_to_",
        "_pop_",
        "_first",
        "from_",
    ]
    .iter()
    .any(|part| name.contains(part))
        && name != "bpf_skb_load_bytes"
}

/// Whether a call may move the packet, which voids pointers into it.
pub(super) fn moves_packet(_program: &Program, callee: Callee) -> bool {
    const MOVING: [&str; 14] = [
        "_adjust_",
        "skb_store_bytes",
        "skb_change_",
        "skb_vlan_",
        "skb_pull_data",
        "l3_csum_replace",
        "l4_csum_replace",
        "clone_redirect",
        "msg_push",
        "msg_pop",
        "msg_pull",
        "lwt_push",
        "lwt_seg6",
        "set_hash",
    ];
    helper(callee).is_some_and(|name| MOVING.iter().any(|part| name.contains(part)))
}

/// Whether a call's result must be released.
pub(super) fn acquires(program: &Program, c: Callee) -> bool {
    let name = callee(program, c, 0);
    let plain = [
        "sk_lookup",
        "skc_lookup",
        "_reserve",
        "_acquire",
        "_obj_new",
        "_from_pid",
        "_from_id",
        "_ref",
        "kptr_xchg",
        "_create",
        "_new",
    ];
    plain.iter().any(|part| name.contains(part)) && !releases(program, c)
}

/// Whether a call releases its argument.
pub(super) fn releases(program: &Program, c: Callee) -> bool {
    let name = callee(program, c, 0);
    [
        "_release",
        "_submit",
        "_discard",
        "_drop",
        "_put",
        "_destroy",
        "kptr_xchg",
        "_push_front",
        "_push_back",
        "rbtree_add",
    ]
    .iter()
    .any(|part| name.contains(part))
}

/// Whether a function opens or closes a lock or a critical section.
pub(super) fn guards(name: &str) -> bool {
    ["lock", "preempt_", "local_irq_"]
        .iter()
        .any(|part| name.contains(part))
}

/// A comparison with the way it went, in symbols: `< 64 holds`.
pub(super) fn test(t: &Test) -> String {
    let Some(op) = (if t.taken { Some(t.op) } else { t.op.negate() }) else {
        return "bits tested".into();
    };
    let sign = match op {
        JmpOp::Eq => "==",
        JmpOp::Ne => "!=",
        JmpOp::Gt => ">",
        JmpOp::Ge => ">=",
        JmpOp::Lt => "<",
        JmpOp::Le => "<=",
        JmpOp::Sgt => "s>",
        JmpOp::Sge => "s>=",
        JmpOp::Slt => "s<",
        JmpOp::Sle => "s<=",
        JmpOp::Set => "&",
    };
    match t.b {
        Err(imm) => format!("`{sign} {imm}` holds"),
        Ok(_) => format!("`{sign}` another variable holds"),
    }
}
