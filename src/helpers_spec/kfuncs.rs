//! Kernel functions: flags, who may call them, prototypes as text.
//!
//! A kfunc stands in one or more sets; a set is registered for program types,
//! and types that share a hook share its sets. A filter narrows that further.

use super::ids::{AttachType, ProgType};
use super::tables;
use super::version::SpecVersion;

/// What a kfunc asks and does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct KfFlags(pub u32);

macro_rules! kf_flags {
    ($($(#[$doc:meta])* $name:ident = $bit:literal, $word:literal;)*) => {
        impl KfFlags {
            $($(#[$doc])* pub const $name: KfFlags = KfFlags(1 << $bit);)*
            /// Every flag with its name.
            pub const ALL: &'static [(KfFlags, &'static str)] = &[$((KfFlags::$name, $word),)*];
        }
    };
}

kf_flags! {
    /// Returns a reference.
    ACQUIRE = 0, "acquire";
    /// Releases its argument's reference.
    RELEASE = 1, "release";
    /// May return NULL.
    RET_NULL = 2, "ret_null";
    /// Takes a kptr from a map (6.1).
    KPTR_GET = 3, "kptr_get";
    /// Wants trusted pointers.
    TRUSTED_ARGS = 4, "trusted_args";
    /// May sleep.
    SLEEPABLE = 5, "sleepable";
    /// May take the machine down; needs `CAP_SYS_BOOT`.
    DESTRUCTIVE = 6, "destructive";
    /// Takes pointers protected by RCU.
    RCU = 7, "rcu";
    /// Makes an iterator.
    ITER_NEW = 8, "iter_new";
    /// Advances it.
    ITER_NEXT = 9, "iter_next";
    /// Ends it.
    ITER_DESTROY = 10, "iter_destroy";
    /// Works inside an RCU section only.
    RCU_PROTECTED = 11, "rcu_protected";
    /// Keeps registers where it is inlined.
    FASTCALL = 12, "fastcall";
    /// Returns an arena pointer.
    ARENA_RET = 13, "arena_ret";
    /// Its first argument is an arena pointer.
    ARENA_ARG1 = 14, "arena_arg1";
    /// Its second argument is an arena pointer.
    ARENA_ARG2 = 15, "arena_arg2";
    /// The kernel fills in arguments.
    IMPLICIT_ARGS = 16, "implicit_args";
    /// May be called under a spin lock.
    SPINLOCK_SAFE = 17, "spinlock_safe";
    /// Needs `CAP_PERFMON`.
    PERFMON = 18, "perfmon";
}

impl KfFlags {
    /// No flag.
    pub const NONE: KfFlags = KfFlags(0);

    /// Whether all of `flags` are set.
    pub const fn contains(self, flags: KfFlags) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Whether any of `flags` is set.
    pub const fn intersects(self, flags: KfFlags) -> bool {
        self.0 & flags.0 != 0
    }
}

impl std::ops::BitOr for KfFlags {
    type Output = KfFlags;
    fn bitor(self, other: KfFlags) -> KfFlags {
        KfFlags(self.0 | other.0)
    }
}

/// A set that a kfunc stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KfuncSet {
    /// Its name in the kernel.
    pub name: &'static str,
    /// The kfunc's flags in it.
    pub flags: KfFlags,
    /// The program types that may call it, a bit each.
    pub types: u64,
    /// Whether it lists functions whose return value programs may modify.
    pub fmod_ret: bool,
    /// The function that narrows it; empty for none.
    pub filter: &'static str,
    /// The kernel options it hangs on, comma separated.
    pub config: &'static str,
}

/// A kernel function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KfuncSpec {
    /// Its name.
    pub name: &'static str,
    /// Its flags, of all its sets.
    pub flags: KfFlags,
    /// The sets it stands in.
    pub sets: &'static [KfuncSet],
    /// Its return type in C.
    pub ret: &'static str,
    /// Its parameters in C, `; ` between them.
    pub args: &'static str,
}

impl KfuncSpec {
    /// Its flags when called by a program of that type.
    pub fn flags_for(&self, prog_type: ProgType) -> KfFlags {
        let bit = 1u64 << prog_type.id();
        let set = self.sets.iter().find(|s| !s.fmod_ret && s.types & bit != 0);
        set.map_or(self.flags, |s| s.flags)
    }

