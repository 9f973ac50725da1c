//! Section names and what they say of a program: libbpf's vocabulary.
//!
//! A row's name ends in `+` if `name` and `name/anything` match; otherwise the
//! whole section name must be equal. libbpf 0.8 also took longer names for most
//! rows (`xdp_prog1`): rows marked `loose`.

use crate::helpers_spec::{AttachType as A, ProgType as P};

/// What a section name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionInfo {
    /// The row's name as written in the table.
    pub pattern: &'static str,
    /// Program type.
    pub prog_type: P,
    /// Expected attach type, if the row has one.
    pub attach_type: Option<A>,
    /// Loaded with `BPF_F_SLEEPABLE`.
    pub sleepable: bool,
    /// Needs a target in the kernel's BTF.
    pub attach_btf: bool,
    /// Old kernels may be given no attach type.
    pub attach_optional: bool,
    /// Loaded with `BPF_F_XDP_HAS_FRAGS`.
    pub frags: bool,
    /// A user statically defined trace point.
    pub usdt: bool,
    /// libbpf 0.8 took longer names, too.
    loose: bool,
}

/// Plain row.
const fn row(pattern: &'static str, prog_type: P, attach_type: Option<A>) -> SectionInfo {
    SectionInfo {
        pattern,
        prog_type,
        attach_type,
        sleepable: false,
        attach_btf: false,
        attach_optional: false,
        frags: false,
        usdt: false,
        loose: false,
    }
}

impl SectionInfo {
    const fn sleepable(mut self) -> Self {
        self.sleepable = true;
        self
    }
    const fn btf(mut self) -> Self {
        self.attach_btf = true;
        self
    }
    const fn optional(mut self) -> Self {
        self.attach_optional = true;
        self
    }
    const fn frags(mut self) -> Self {
        self.frags = true;
        self
    }
    const fn usdt(mut self) -> Self {
        self.usdt = true;
        self
    }
    const fn loose(mut self) -> Self {
        self.loose = true;
        self
    }

    fn matches(&self, name: &str) -> bool {
        match self.pattern.strip_suffix('+') {
            Some(base) => name
                .strip_prefix(base)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
            None => name == self.pattern,
        }
    }

    fn matches_loosely(&self, name: &str) -> bool {
        self.matches(name) || self.loose && name.starts_with(self.pattern)
    }
}

