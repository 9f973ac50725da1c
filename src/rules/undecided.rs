//! Pages for what is not decided.
//!
//! The engine names a construct that it cannot judge, often with what it was about
//! behind a colon: `core: task_struct.pid`, `ksym:bpf_prog_active`. What comes before
//! the colon decides the page.

use super::catalogue::{Rule, RuleKind, all, by_number};
use crate::prelude::*;

/// Numbers of the pages that are more than one name's.
const NO_KERNEL_BTF: u16 = 1102;
const NOT_MODELLED: u16 = 1104;

/// Names besides the pages' own for what needs the kernel's types.
const TYPES: &[&str] = &["kernel-struct", "ksym"];

/// Names of constructs without a model.
const CONSTRUCTS: &[&str] = &[
    "attach-prototype",
    "btf-access",
    "btf-argument",
    "callback-argument",
    "callback-function",
    "cast-to-kern-ctx",
    "dynptr-clone",
    "dynptr-slice",
    "dynptr-type",
    "engine",
    "for-each-map",
    "freplace",
    "graph-node-before-root",
    "helper",
    "helper-argument",
    "helper-btf-argument",
    "helper-return-type",
    "iterator-without-size",
    "kfunc",
    "kfunc-argument",
    "kfunc-return",
    "kptr",
    "kptr-target",
    "kptr-xchg",
    "map",
    "map-pointer",
    "option",
    "percpu-argument",
    "rbtree-callback",
    "refcount-acquire",
    "struct_ops",
    "task-work-callback",
    "timer",
    "uptr",
    "workqueue-callback",
];

fn stem(name: &str) -> &str {
    name.split_once(':').map_or(name, |(stem, _)| stem).trim()
}

/// The page of a name that a verdict `unknown` carries.
pub fn undecided(name: &str) -> &'static Rule {
    let stem = stem(name);
    let own = all()
        .iter()
        .find(|r| r.kind == RuleKind::Undecided && r.name == stem);
    let number = if TYPES.contains(&stem) {
        NO_KERNEL_BTF
    } else {
        NOT_MODELLED
    };
    own.or_else(|| by_number(number)).unwrap_or(&all()[0])
}

/// The page of a name that is one of these, for people who ask.
pub fn find_undecided(text: &str) -> Option<&'static Rule> {
    let stem = stem(text);
    let known = TYPES.contains(&stem) || CONSTRUCTS.contains(&stem);
    let page = undecided(text);
    (known || page.name == stem).then_some(page)
}

/// What a verdict that needs the kernel's types says to do; `None` of other names.
pub fn needs_types(name: &str, target: &str) -> Option<String> {
    if undecided(name).number == NOT_MODELLED {
        return None;
    }
    let whose = match target.starts_with("linux-") {
        true => format!("{target}'s types"),
        false => "a kernel's types".to_owned(),
    };
    Some(format!("needs {whose}: `--btf FILE`, or `--target host`"))
}

/// Why a program is not decided, in words.
pub fn why_undecided(name: &str, target: &str) -> String {
    match needs_types(name, target) {
        Some(needs) => format!("{name} {needs}"),
        None => format!("{name} is not modelled"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_pages() {
        assert_eq!(undecided("core: task_struct.pid").name, "core");
        assert_eq!(undecided("ksym:bpf_prog_active").name, "no-kernel-btf");
        assert_eq!(undecided("timer").name, "not-modelled");
        assert_eq!(find_undecided("map:missing").unwrap().name, "not-modelled");
        assert!(find_undecided("nonsense").is_none());
    }

    #[test]
    fn what_needs_types_says_whose() {
        let why = why_undecided("core: inode.i_atime", "linux-5.15");
        assert_eq!(
            why,
            "core: inode.i_atime needs linux-5.15's types: `--btf FILE`, or `--target host`"
        );
        assert!(why_undecided("ksym:x", "bpftime").contains("a kernel's types"));
        assert_eq!(
            why_undecided("timer", "linux-6.18"),
            "timer is not modelled"
        );
    }
}