    /// Its parameters in C.
    pub fn params(&self) -> impl Iterator<Item = &'static str> {
        self.args.split("; ").filter(|p| !p.is_empty())
    }
}

/// A kfunc of a series.
pub fn kfunc(name: &str, v: SpecVersion) -> Option<&'static KfuncSpec> {
    let index = tables::KFUNC_INDEX[v.index()];
    let spec = |at: &u16| tables::KFUNCS.get(usize::from(*at));
    let at = index
        .binary_search_by(|at| spec(at).map_or("", |k| k.name).cmp(name))
        .ok()?;
    index.get(at).and_then(spec)
}

/// Every kfunc of a series, by name.
pub fn kfuncs(v: SpecVersion) -> impl Iterator<Item = &'static KfuncSpec> {
    tables::KFUNC_INDEX[v.index()]
        .iter()
        .filter_map(|at| tables::KFUNCS.get(usize::from(*at)))
}

/// Whether a program may call a kfunc.
pub fn kfunc_allowed(
    name: &str,
    prog_type: ProgType,
    attach: Option<AttachType>,
    attach_to: Option<&str>,
    v: SpecVersion,
) -> bool {
    let Some(spec) = kfunc(name, v) else {
        return false;
    };
    let bit = 1u64 << prog_type.id();
    let mut sets = spec
        .sets
        .iter()
        .filter(|s| !s.fmod_ret && s.types & bit != 0)
        .peekable();
    if sets.peek().is_none() {
        // The programs of a cgroup's LSM hook count as cgroup programs too.
        return prog_type == ProgType::Lsm
            && attach == Some(AttachType::LsmCgroup)
            && v >= SpecVersion::V6_18
            && spec
                .sets
                .iter()
                .any(|s| s.types >> ProgType::CgroupSock.id() & 1 == 1);
    }
    // All sets of one hook share their filters: each must let the call pass.
    sets.all(|s| filter_allows(s.filter, name, prog_type, attach, attach_to, v))
}

fn filter_allows(
    filter: &str,
    name: &str,
    prog_type: ProgType,
    attach: Option<AttachType>,
    attach_to: Option<&str>,
    v: SpecVersion,
) -> bool {
    let ops = |wanted: &str| match attach_to {
        Some(target) => target.split(['/', '.', ':']).next() == Some(wanted),
        None => true,
    };
    match filter {
        "bpf_fs_kfuncs_filter" | "bpf_get_fsverity_digest_filter" => prog_type == ProgType::Lsm,
        "bpf_kprobe_multi_filter" | "bpf_session_filter" => match name {
            "bpf_session_cookie" | "bpf_session_is_return" => matches!(
                attach,
                Some(
                    AttachType::TraceKprobeSession
                        | AttachType::TraceUprobeSession
                        | AttachType::TraceFsession
                        | AttachType::TraceFsessionMulti
                )
            ),
            _ => true,
        },
        "tracing_iter_filter" => attach == Some(AttachType::TraceIter),
        "scx_kfunc_context_filter" => match prog_type {
            ProgType::StructOps => ops("sched_ext_ops"),
            _ => true,
        },
        "bpf_qdisc_kfunc_filter" => prog_type != ProgType::StructOps || qdisc(name, attach_to, v),
        _ => true,
    }
}

/// Kfuncs of a queueing discipline: some members have more than the common ones.
fn qdisc(name: &str, attach_to: Option<&str>, v: SpecVersion) -> bool {
    let Some(target) = attach_to else { return true };
    let mut parts = target.split(['/', '.', ':']);
    if parts.next() != Some("Qdisc_ops") {
        return false;
    }
    let v = v.max(SpecVersion::V7_3);
    let listed = |set: &str| super::btf_sets::in_set(set, name, v);
    match parts.next() {
        Some("enqueue") => listed("qdisc_common_kfunc_set") || listed("qdisc_enqueue_kfunc_set"),
        Some("dequeue") => listed("qdisc_common_kfunc_set") || listed("qdisc_dequeue_kfunc_set"),
        _ => listed("qdisc_common_kfunc_set"),
    }
}

/// Whether packet pointers are invalid after a call.
pub fn kfunc_changes_packet(name: &str) -> bool {
    name == "bpf_xdp_pull_data"
}
