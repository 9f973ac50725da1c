//! Programs that hang on something by its name, which no kernel has.
//!
//! A kprobe, tracepoint or raw tracepoint is loaded without its target: only attaching it
//! fails. A name counts as missing if neither the target's types nor those of any kernel
//! that comes with the tool know it. What is in no kernel's own types may still be a
//! module's, or a function whose arguments the compiler changed: the finding is of medium
//! confidence, and names that hold a module are left alone.

use bpfassay_kernel_types::SERIES;

use super::{Options, types};
use crate::diagnostics::{Context, Finding};
use crate::object::{Btf, Kind};
use crate::programs::{Linked, Program, decode};
use crate::rules;

/// What a program hangs on: the kind of thing, its name, and its entry in a kernel's types.
fn target(program: &Program) -> Option<(&'static str, &str, Kind, String)> {
    let (kind, rest) = program.section.split_once('/')?;
    let to = program.attach_to.as_deref().unwrap_or(rest);
    match kind {
        "kprobe" | "kretprobe" => {
            let name = to.split('+').next().unwrap_or(to);
            // A system call's function is named by the machine: loaders put `__x64_` before it.
            let machine = name.starts_with("sys_");
            let plain = !machine && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            (plain && !name.is_empty()).then(|| ("function", name, Kind::Func, name.to_owned()))
        }
        "raw_tracepoint" | "raw_tp" | "raw_tracepoint.w" | "raw_tp.w" => {
            Some(("tracepoint", to, Kind::Typedef, format!("btf_trace_{to}")))
        }
        "tracepoint" | "tp" => {
            let (category, name) = to.split_once('/')?;
            // Each system call has an event, none of which is in the types.
            let event = category != "syscalls";
            event.then(|| {
                (
                    "tracepoint",
                    name,
                    Kind::Typedef,
                    format!("btf_trace_{name}"),
                )
            })
        }
        _ => None,
    }
}

fn knows(btf: &Btf, kind: Kind, name: &str) -> bool {
    btf.is_whole() && btf.find(kind, name).is_some()
}

/// A finding for each program whose target no kernel has.
pub(super) fn findings(links: &[Linked], options: &Options<'_>) -> Vec<Finding> {
    let Some(rule) = rules::by_number(1011) else {
        return Vec::new();
    };
    let Some((link, choice)) = links
        .iter()
        .zip(options.targets)
        .find(|(_, c)| c.target.profile().is_none() && c.kernel_btf.is_some())
    else {
        return Vec::new();
    };
    let mut out = Vec::new();
    let programs = link.programs.iter().flatten();
    for program in programs.filter(|p| options.only.is_none_or(|only| only == p.name)) {
        let Some((what, name, kind, entry)) = target(program) else {
            continue;
        };
        let given = options.targets.iter().filter_map(|c| c.kernel_btf);
        let built_in = SERIES.iter().filter_map(|s| types::of_series(s.name));
        if given.chain(built_in).any(|btf| knows(btf, kind, &entry)) {
            continue;
        }
        let ops = decode(&program.insns);
        let context = Context {
            program,
            ops: &ops,
            target: &choice.target.name,
            kernel: Some(choice.target),
            source_text: options.source_text,
        };
        let words = format!(
            "No kernel's own types have the {what} `{name}` that `{}` attaches to",
            program.name
        );
        out.push(Finding::at(
            &context,
            rule,
            words,
            0,
            "attached to what is not there",
            &[],
        ));
    }
    out
}
