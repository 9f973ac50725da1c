//! What libbpf refuses since 1.0 (section names), or since it maps data before the load
//! (special fields), though other loaders take it: said where any loader counts.

use super::{Options, TargetChoice};
use crate::abstract_interp::btf_record::{Pointees, parse};
use crate::diagnostics::{Context, Finding};
use crate::helpers_spec;
use crate::object::{F_MMAPABLE, Object};
use crate::programs::{Linked, Loader, Program};
use crate::rules;
use crate::untrusted::text;

/// One finding for each section name and each data section that libbpf refuses.
pub(super) fn findings(
    object: Option<&Object>,
    links: &[Linked],
    options: &Options<'_>,
) -> Vec<Finding> {
    if options.loader != Loader::Any {
        return Vec::new();
    }
    let mut out = sections(links, options);
    out.extend(object.map(exposed).unwrap_or_default());
    out
}

/// Program sections whose name only libbpf before 1.0 knows.
fn sections(links: &[Linked], options: &Options<'_>) -> Vec<Finding> {
    let Some(rule) = rules::section_name_outdated() else {
        return Vec::new();
    };
    let mut out: Vec<Finding> = Vec::new();
    for (link, choice) in links.iter().zip(options.targets) {
        // Runtimes have loaders of their own.
        if choice.target.profile().is_some() {
            continue;
        }
        for program in link.programs.iter().flatten() {
            let Some(plain) = plain_name(program) else {
                continue;
            };
            if options.only.is_some_and(|only| only != program.name) {
                continue;
            }
            let what = text!(
                "libbpf since 1.0 takes no program type from section `{}`; it was taken as `{}`, as older loaders do",
                program.section,
                plain
            );
            if !out.iter().any(|f| f.what == what) {
                out.push(of(program, choice, options, |context| {
                    Finding::of_program(context, rule, what)
                }));
            }
        }
    }
    out
}

/// The name that a section should have, if only older loaders read it.
fn plain_name(program: &Program) -> Option<&'static str> {
    let name = program
        .section
        .strip_prefix('?')
        .unwrap_or(&program.section);
    match helpers_spec::section(name, false) {
        Some(_) => None,
        None => helpers_spec::section(name, true).map(|row| row.pattern.trim_end_matches('+')),
    }
}

fn of(
    program: &Program,
    choice: &TargetChoice<'_>,
    options: &Options<'_>,
    make: impl FnOnce(&Context<'_>) -> Finding,
) -> Finding {
    make(&Context {
        program,
        ops: &[],
        target: &choice.target.name,
        kernel: Some(choice.target),
        source_text: options.source_text,
    })
}

/// Data sections with locks, lists, timers …, one of whose variables is visible outside:
/// libbpf then has the map mapped into user space, which kernels refuse of such maps.
fn exposed(object: &Object) -> Vec<Finding> {
    let (Some(rule), Some(btf)) = (rules::special_data_exposed(), object.btf.as_ref()) else {
        return Vec::new();
    };
    let data = object.maps.iter().filter(|m| m.is_data());
    let exposed = data.filter(|m| m.flags & F_MMAPABLE != 0);
    let finding = |map: &crate::object::MapDef| {
        let field = parse(btf, Pointees::OWN, map.value_type)
            .fields
            .first()?
            .kind;
        Some(Finding::of_object(
            rule,
            text!(
                "`{}` holds a {} and a variable that other files see: libbpf maps such a section into user \
                 space, which the kernel refuses",
                map.name,
                field.name()
            ),
        ))
    };
    exposed.filter_map(finding).collect()
}
