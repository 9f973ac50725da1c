//! What a program asks of its surroundings: capabilities and kernel options.

use alloc::collections::BTreeMap;

use super::model::{Call, Callee, Capability, ConfigNeed, CoreNeed, MapNeed, MapUse, SymbolNeed};
use super::oldest::Need;
use crate::helpers_spec::{
    self, AttachType as A, HelperCap, KfFlags, ProgType, SpecVersion, config_options, helper_cap,
    prog_type_facts,
};
use crate::object::MapOrigin;
use crate::prelude::*;
use crate::programs::Program;
use crate::untrusted::{Foreign, Untrusted, text};

/// Reasons by what they ask for.
#[derive(Default)]
struct Because<K: Ord>(BTreeMap<K, Vec<Untrusted>>);

impl<K: Ord> Because<K> {
    fn add(&mut self, key: K, reason: impl Into<Untrusted>) {
        let reasons = self.0.entry(key).or_default();
        let reason = reason.into();
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
}

/// The capabilities that a program takes at least on kernels since 5.8 (before, all of
/// them are `CAP_SYS_ADMIN`), as far as it can be told without a verdict.
pub fn capabilities(program: &Program, calls: &[Call], features: &[&str]) -> Vec<Capability> {
    let mut because = Because::<&'static str>::default();
    let ty = program.prog_type;
    let type_reason = format!("program type {ty}");
    if let Some(facts) = prog_type_facts(ty) {
        if !facts.unprivileged {
            because.add("CAP_BPF", type_reason.clone());
        }
        if facts.cap_net_admin {
            because.add("CAP_NET_ADMIN", type_reason.clone());
        }
        if facts.cap_perfmon {
            because.add("CAP_PERFMON", type_reason);
        }
    }
    for (feature, what) in [
        ("bounded_loops", "loops"),
        ("bpf_to_bpf_calls", "calls of its own functions"),
        ("callbacks", "callbacks"),
    ] {
        if features.contains(&feature) {
            because.add("CAP_BPF", what);
        }
    }
    if program.insns.len() > 4096 {
        because.add("CAP_BPF", "more than 4096 instructions");
    }
    let newest = SpecVersion::NEWEST;
    for call in calls {
        match call.callee {
            Callee::Helper(id) => {
                let v = SpecVersion::ALL
                    .iter()
                    .rev()
                    .find(|v| helpers_spec::helper_ever_allowed(id, ty, **v));
                match helper_cap(id, ty, v.copied().unwrap_or(newest)) {
                    HelperCap::None => {}
                    HelperCap::Bpf => because.add("CAP_BPF", &call.name),
                    HelperCap::Perfmon => because.add("CAP_PERFMON", &call.name),
                    HelperCap::SysAdmin => because.add("CAP_SYS_ADMIN", &call.name),
                }
            }
            Callee::Kfunc { .. } => {
                because.add("CAP_BPF", &call.name);
                let flags = SpecVersion::ALL
                    .iter()
                    .rev()
                    .find_map(|v| helpers_spec::kfunc(call.name.data(), *v))
                    .map_or(KfFlags::NONE, |k| k.flags_for(ty));
                if flags.contains(KfFlags::DESTRUCTIVE) {
                    because.add("CAP_SYS_BOOT", &call.name);
                }
                if flags.contains(KfFlags::PERFMON) {
                    because.add("CAP_PERFMON", &call.name);
                }
            }
        }
    }
    let all = because.0.into_iter();
    all.map(|(name, because)| Capability { name, because })
        .collect()
}

/// What else is known of a program when its kernel options are collected.
pub struct Parts<'a> {
    /// Its calls.
    pub calls: &'a [Call],
    /// Its relocations.
    pub core: &'a [CoreNeed],
    /// Its symbols.
    pub symbols: &'a [SymbolNeed],
    /// The maps it uses.
    pub maps: &'a [MapUse],
}

