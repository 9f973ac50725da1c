//! Audits as a bill of materials: CycloneDX 1.6.
//!
//! An object is a component that holds its programs (applications) and maps (data); what a
//! program calls of the kernel are libraries of one component, the kernel. Dependencies say
//! who uses what. No serial number and no time: the same objects give the same document.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{page::range, pretty};
use crate::audit::effects::answers;
use crate::audit::{Callee, MapNeed, ObjectAudit, Requirements};
use crate::untrusted::{Untrusted, joined, text};

/// Renders audits.
pub fn render(audits: &[ObjectAudit]) -> String {
    pretty(&document(audits))
}

/// The document.
pub fn document(audits: &[ObjectAudit]) -> Value {
    let mut called = BTreeSet::new();
    let mut dependencies = Vec::new();
    for (i, a) in audits.iter().enumerate() {
        let programs = a.programs.iter().enumerate();
        let holds: Vec<String> = programs
            .clone()
            .map(|(p, _)| format!("object:{i}/program:{p}"))
            .collect();
        dependencies.push(json!({ "ref": format!("object:{i}"), "dependsOn": holds }));
        for (p, program) in programs {
            let calls = program.calls.iter().map(|c| {
                called.insert((c.callee.kind(), c.name.data().to_owned()));
                text!("{}:{}", c.callee.kind(), c.name).into_data()
            });
            let maps = program
                .maps
                .iter()
                .map(|m| format!("object:{i}/map:{}", m.map));
            let uses: BTreeSet<String> = calls.chain(maps).collect();
            dependencies
                .push(json!({ "ref": format!("object:{i}/program:{p}"), "dependsOn": uses }));
        }
    }
    let mut components: Vec<Value> = audits.iter().enumerate().map(object).collect();
    if !called.is_empty() {
        let parts = called.iter().map(|(kind, name)| {
            json!({ "type": "library", "bom-ref": format!("{kind}:{name}"), "name": name,
                    "properties": properties(vec![("kind", (*kind).to_owned())]) })
        });
        components.push(json!({
            "type": "operating-system", "bom-ref": "kernel", "name": "linux",
            "components": parts.collect::<Vec<_>>(),
        }));
    }
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "tools": { "components": [{
            "type": "application",
            "name": env!("CARGO_PKG_NAME"),
            "version": env!("CARGO_PKG_VERSION"),
        }] } },
        "components": components,
        "dependencies": dependencies,
    })
}

/// Properties under this tool's name; empty ones are left out.
fn properties(all: Vec<(&str, String)>) -> Vec<Value> {
    let told = all.into_iter().filter(|(_, value)| !value.is_empty());
    told.map(|(name, value)| json!({ "name": format!("bpfassay:{name}"), "value": value }))
        .collect()
}

fn object((i, a): (usize, &ObjectAudit)) -> Value {
    let names = a.capabilities.iter().map(|c| c.name).collect::<Vec<_>>();
    let mut all = vec![
        (
            "error",
            a.error.as_ref().map_or("", Untrusted::data).to_owned(),
        ),
        ("bytes", a.bytes.to_string()),
        ("kernels", range(&a.oldest, a.newest.as_ref())),
        ("capabilities", names.join(" ")),
        ("unknown", joined(&a.unknown, "; ").into_data()),
    ];
    let may = answers(a);
    for answer in &may {
        all.push((
            "may",
            match answer.word() {
                "no" => String::new(),
                word => format!("{}: {word}", answer.question.name()),
            },
        ));
    }
    let programs = a.programs.iter().enumerate();
    let programs = programs.map(|(p, program)| program_of(i, p, program));
    let maps = a.maps.iter().enumerate().map(|(m, map)| map_of(i, m, map));
    let mut component = json!({
        "type": "file",
        "bom-ref": format!("object:{i}"),
        "name": a.object,
        "properties": properties(all),
        "components": programs.chain(maps).collect::<Vec<_>>(),
    });
    if !a.license.is_empty()
        && let Some(fields) = component.as_object_mut()
    {
        let license = json!([{ "license": { "name": a.license } }]);
        fields.insert("licenses".into(), license);
    }
    component
}

fn program_of(i: usize, p: usize, program: &Requirements) -> Value {
    let kfuncs = program
        .calls
        .iter()
        .filter(|c| matches!(c.callee, Callee::Kfunc { .. }));
    let names = program
        .capabilities
        .iter()
        .map(|c| c.name)
        .collect::<Vec<_>>();
    json!({
        "type": "application",
        "bom-ref": format!("object:{i}/program:{p}"),
        "name": program.program,
        "properties": properties(vec![
            ("section", program.section.data().to_owned()),
            ("type", program.prog_type.name().to_owned()),
            ("attach-to", program.attach_to.as_ref().map_or("", Untrusted::data).to_owned()),
            ("instructions", program.insns.to_string()),
            ("kernels", range(&program.oldest, program.newest.as_ref())),
            ("capabilities", names.join(" ")),
            ("kernel-functions", kfuncs.count().to_string()),
        ]),
    })
}

fn map_of(i: usize, m: usize, map: &MapNeed) -> Value {
    json!({
        "type": "data",
        "bom-ref": format!("object:{i}/map:{m}"),
        "name": map.name,
        "properties": properties(vec![
            ("type", map.type_name.clone()),
            ("key-bytes", map.key_size.to_string()),
            ("value-bytes", map.value_size.to_string()),
            ("entries", map.max_entries.to_string()),
        ]),
    })
}
