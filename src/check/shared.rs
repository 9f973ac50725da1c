//! Programs that cannot be loaded together: one finding for each map that they share.

use super::Options;
use crate::diagnostics::{Context, Finding};
use crate::programs::insn::{ImmRef, Op};
use crate::programs::{Linked, Program, decode};
use crate::rules;
use crate::untrusted::{Untrusted, text};

/// What keeps the object, though not its programs, from loading.
pub(super) fn findings(links: &[Linked], options: &Options<'_>) -> Vec<Finding> {
    let Some(rule) = rules::program_map_shared() else {
        return Vec::new();
    };
    let mut out: Vec<Finding> = Vec::new();
    for (link, choice) in links.iter().zip(options.targets) {
        // A runtime's maps of programs are its own.
        if choice.target.profile().is_some() {
            continue;
        }
        for conflict in &link.conflicts {
            let program = |i: usize| link.programs.get(i).and_then(|p| p.as_ref().ok());
            let (Some(first), Some(second)) = (program(conflict.first), program(conflict.second))
            else {
                continue;
            };
            let asked = |p: &Program| options.only.is_none_or(|only| only == p.name);
            if !asked(first) && !asked(second) {
                continue;
            }
            let what = text!(
                "`{}` and `{}` cannot be loaded together: both use map `{}` and differ in {}; the second \
                 load fails with EINVAL",
                first.name,
                second.name,
                conflict.map,
                conflict.differs
            );
            let target = (&choice.target.name).into();
            match out.iter_mut().find(|f| f.what == what) {
                Some(same) => same.targets.push(target),
                None => out.push(Finding {
                    targets: vec![target],
                    ..place(second, &conflict.map, rule, what, choice, options)
                }),
            }
        }
    }
    out
}

/// The finding, where the second program refers to the map.
fn place(
    program: &Program,
    map: &str,
    rule: &'static rules::Rule,
    what: Untrusted,
    choice: &super::TargetChoice<'_>,
    options: &Options<'_>,
) -> Finding {
    let ops = decode(&program.insns);
    let context = Context {
        program,
        ops: &ops,
        target: &choice.target.name,
        kernel: Some(choice.target),
        source_text: options.source_text,
    };
    let refers = |op: &Op| match op {
        Op::LdImm64 {
            src: ImmRef::MapIdx(i),
            ..
        } => program
            .maps
            .get(*i as usize)
            .is_some_and(|m| &*m.name == map),
        _ => false,
    };
    match ops.iter().position(refers) {
        Some(at) => Finding::at(
            &context,
            rule,
            what,
            at,
            "another program decides for this map",
            &[],
        ),
        None => Finding::of_program(&context, rule, what),
    }
}