/// Every row, in the order in which they are tried.
pub const SECTIONS: &[SectionInfo] = &[
    row("socket", P::SocketFilter, None).loose(),
    row(
        "sk_reuseport/migrate",
        P::SkReuseport,
        Some(A::SkReuseportSelectOrMigrate),
    )
    .loose(),
    row("sk_reuseport", P::SkReuseport, Some(A::SkReuseportSelect)).loose(),
    row("kprobe+", P::Kprobe, None),
    row("uprobe+", P::Kprobe, None),
    row("uprobe.s+", P::Kprobe, None).sleepable(),
    row("kretprobe+", P::Kprobe, None),
    row("uretprobe+", P::Kprobe, None),
    row("uretprobe.s+", P::Kprobe, None).sleepable(),
    row("kprobe.multi+", P::Kprobe, Some(A::TraceKprobeMulti)),
    row("kretprobe.multi+", P::Kprobe, Some(A::TraceKprobeMulti)),
    row("kprobe.session+", P::Kprobe, Some(A::TraceKprobeSession)),
    row("uprobe.multi+", P::Kprobe, Some(A::TraceUprobeMulti)),
    row("uretprobe.multi+", P::Kprobe, Some(A::TraceUprobeMulti)),
    row("uprobe.session+", P::Kprobe, Some(A::TraceUprobeSession)),
    row("uprobe.multi.s+", P::Kprobe, Some(A::TraceUprobeMulti)).sleepable(),
    row("uretprobe.multi.s+", P::Kprobe, Some(A::TraceUprobeMulti)).sleepable(),
    row("uprobe.session.s+", P::Kprobe, Some(A::TraceUprobeSession)).sleepable(),
    row("ksyscall+", P::Kprobe, None),
    row("kretsyscall+", P::Kprobe, None),
    row("usdt+", P::Kprobe, None).usdt(),
    row("usdt.s+", P::Kprobe, None).usdt().sleepable(),
    row("tc/ingress", P::SchedCls, Some(A::TcxIngress)),
    row("tc/egress", P::SchedCls, Some(A::TcxEgress)),
    row("tcx/ingress", P::SchedCls, Some(A::TcxIngress)),
    row("tcx/egress", P::SchedCls, Some(A::TcxEgress)),
    row("tc", P::SchedCls, None),
    row("classifier", P::SchedCls, None).loose(),
    row("action", P::SchedAct, None).loose(),
    row("netkit/primary", P::SchedCls, Some(A::NetkitPrimary)),
    row("netkit/peer", P::SchedCls, Some(A::NetkitPeer)),
    row("tracepoint+", P::Tracepoint, None),
    row("tp+", P::Tracepoint, None),
    row("raw_tracepoint+", P::RawTracepoint, None),
    row("raw_tp+", P::RawTracepoint, None),
    row("raw_tracepoint.w+", P::RawTracepointWritable, None),
    row("raw_tp.w+", P::RawTracepointWritable, None),
    row("tracepoint.s+", P::Tracepoint, None).sleepable(),
    row("tp.s+", P::Tracepoint, None).sleepable(),
    row("raw_tracepoint.s+", P::RawTracepoint, None).sleepable(),
    row("raw_tp.s+", P::RawTracepoint, None).sleepable(),
    row("tp_btf.s+", P::Tracing, Some(A::TraceRawTp))
        .btf()
        .sleepable(),
    row("fentry.multi+", P::Tracing, Some(A::TraceFentryMulti)),
    row("fexit.multi+", P::Tracing, Some(A::TraceFexitMulti)),
    row("fsession.multi+", P::Tracing, Some(A::TraceFsessionMulti)),
    row("fentry.multi.s+", P::Tracing, Some(A::TraceFentryMulti)).sleepable(),
    row("fexit.multi.s+", P::Tracing, Some(A::TraceFexitMulti)).sleepable(),
    row("fsession.multi.s+", P::Tracing, Some(A::TraceFsessionMulti)).sleepable(),
    row("tp_btf+", P::Tracing, Some(A::TraceRawTp)).btf(),
    row("fentry+", P::Tracing, Some(A::TraceFentry)).btf(),
    row("fmod_ret+", P::Tracing, Some(A::ModifyReturn)).btf(),
    row("fexit+", P::Tracing, Some(A::TraceFexit)).btf(),
    row("fentry.s+", P::Tracing, Some(A::TraceFentry))
        .btf()
        .sleepable(),
    row("fmod_ret.s+", P::Tracing, Some(A::ModifyReturn))
        .btf()
        .sleepable(),
    row("fexit.s+", P::Tracing, Some(A::TraceFexit))
        .btf()
        .sleepable(),
    row("fsession+", P::Tracing, Some(A::TraceFsession)).btf(),
    row("fsession.s+", P::Tracing, Some(A::TraceFsession))
        .btf()
        .sleepable(),
    row("freplace+", P::Ext, None).btf(),
    row("lsm+", P::Lsm, Some(A::LsmMac)).btf(),
    row("lsm.s+", P::Lsm, Some(A::LsmMac)).btf().sleepable(),
    row("lsm_cgroup+", P::Lsm, Some(A::LsmCgroup)).btf(),
    row("iter+", P::Tracing, Some(A::TraceIter)).btf(),
    row("iter.s+", P::Tracing, Some(A::TraceIter))
        .btf()
        .sleepable(),
    row("syscall", P::Syscall, None).sleepable(),
    row("xdp.frags/devmap", P::Xdp, Some(A::XdpDevmap)).frags(),
    row("xdp/devmap", P::Xdp, Some(A::XdpDevmap)),
    row("xdp.frags/cpumap", P::Xdp, Some(A::XdpCpumap)).frags(),
    row("xdp/cpumap", P::Xdp, Some(A::XdpCpumap)),
    row("xdp.frags", P::Xdp, Some(A::Xdp)).frags(),
    row("xdp", P::Xdp, Some(A::Xdp)).optional().loose(),
    row("perf_event", P::PerfEvent, None).loose(),
    row("lwt_in", P::LwtIn, None).loose(),
    row("lwt_out", P::LwtOut, None).loose(),
    row("lwt_xmit", P::LwtXmit, None).loose(),
    row("lwt_seg6local", P::LwtSeg6local, None).loose(),
    row("sockops", P::SockOps, Some(A::CgroupSockOps))
        .optional()
        .loose(),
    row("sk_skb/stream_parser", P::SkSkb, Some(A::SkSkbStreamParser))
        .optional()
        .loose(),
    row(
        "sk_skb/stream_verdict",
        P::SkSkb,
        Some(A::SkSkbStreamVerdict),
    )
    .optional()
    .loose(),
    row("sk_skb/verdict", P::SkSkb, Some(A::SkSkbVerdict)).optional(),
    row("sk_skb", P::SkSkb, None).loose(),
    row("sk_msg", P::SkMsg, Some(A::SkMsgVerdict))
        .optional()
        .loose(),
    row("lirc_mode2", P::LircMode2, Some(A::LircMode2))
        .optional()
        .loose(),
    row("flow_dissector", P::FlowDissector, Some(A::FlowDissector))
        .optional()
        .loose(),
    row(
        "cgroup_skb/ingress",
        P::CgroupSkb,
        Some(A::CgroupInetIngress),
    )
    .optional()
    .loose(),
    row("cgroup_skb/egress", P::CgroupSkb, Some(A::CgroupInetEgress))
        .optional()
        .loose(),
    row("cgroup/skb", P::CgroupSkb, None).loose(),
    row(
        "cgroup/sock_create",
        P::CgroupSock,
        Some(A::CgroupInetSockCreate),
    )
    .loose(),
    row(
        "cgroup/sock_release",
        P::CgroupSock,
        Some(A::CgroupInetSockRelease),
    )
    .loose(),
    row("cgroup/sock", P::CgroupSock, Some(A::CgroupInetSockCreate))
        .optional()
        .loose(),
    row(
        "cgroup/post_bind4",
        P::CgroupSock,
        Some(A::CgroupInet4PostBind),
    )
    .loose(),
    row(
        "cgroup/post_bind6",
        P::CgroupSock,
        Some(A::CgroupInet6PostBind),
    )
    .loose(),
    row("cgroup/bind4", P::CgroupSockAddr, Some(A::CgroupInet4Bind)).loose(),
    row("cgroup/bind6", P::CgroupSockAddr, Some(A::CgroupInet6Bind)).loose(),
    row(
        "cgroup/connect4",
        P::CgroupSockAddr,
        Some(A::CgroupInet4Connect),
    )
    .loose(),
    row(
        "cgroup/connect6",
        P::CgroupSockAddr,
        Some(A::CgroupInet6Connect),
    )
    .loose(),
    row(
        "cgroup/connect_unix",
        P::CgroupSockAddr,
        Some(A::CgroupUnixConnect),
    ),
    row(
        "cgroup/sendmsg4",
        P::CgroupSockAddr,
        Some(A::CgroupUdp4Sendmsg),
    )
    .loose(),
    row(
        "cgroup/sendmsg6",
        P::CgroupSockAddr,
        Some(A::CgroupUdp6Sendmsg),
    )
    .loose(),
    row(
        "cgroup/sendmsg_unix",
        P::CgroupSockAddr,
        Some(A::CgroupUnixSendmsg),
    ),
    row(
        "cgroup/recvmsg4",
        P::CgroupSockAddr,
        Some(A::CgroupUdp4Recvmsg),
    )
    .loose(),
    row(
        "cgroup/recvmsg6",
        P::CgroupSockAddr,
        Some(A::CgroupUdp6Recvmsg),
    )
    .loose(),
    row(
        "cgroup/recvmsg_unix",
        P::CgroupSockAddr,
        Some(A::CgroupUnixRecvmsg),
    ),
    row(
        "cgroup/getpeername4",
        P::CgroupSockAddr,
        Some(A::CgroupInet4Getpeername),
    )
    .loose(),
    row(
        "cgroup/getpeername6",
        P::CgroupSockAddr,
        Some(A::CgroupInet6Getpeername),
    )
    .loose(),
    row(
        "cgroup/getpeername_unix",
        P::CgroupSockAddr,
        Some(A::CgroupUnixGetpeername),
    ),
    row(
        "cgroup/getsockname4",
        P::CgroupSockAddr,
        Some(A::CgroupInet4Getsockname),
    )
    .loose(),
    row(
        "cgroup/getsockname6",
        P::CgroupSockAddr,
        Some(A::CgroupInet6Getsockname),
    )
    .loose(),
    row(
        "cgroup/getsockname_unix",
        P::CgroupSockAddr,
        Some(A::CgroupUnixGetsockname),
    ),
    row("cgroup/sysctl", P::CgroupSysctl, Some(A::CgroupSysctl)).loose(),
    row(
        "cgroup/getsockopt",
        P::CgroupSockopt,
        Some(A::CgroupGetsockopt),
    )
    .loose(),
    row(
        "cgroup/setsockopt",
        P::CgroupSockopt,
        Some(A::CgroupSetsockopt),
    )
    .loose(),
    row("cgroup/dev", P::CgroupDevice, Some(A::CgroupDevice))
        .optional()
        .loose(),
    row("struct_ops+", P::StructOps, None),
    row("struct_ops.s+", P::StructOps, None).sleepable(),
    row("sk_lookup", P::SkLookup, Some(A::SkLookup)).loose(),
    row("netfilter", P::Netfilter, Some(A::Netfilter)),
];

