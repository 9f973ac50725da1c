//! What an audit reads: releases, risks, kernel options.

use std::collections::BTreeMap;

use super::helpers::Helpers;
use super::output::{Output, joined};
use super::row::{fail, table};
use super::vocabulary::Risk;

/// The kinds of `since.tsv`, in the order of `SinceKind`.
const KINDS: [&str; 9] = [
    "attach_type",
    "feature",
    "insn",
    "iterator",
    "kfunc",
    "map_field",
    "map_flag",
    "map_type",
    "struct_ops",
];

fn since(out: &mut Output) {
    let mut rows = BTreeMap::new();
    for row in &table("since.tsv", &["kind", "name", "release", "source"]) {
        let Some(kind) = KINDS.iter().position(|k| *k == row.cell(0)) else {
            row.bad("unknown kind")
        };
        let (name, (major, minor), source) = (row.cell(1), row.release(2), row.cell(3));
        if source.is_empty() {
            row.bad("no source");
        }
        let text = format!("({kind}, {name:?}, {major}, {minor}, {source:?})");
        if rows.insert((kind, name.to_owned()), text).is_some() {
            row.bad("twice");
        }
    }
    let rows: Vec<String> = rows.into_values().collect();
    out.list("SINCE", "(u8, &str, u16, u16, &str)", &rows);
}

fn risks(helpers: &Helpers, out: &mut Output) {
    let by_name = helpers.by_name();
    let mut rows = BTreeMap::new();
    for row in &table("risk.tsv", &["kind", "name", "classes"]) {
        let name = row.cell(1);
        let set = row.list(2).into_iter().fold(0, |set, word| {
            let class = Risk::from_name(word);
            set | class.map_or_else(|| row.bad(&format!("class {word}")), Risk::bit)
        });
        match row.cell(0) {
            "helper" if !by_name.contains_key(name) => row.bad("no such helper"),
            "helper" | "kfunc" => {}
            _ => row.bad("unknown kind"),
        }
        if rows.insert(name.to_owned(), set).is_some() {
            row.bad("twice");
        }
    }
    if let Some(name) = by_name.keys().find(|name| !rows.contains_key(**name)) {
        fail("risk.tsv", &format!("no row for {name}"));
    }
    let rows: Vec<String> = rows
        .iter()
        .map(|(name, set)| format!("({name:?}, {set})"))
        .collect();
    out.list("RISKS", "(&str, u32)", &rows);
}

fn options(helpers: &Helpers, out: &mut Output) {
    let by_name = helpers.by_name();
    let mut rows = BTreeMap::new();
    for row in &table("config.tsv", &["kind", "name", "options"]) {
        let (kind, name) = (row.cell(0), row.cell(1));
        if kind == "helper" && !by_name.contains_key(name) {
            row.bad("no such helper");
        }
        let options = row.list(2);
        if options.iter().any(|o| !o.starts_with("CONFIG_")) {
            row.bad("no kernel option");
        }
        let options = joined(options.iter().map(|o| format!("{o:?}")));
        let text = format!("({kind:?}, {name:?}, &[{options}])");
        let key = (kind.to_owned(), name.to_owned());
        if rows.insert(key, text).is_some() {
            row.bad("twice");
        }
    }
    let rows: Vec<String> = rows.into_values().collect();
    out.list("CONFIG", "(&str, &str, &[&str])", &rows);
}

pub(super) fn write(helpers: &Helpers) -> Output {
    let mut out = Output::new("Releases, risks and kernel options", "data");
    since(&mut out);
    risks(helpers, &mut out);
    options(helpers, &mut out);
    out
}