/// The kernel options that matter to a program.
pub fn config(program: &Program, parts: &Parts<'_>) -> Vec<ConfigNeed> {
    let mut because = Because::<String>::default();
    let mut add = |kind: &str, name: &str, reason: &dyn Foreign| {
        for option in config_options(kind, name) {
            because.add((*option).to_owned(), reason.data());
        }
    };
    add("always", "-", &"bpf(2)");
    let ty = program.prog_type;
    add("prog_type", ty.name(), &format!("program type {ty}"));
    if let Some(attach) = program.attach_type {
        add(
            "attach_type",
            attach.name(),
            &format!("attach type {attach}"),
        );
    }
    if let Some(slot) = &program.struct_ops {
        let name = &*slot.structure;
        add("struct_ops", name, &format!("struct_ops {name}"));
    }
    let hangs = matches!(
        (program.prog_type, program.attach_type),
        (
            ProgType::Tracing,
            Some(A::TraceFentry | A::TraceFexit | A::ModifyReturn)
        )
    );
    let changes = program.attach_type == Some(A::ModifyReturn);
    if let Some(hook) = program.attach_to.as_deref()
        && hangs
        && (changes || program.sleepable)
        && helpers_spec::error_injectable(hook)
    {
        add("feature", "error_injection", &format!("hook {hook}"));
    }
    let section = program.section.as_str();
    let begins = |words: &[&str]| words.iter().any(|w| section.starts_with(w));
    if begins(&["kprobe", "kretprobe", "ksyscall", "kretsyscall"]) {
        add("feature", "kprobe", &"kprobes");
    }
    if begins(&["uprobe", "uretprobe", "usdt"]) {
        add("feature", "uprobe", &"uprobes");
    }
    if begins(&["tracepoint/syscalls/", "tp/syscalls/"]) {
        add(
            "feature",
            "syscall_tracepoint",
            &"tracepoints of system calls",
        );
    }
    if !parts.core.is_empty() {
        add("feature", "btf", &"CO-RE relocations");
    }
    if parts.symbols.iter().any(|s| s.typed) {
        add("feature", "btf", &"typed kernel symbols");
    }
    if super::features::takes_context(program) {
        add(
            "feature",
            "btf",
            &"a global function that takes the context",
        );
    }
    for call in parts.calls {
        if let Callee::Kfunc { .. } = call.callee {
            add("feature", "btf", &"kernel functions");
            add("kfunc", call.name.data(), &call.name);
        } else {
            add("helper", call.name.data(), &call.name);
        }
    }
    for m in parts.maps {
        let def = program.maps.get(m.map as usize);
        if let Some(t) = def.and_then(|d| helpers_spec::MapType::from_id(d.map_type)) {
            add("map_type", t.name(), &text!("map {}", m.name));
        }
    }
    if parts.maps.iter().any(|m| {
        let def = program.maps.get(m.map as usize);
        def.is_some_and(|d| d.kind == MapOrigin::Kconfig)
    }) {
        because.add("CONFIG_IKCONFIG_PROC".to_owned(), "values of .kconfig");
    }
    for call in parts.calls {
        if matches!(call.callee, Callee::Kfunc { .. }) {
            let spec = SpecVersion::ALL
                .iter()
                .rev()
                .find_map(|v| helpers_spec::kfunc(call.name.data(), *v));
            let bit = 1u64 << ty.id();
            for set in spec.map_or(&[][..], |s| s.sets) {
                if set.types & bit != 0 {
                    for option in set.config.split(',').filter(|o| o.starts_with("CONFIG_")) {
                        because.add(option.to_owned(), &call.name);
                    }
                }
            }
        }
    }
    let all = because.0.into_iter();
    all.map(|(option, because)| ConfigNeed { option, because })
        .collect()
}

/// Options for what hangs on the whole object: its maps, and the kernel functions
/// without which none of its programs is loaded.
pub fn object_config(maps: &[MapNeed], kfuncs: &[Need]) -> Vec<ConfigNeed> {
    let mut because = Because::<String>::default();
    for name in kfuncs
        .iter()
        .filter_map(|n| n.what.data().strip_prefix("kfunc "))
    {
        for option in config_options("kfunc", name) {
            because.add((*option).to_owned(), name);
        }
    }
    for m in maps {
        for option in config_options("map_type", &m.type_name) {
            because.add((*option).to_owned(), text!("map {}", m.name));
        }
    }
    let all = because.0.into_iter();
    all.map(|(option, because)| ConfigNeed { option, because })
        .collect()
}

/// The capabilities of several programs.
pub fn all_capabilities<'a>(each: impl Iterator<Item = &'a Capability>) -> Vec<Capability> {
    let mut because = Because::<&'static str>::default();
    for c in each {
        for reason in &c.because {
            because.add(c.name, reason.clone());
        }
    }
    let all = because.0.into_iter();
    all.map(|(name, because)| Capability { name, because })
        .collect()
}

/// The options of several programs.
pub fn all_config<'a>(each: impl Iterator<Item = &'a ConfigNeed>) -> Vec<ConfigNeed> {
    let mut because = Because::<String>::default();
    for c in each {
        for reason in &c.because {
            because.add(c.option.clone(), reason.clone());
        }
    }
    let all = because.0.into_iter();
    all.map(|(option, because)| ConfigNeed { option, because })
        .collect()
}