/// What a section name (without a leading `?`) says; `None` if nothing.
pub fn section_info(name: &str, legacy: bool) -> Option<&'static SectionInfo> {
    if legacy {
        SECTIONS.iter().find(|row| row.matches_loosely(name))
    } else {
        SECTIONS.iter().find(|row| row.matches(name))
    }
}

/// What follows the first `/` of a section name.
pub fn section_target(name: &str) -> Option<&str> {
    name.split_once('/').map(|(_, target)| target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_libbpf_matches_them() {
        let ty = |name, legacy| {
            section_info(name, legacy).map(|i| (i.prog_type, i.attach_type, i.sleepable))
        };
        assert_eq!(ty("xdp", false), Some((P::Xdp, Some(A::Xdp), false)));
        assert_eq!(ty("xdp_prog1", false), None);
        assert_eq!(ty("xdp_prog1", true), Some((P::Xdp, Some(A::Xdp), false)));
        assert_eq!(
            ty("kprobe/do_unlinkat", false),
            Some((P::Kprobe, None, false))
        );
        assert_eq!(ty("kprobe", false), Some((P::Kprobe, None, false)));
        assert_eq!(ty("kprobes", false), None);
        assert_eq!(
            ty("fentry.s/vfs_read", false),
            Some((P::Tracing, Some(A::TraceFentry), true))
        );
        assert_eq!(
            ty("tc/ingress", false),
            Some((P::SchedCls, Some(A::TcxIngress), false))
        );
        assert_eq!(
            ty("cgroup/connect_unix", true).map(|t| t.1),
            Some(Some(A::CgroupUnixConnect))
        );
        assert_eq!(section_target("kprobe/a/b"), Some("a/b"));
    }
}
