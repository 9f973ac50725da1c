//! Other names, and the ages of attach types.

use std::collections::BTreeMap;

use super::helpers::Helpers;
use super::output::Output;
use super::row::{fail, table};
use super::vocabulary::{AttachType, COMMANDS, InsnClass, MapType, Mechanism};
use super::words;

fn aliases(helpers: &Helpers, out: &mut Output) {
    let names = helpers.by_name();
    let mut rows = BTreeMap::new();
    for row in &table("aliases.tsv", &["alias", "kind", "name", "note"]) {
        let (alias, kind, name, note) = (row.cell(0), row.cell(1), row.cell(2), row.cell(3));
        let there = match kind {
            "helper" => names.contains_key(name),
            "map" => words::named(MapType::ALL, MapType::name, name).is_some(),
            "instruction" => InsnClass::from_name(name).is_some(),
            "mechanism" => Mechanism::from_name(name).is_some(),
            "command" => COMMANDS.contains(&name),
            "kfunc" => !names.contains_key(name),
            _ => row.bad("kind"),
        };
        if !there || names.contains_key(alias) {
            row.bad("no such name, or the alias is a name itself");
        }
        let text =
            format!("Alias {{ alias: {alias:?}, kind: {kind:?}, name: {name:?}, note: {note:?} }}");
        if rows.insert(alias.to_owned(), text).is_some() {
            row.bad("alias stands twice");
        }
    }
    let rows: Vec<String> = rows.into_values().collect();
    out.list("ALIASES", "Alias", &rows);
}

fn attach_types(out: &mut Output) {
    let mut since = BTreeMap::new();
    for row in &table("attach_types.tsv", &["attach", "since"]) {
        since.insert(words::attach(row, row.cell(0)), row.release(1));
    }
    let rows: Vec<String> = AttachType::ALL
        .iter()
        .map(|attach| {
            let Some(release) = since.get(attach) else {
                fail("attach_types.tsv", &format!("no row for {attach}"))
            };
            format!("{release:?}")
        })
        .collect();
    out.list("ATTACH_SINCE", "(u16, u16)", &rows);
}

pub(super) fn write(helpers: &Helpers) -> Output {
    let mut out = Output::new("Other names, and ages of attach types", "data");
    out.line("use crate::helpers_spec::features::Alias;\n");
    aliases(helpers, &mut out);
    attach_types(&mut out);
    out
}
