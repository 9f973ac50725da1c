//! What it takes to attach a program, beside loading it.
//!
//! By type and section: the call that does it, the capabilities on kernels since 5.8, kernel
//! options, and what has to be there. Loading alone lets a program do nothing; an auditor
//! asks both.

use crate::helpers_spec::{AttachType, ProgType};
use crate::programs::Program;

/// What attaching takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attaching {
    /// How it is done.
    pub how: &'static str,
    /// Capabilities, on kernels since 5.8.
    pub capabilities: &'static [&'static str],
    /// Kernel options besides those of loading.
    pub options: &'static [&'static str],
    /// What else has to be there; may be empty.
    pub needs: &'static str,
}

const fn row(
    how: &'static str,
    capabilities: &'static [&'static str],
    options: &'static [&'static str],
    needs: &'static str,
) -> Attaching {
    Attaching {
        how,
        capabilities,
        options,
        needs,
    }
}

const NET: &[&str] = &["CAP_NET_ADMIN"];
const PERF: &[&str] = &["CAP_PERFMON"];
const BPF_PERF: &[&str] = &["CAP_BPF", "CAP_PERFMON"];

/// What attaching a program takes; none where nothing is attached, or its type is unknown.
pub fn attaching(program: &Program) -> Option<Attaching> {
    use ProgType as P;
    let begins = |stem: &str| program.section.starts_with(stem);
    Some(match program.prog_type {
        P::Kprobe if begins("uprobe") || begins("uretprobe") || begins("usdt") => row(
            "perf_event_open (uprobe), then PERF_EVENT_IOC_SET_BPF or a link",
            PERF,
            &["CONFIG_UPROBE_EVENTS"],
            "the file with the function",
        ),
        P::Kprobe => kprobe(program),
        P::Tracepoint => row(
            "perf_event_open (tracepoint), then PERF_EVENT_IOC_SET_BPF or a link",
            PERF,
            &["CONFIG_PERF_EVENTS"],
            "tracefs, for the tracepoint's number",
        ),
        P::PerfEvent => row(
            "perf_event_open, then PERF_EVENT_IOC_SET_BPF or a link",
            PERF,
            &["CONFIG_PERF_EVENTS"],
            "a clock or counter of the machine",
        ),
        P::RawTracepoint | P::RawTracepointWritable => {
            row("BPF_RAW_TRACEPOINT_OPEN", BPF_PERF, &[], "the tracepoint")
        }
        P::Tracing => tracing(program),
        P::Lsm if program.attach_type == Some(AttachType::LsmCgroup) => row(
            "BPF_LINK_CREATE on a cgroup",
            &["CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"],
            &[],
            "a cgroup of version 2; bpf among the active security modules (lsm=)",
        ),
        P::Lsm => row(
            "BPF_RAW_TRACEPOINT_OPEN or BPF_LINK_CREATE",
            BPF_PERF,
            &[],
            "bpf among the active security modules (lsm=)",
        ),
        P::Ext => row(
            "BPF_RAW_TRACEPOINT_OPEN or BPF_LINK_CREATE",
            &["CAP_BPF"],
            &[],
            "the program that it replaces a function of",
        ),
        P::StructOps => row(
            "BPF_MAP_UPDATE_ELEM of its map, or BPF_LINK_CREATE",
            &["CAP_BPF", "CAP_NET_ADMIN"],
            &[],
            "the kernel's structure",
        ),
        P::Xdp if program.attach_type == Some(AttachType::XdpCpumap) => {
            row("BPF_MAP_UPDATE_ELEM of a cpumap", NET, &[], "")
        }
        P::Xdp if program.attach_type == Some(AttachType::XdpDevmap) => {
            row("BPF_MAP_UPDATE_ELEM of a devmap", NET, &[], "")
        }
        P::Xdp => row(
            "netlink (IFLA_XDP) or BPF_LINK_CREATE",
            NET,
            &[],
            "a network device; a driver with XDP, unless in generic mode",
        ),
        P::SchedCls | P::SchedAct => classifier(program),
        P::SocketFilter => row(
            "setsockopt(SO_ATTACH_BPF)",
            &[],
            &[],
            "a socket of one's own (packet sockets: CAP_NET_RAW)",
        ),
        P::SkReuseport => row(
            "setsockopt(SO_ATTACH_REUSEPORT_EBPF)",
            &[],
            &[],
            "a socket with SO_REUSEPORT",
        ),
        P::CgroupSkb
        | P::CgroupSock
        | P::CgroupSockAddr
        | P::CgroupSockopt
        | P::CgroupSysctl
        | P::CgroupDevice
        | P::SockOps => row(
            "BPF_PROG_ATTACH or BPF_LINK_CREATE on a cgroup",
            NET,
            &[],
            "a cgroup of version 2",
        ),
        P::SkSkb | P::SkMsg => row(
            "BPF_PROG_ATTACH on a sockmap or sockhash",
            NET,
            &[],
            "sockets in that map",
        ),
        P::FlowDissector | P::SkLookup => row(
            "BPF_PROG_ATTACH or BPF_LINK_CREATE on a network namespace",
            NET,
            &[],
            "a network namespace",
        ),
        P::LwtIn | P::LwtOut | P::LwtXmit | P::LwtSeg6local => {
            row("netlink (a route's encapsulation)", NET, &[], "a route")
        }
        P::Netfilter => row("BPF_LINK_CREATE", NET, &[], "a netfilter hook"),
        P::LircMode2 => row(
            "BPF_PROG_ATTACH on a LIRC device",
            &[],
            &[],
            "an infrared receiver that may be opened",
        ),
        P::Syscall => row(
            "BPF_PROG_TEST_RUN: it is run, not attached",
            &["CAP_BPF"],
            &[],
            "",
        ),
        P::Unspec => return None,
    })
}

fn kprobe(program: &Program) -> Attaching {
    use AttachType as A;
    match program.attach_type {
        Some(A::TraceKprobeMulti | A::TraceKprobeSession) => {
            row("BPF_LINK_CREATE", BPF_PERF, &[], "the functions")
        }
        _ => row(
            "perf_event_open (kprobe), then PERF_EVENT_IOC_SET_BPF or a link",
            PERF,
            &["CONFIG_KPROBE_EVENTS"],
            "the function",
        ),
    }
}

fn tracing(program: &Program) -> Attaching {
    match program.attach_type {
        Some(AttachType::TraceIter) => row(
            "BPF_LINK_CREATE, then BPF_ITER_CREATE",
            BPF_PERF,
            &[],
            "whoever reads the iterator's file runs it",
        ),
        _ => row(
            "BPF_RAW_TRACEPOINT_OPEN or BPF_LINK_CREATE",
            BPF_PERF,
            &[],
            "the function or tracepoint, in the kernel's BTF",
        ),
    }
}

fn classifier(program: &Program) -> Attaching {
    use AttachType as A;
    match program.attach_type {
        Some(A::TcxIngress | A::TcxEgress) => row(
            "BPF_LINK_CREATE or BPF_PROG_ATTACH",
            NET,
            &[],
            "a network device",
        ),
        Some(A::NetkitPrimary | A::NetkitPeer) => row(
            "BPF_LINK_CREATE or BPF_PROG_ATTACH",
            NET,
            &[],
            "a netkit device",
        ),
        _ => row(
            "netlink (a classifier or action of tc)",
            NET,
            &["CONFIG_NET_SCH_INGRESS"],
            "a network device with clsact, or another queueing discipline",
        ),
    }
}
