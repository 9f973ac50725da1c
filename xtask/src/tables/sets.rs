//! Sets of kernel functions that rules name; classes of messages.

use std::collections::{BTreeMap, BTreeSet};

use super::output::{Output, Pool, joined};
use super::row::{series, table};

fn sets(out: &mut Output) {
    let mut pool = Pool::default();
    let mut index = BTreeMap::new();
    let named = table("btf_sets.tsv", &["versions", "set", "names"]);
    let hooks = table("lsm_hooks.tsv", &["versions", "ret", "hooks"]);
    let rules = table("kfunc_sets.tsv", &["versions", "set", "names"]);
    let named = named.iter().chain(&rules);
    let named = named.map(|row| (row.cell(0).to_owned(), row));
    let hooks = hooks
        .iter()
        .map(|row| (format!("lsm:{}", row.cell(0)), row));
    for (name, row) in named.chain(hooks) {
        let items: BTreeSet<&str> = row.list(1).into_iter().collect();
        let items = items.into_iter().map(|n| format!("{n:?}"));
        let at = pool.put(format!("&[{}]", joined(items)));
        for &v in &row.versions {
            if index.insert((v, name.clone()), at).is_some() {
                row.bad("set stands twice in one version");
            }
        }
    }
    for (i, set) in pool.items.iter().enumerate() {
        out.line(format_args!("static S{i}: &[&str] = {set};"));
    }
    out.line("");
    let rows: Vec<String> = index
        .iter()
        .map(|((v, name), i)| format!("({v}, {name:?}, S{i})"))
        .collect();
    out.list("SETS", "(u8, &str, &[&str])", &rows);
}

fn nullable(out: &mut Output) {
    let mut masks = vec![String::new(); series()];
    for row in &table("raw_tp_null.tsv", &["versions", "masks"]) {
        let rows: BTreeMap<&str, u64> = row
            .list(0)
            .into_iter()
            .map(|item| {
                let parts = item.split_once(":0x");
                let parsed = parts.and_then(|(n, m)| Some((n, u64::from_str_radix(m, 16).ok()?)));
                parsed.unwrap_or_else(|| row.bad(item))
            })
            .collect();
        let text = joined(
            rows.iter()
                .map(|(name, mask)| format!("({name:?}, {mask:#x})")),
        );
        for &v in &row.versions {
            masks[v].clone_from(&text);
        }
    }
    let rows: Vec<String> = masks.iter().map(|m| format!("&[{m}]")).collect();
    out.list("RAW_TP_NULL", "&[(&str, u64)]", &rows);
}

fn messages(out: &mut Output) {
    let mut seen = BTreeSet::new();
    let rows: Vec<String> = table("messages.tsv", &["class", "regex", "meaning"])
        .iter()
        .map(|row| {
            let (id, regex, meaning) = (row.cell(0), row.cell(1), row.cell(2));
            if !seen.insert(id.to_owned()) {
                row.bad("class stands twice");
            }
            format!("MessageClass {{ id: {id:?}, regex: {regex:?}, meaning: {meaning:?} }}")
        })
        .collect();
    out.list("MESSAGES", "MessageClass", &rows);
}

pub(super) fn write() -> Output {
    let mut out = Output::new("Sets of kernel functions and classes of messages", "data");
    out.line("use crate::helpers_spec::messages::MessageClass;\n");
    sets(&mut out);
    nullable(&mut out);
    messages(&mut out);
    out
}
