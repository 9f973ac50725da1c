//! Kernel functions: flags, who may call them, prototypes as text.
//!
//! A kfunc stands in one or more sets; a set is registered for program types,
//! and types that share a hook share its sets. A filter narrows that further.

use super::tables;
use super::words::{AttachType, KfFlags, KfRole, ProgType, SpecVersion};

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
    /// The part it plays beyond them.
    pub role: KfRole,
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

/// Whether a series without flags for it lists the kfunc among those that may be
/// called while a spin lock is held.
pub fn kfunc_listed_lock_safe(name: &str, v: SpecVersion) -> bool {
    super::btf_sets::in_set("kfuncs_under_lock", name, v)
}

/// The part that a kernel function plays, in whichever series have it.
pub fn kfunc_role(name: &str) -> KfRole {
    let known = SpecVersion::ALL.iter().rev().find_map(|v| kfunc(name, *v));
    known.map_or(KfRole::default(), |k| k.role)
}
