//! Configuration values to assume when nobody gives a kernel's configuration:
//! those that distributions' kernels for x86-64 have in common.

use crate::prelude::*;

/// The value of an option as a `.config` writes it; `None` if distributions
/// differ or we do not know.
pub fn usual_kconfig(name: &str) -> Option<String> {
    let value = match name {
        "CONFIG_HZ" => "250",
        "CONFIG_NR_CPUS" => "8192",
        "CONFIG_DEFAULT_HOSTNAME" => "\"(none)\"",
        "CONFIG_64BIT"
        | "CONFIG_X86_64"
        | "CONFIG_SMP"
        | "CONFIG_MMU"
        | "CONFIG_MODULES"
        | "CONFIG_NET"
        | "CONFIG_INET"
        | "CONFIG_UNIX"
        | "CONFIG_BPF"
        | "CONFIG_BPF_SYSCALL"
        | "CONFIG_BPF_JIT"
        | "CONFIG_BPF_EVENTS"
        | "CONFIG_BPF_LSM"
        | "CONFIG_CGROUPS"
        | "CONFIG_CGROUP_BPF"
        | "CONFIG_CGROUP_PIDS"
        | "CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS"
        | "CONFIG_IPV6_SUBTREES"
        | "CONFIG_KPROBES_ON_FTRACE"
        | "CONFIG_SECURITY_SELINUX"
        | "CONFIG_UNWINDER_ORC"
        | "CONFIG_MEMCG"
        | "CONFIG_NAMESPACES"
        | "CONFIG_SECURITY"
        | "CONFIG_KPROBES"
        | "CONFIG_UPROBES"
        | "CONFIG_FTRACE"
        | "CONFIG_TRACEPOINTS"
        | "CONFIG_FUNCTION_TRACER"
        | "CONFIG_PERF_EVENTS"
        | "CONFIG_DEBUG_INFO_BTF"
        | "CONFIG_XDP_SOCKETS" => "y",
        _ => return None,
    };
    Some(value.into())
}
