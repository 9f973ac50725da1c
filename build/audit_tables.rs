//! Tables that an audit reads: releases, risks, kernel options.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::table;

/// Writes `SINCE`, `RISKS` and `CONFIG`, each sorted by kind and name.
pub fn write(helpers: &BTreeMap<String, u32>, out: &mut String) {
    since(out);
    risks(helpers, out);
    config(helpers, out);
}

fn since(out: &mut String) {
    let kinds = [
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
    let mut rows = BTreeMap::new();
    for row in table("since.tsv", &["kind", "name", "release", "source"]) {
        let kind = kinds
            .iter()
            .position(|k| *k == row.cell(0))
            .unwrap_or_else(|| row.bad("unknown kind"));
        let (major, minor) = row
            .cell(2)
            .split_once('.')
            .unwrap_or_else(|| row.bad("release"));
        let release = (row.num(major), row.num(minor));
        if row.cell(3).is_empty() {
            row.bad("no source");
        }
        let key = (kind, row.cell(1).to_owned());
        if rows
            .insert(key, (release, row.cell(3).to_owned()))
            .is_some()
        {
            row.bad("twice");
        }
    }
    let _ = writeln!(
        out,
        "pub(in crate::helpers_spec) static SINCE:[(u8,&str,u16,u16,&str);{}]=[",
        rows.len()
    );
    for ((kind, name), ((major, minor), source)) in rows {
        let _ = writeln!(out, "({kind},{name:?},{major},{minor},{source:?}),");
    }
    out.push_str("];\n");
}

fn risks(helpers: &BTreeMap<String, u32>, out: &mut String) {
    let source = std::fs::read_to_string("src/helpers_spec/risk.rs").unwrap_or_default();
    let words: Vec<&str> = source
        .lines()
        .filter_map(|l| {
            l.split_once(" = \"")
                .and_then(|(_, w)| w.strip_suffix("\";"))
        })
        .collect();
    assert!(!words.is_empty(), "risk.rs: no classes");
    let mut rows = BTreeMap::new();
    for row in table("risk.tsv", &["kind", "name", "classes"]) {
        let mut set = 0u32;
        for class in row.list(2) {
            let at = words.iter().position(|w| *w == class);
            set |= 1 << at.unwrap_or_else(|| row.bad(&format!("class {class}")));
        }
        match row.cell(0) {
            "helper" if !helpers.contains_key(row.cell(1)) => row.bad("no such helper"),
            "helper" | "kfunc" => {}
            _ => row.bad("unknown kind"),
        }
        if rows.insert(row.cell(1).to_owned(), set).is_some() {
            row.bad("twice");
        }
    }
    for name in helpers.keys() {
        assert!(rows.contains_key(name), "risk.tsv: no row for {name}");
    }
    let _ = writeln!(
        out,
        "pub(in crate::helpers_spec) static RISKS:[(&str,u32);{}]=[",
        rows.len()
    );
    for (name, set) in rows {
        let _ = writeln!(out, "({name:?},{set}),");
    }
    out.push_str("];\n");
}

fn config(helpers: &BTreeMap<String, u32>, out: &mut String) {
    let mut rows = BTreeMap::new();
    for row in table("config.tsv", &["kind", "name", "options"]) {
        if row.cell(0) == "helper" && !helpers.contains_key(row.cell(1)) {
            row.bad("no such helper");
        }
        for option in row.list(2) {
            if !option.starts_with("CONFIG_") {
                row.bad("no kernel option");
            }
        }
        let key = (row.cell(0).to_owned(), row.cell(1).to_owned());
        let options: Vec<String> = row.list(2).into_iter().map(str::to_owned).collect();
        if rows.insert(key, options).is_some() {
            row.bad("twice");
        }
    }
    let _ = writeln!(
        out,
        "pub(in crate::helpers_spec) static CONFIG:[(&str,&str,&[&str]);{}]=[",
        rows.len()
    );
    for ((kind, name), options) in rows {
        let _ = writeln!(out, "({kind:?},{name:?},&{options:?}),");
    }
    out.push_str("];\n");
}
