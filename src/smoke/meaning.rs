//! What return values mean to the hook that a program is attached to.

use super::engine::Outcome;
use crate::helpers_spec::ProgType;

/// What a return value means to the program's hook.
pub fn meaning(prog_type: ProgType, outcome: &Outcome) -> Option<&'static str> {
    let names = names(prog_type)?;
    names
        .iter()
        .find(|(value, _)| *value == outcome.ret as i32)
        .map(|(_, name)| *name)
}

/// Whether the return values of a type have names: others mean nothing then.
pub fn has_names(prog_type: ProgType) -> bool {
    names(prog_type).is_some()
}

fn names(prog_type: ProgType) -> Option<&'static [(i32, &'static str)]> {
    use ProgType as P;
    Some(match prog_type {
        P::Xdp => &[
            (0, "XDP_ABORTED"),
            (1, "XDP_DROP"),
            (2, "XDP_PASS"),
            (3, "XDP_TX"),
            (4, "XDP_REDIRECT"),
        ],
        P::SchedCls | P::SchedAct => &[
            (-1, "TC_ACT_UNSPEC"),
            (0, "TC_ACT_OK"),
            (1, "TC_ACT_RECLASSIFY"),
            (2, "TC_ACT_SHOT"),
            (3, "TC_ACT_PIPE"),
            (4, "TC_ACT_STOLEN"),
            (5, "TC_ACT_QUEUED"),
            (6, "TC_ACT_REPEAT"),
            (7, "TC_ACT_REDIRECT"),
            (8, "TC_ACT_TRAP"),
        ],
        P::SkSkb | P::SkMsg | P::SkLookup | P::SkReuseport => &[(0, "SK_DROP"), (1, "SK_PASS")],
        P::Netfilter => &[(0, "NF_DROP"), (1, "NF_ACCEPT")],
        P::FlowDissector => &[
            (0, "BPF_OK"),
            (2, "BPF_DROP"),
            (129, "BPF_FLOW_DISSECTOR_CONTINUE"),
        ],
        P::LwtIn | P::LwtOut | P::LwtXmit | P::LwtSeg6local => &[
            (0, "BPF_OK"),
            (2, "BPF_DROP"),
            (7, "BPF_REDIRECT"),
            (128, "BPF_LWT_REROUTE"),
        ],
        P::CgroupSkb
        | P::CgroupSock
        | P::CgroupSockAddr
        | P::CgroupDevice
        | P::CgroupSysctl
        | P::CgroupSockopt => &[(0, "reject"), (1, "allow")],
        _ => return None,
    })
}
