//! Kernel functions that rules name: LSM hooks, deny lists, nullable arguments.

use super::kfuncs;
use super::tables;
use super::words::{KfFlags, SpecVersion};

/// The names of a set in a series, sorted; empty when the series lacks it.
pub fn btf_set(set: &str, v: SpecVersion) -> &'static [&'static str] {
    let table = &tables::SETS;
    let key = (v.index() as u8, set);
    let at = table.binary_search_by(|(v, n, _)| (*v, *n).cmp(&key)).ok();
    at.and_then(|at| table.get(at)).map_or(&[], |row| row.2)
}

/// Whether a set of a series names a function.
pub fn in_set(set: &str, name: &str, v: SpecVersion) -> bool {
    btf_set(set, v).binary_search(&name).is_ok()
}

/// The hook's name without `bpf_lsm_`.
fn hook(name: &str) -> &str {
    name.strip_prefix("bpf_lsm_").unwrap_or(name)
}

fn hook_in(set: &str, name: &str, v: SpecVersion) -> bool {
    let name = hook(name);
    let listed = |n: &&str| hook(n).cmp(name);
    btf_set(set, v).binary_search_by(listed).is_ok()
}

/// What an LSM hook returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LsmReturn {
    /// Nothing.
    Void,
    /// An error number or zero.
    Int,
    /// Whether something holds.
    Bool,
}

/// What the hook returns; none for a hook that the series lacks. The name may
/// begin with `bpf_lsm_`, here as in the functions below.
pub fn lsm_hook_return(name: &str, v: SpecVersion) -> Option<LsmReturn> {
    let name = hook(name);
    if in_set("lsm:void", name, v) {
        Some(LsmReturn::Void)
    } else if hook_in("bool_lsm_hooks", name, v) {
        Some(LsmReturn::Bool)
    } else if lsm_hooks(v).any(|h| h == name) {
        Some(LsmReturn::Int)
    } else {
        None
    }
}

/// The LSM hooks of a series.
pub fn lsm_hooks(v: SpecVersion) -> impl Iterator<Item = &'static str> {
    let rows = tables::SETS.iter();
    rows.filter(move |row| usize::from(row.0) == v.index() && row.1.starts_with("lsm:"))
        .flat_map(|row| row.2.iter().copied())
}

/// Whether programs may not hang on the hook.
pub fn lsm_hook_disabled(name: &str, v: SpecVersion) -> bool {
    hook_in("bpf_lsm_disabled_hooks", name, v)
}

/// Whether programs on the hook may sleep.
pub fn lsm_hook_sleepable(name: &str, v: SpecVersion) -> bool {
    hook_in("sleepable_lsm_hooks", name, v)
}

/// Whether the hook's arguments are untrusted.
pub fn lsm_hook_untrusted(name: &str, v: SpecVersion) -> bool {
    hook_in("untrusted_lsm_hooks", name, v)
}

/// Whether the hook is called with a socket whose options programs may set.
pub fn lsm_sockopt_hook(name: &str, v: SpecVersion) -> bool {
    hook_in("bpf_lsm_locked_sockopt_hooks", name, v)
        || hook_in("bpf_lsm_unlocked_sockopt_hooks", name, v)
}

/// Whether the current task is the one that the hook is about, so that a cgroup
/// program finds its cgroup by it.
pub fn lsm_current_hook(name: &str, v: SpecVersion) -> bool {
    hook_in("bpf_lsm_current_hooks", name, v)
}

/// Whether a page fault may be handled at the tracepoint: programs on it may sleep.
pub fn faultable_tracepoint(name: &str, v: SpecVersion) -> bool {
    in_set("faultable_tracepoints", name, v)
}

/// Whether tracing programs may not hang on the function.
pub fn attach_denied(name: &str, v: SpecVersion) -> bool {
    in_set("btf_id_deny", name, v)
}

/// Whether the function never returns: fexit and fmod_ret may not hang on it.
pub fn never_returns(name: &str, v: SpecVersion) -> bool {
    in_set("noreturn_deny", name, v)
}

/// Whether the function's return value may be modified: a security hook, a
/// function open to error injection (as the caller knows), or one that is listed as such.
pub fn fmod_ret_allowed(name: &str, injection: bool, v: SpecVersion) -> bool {
    name.starts_with("security_")
        || injection
        || kfuncs::kfunc(name, v).is_some_and(|k| k.sets.iter().any(|s| s.fmod_ret))
}

/// Whether sleeping programs may hang on the function: error-injectable ones
/// that are called where sleeping is allowed, and kfuncs listed for it.
pub fn sleepable_target(name: &str, injection: bool, v: SpecVersion) -> bool {
    let syscall = injection && !in_set("btf_non_sleepable_error_inject", name, v);
    let listed = kfuncs::kfunc(name, v).is_some_and(|k| {
        let sleeps = |s: &kfuncs::KfuncSet| s.fmod_ret && s.flags.contains(KfFlags::SLEEPABLE);
        k.sets.iter().any(sleeps)
    });
    syscall || listed
}

/// Whether the kernel opens the function to error injection. The list is not in
/// BTF: system call entries are always on it, and a few others that are known.
pub fn error_injectable(name: &str) -> bool {
    const KNOWN: &[&str] = &[
        "__add_to_page_cache_locked",
        "__filemap_add_folio",
        "should_fail_alloc_page",
        "should_failslab",
        "should_fail_bio",
        "should_fail_usercopy",
    ];
    syscall_entry(name) || KNOWN.contains(&name)
}

/// Whether the function is the entry of a system call.
pub fn syscall_entry(name: &str) -> bool {
    [
        "__x64_sys_",
        "__ia32_sys_",
        "__arm64_sys_",
        "__ia32_compat_sys_",
        "__se_sys_",
    ]
    .iter()
    .any(|prefix| name.starts_with(prefix))
}

/// Whether `bpf_d_path` may be called from programs on the function.
pub fn d_path_allowed(name: &str, v: SpecVersion) -> bool {
    in_set("btf_allowlist_d_path", name, v)
}

/// Whether objects of the kernel struct live at least for an RCU grace period.
pub fn rcu_protected(name: &str, v: SpecVersion) -> bool {
    in_set("rcu_protected_types", name, v)
}

fn raw_tp_mask(tracepoint: &str, v: SpecVersion) -> u64 {
    let rows = tables::RAW_TP_NULL[v.index()];
    let name = tracepoint.strip_prefix("btf_trace_").unwrap_or(tracepoint);
    let at = rows.binary_search_by(|(n, _)| (*n).cmp(name)).ok();
    at.and_then(|at| rows.get(at)).map_or(0, |row| row.1)
}

fn raw_tp_args(mask: u64, bit: u64) -> impl Iterator<Item = u32> {
    (0..16u32).filter(move |arg| mask >> (arg * 4) & bit != 0)
}

/// The arguments of a raw tracepoint that may be NULL, from zero.
pub fn raw_tp_nullable(tracepoint: &str, v: SpecVersion) -> impl Iterator<Item = u32> {
    raw_tp_args(raw_tp_mask(tracepoint, v), 1)
}

/// The arguments of a raw tracepoint that may hold an error, and so are numbers.
pub fn raw_tp_errors(tracepoint: &str, v: SpecVersion) -> impl Iterator<Item = u32> {
    raw_tp_args(raw_tp_mask(tracepoint, v), 2)
}
