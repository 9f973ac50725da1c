//! Program types: section names, return values, facts.

use std::collections::BTreeMap;

use super::output::Output;
use super::row::{Row, table};
use super::words;

/// What a flag of a section is to loaders: its letter, if they heed it.
fn letter(row: &Row, flag: &str) -> Option<char> {
    match flag {
        "attachable_opt" | "exp_attach_opt" => Some('o'),
        "attach_btf" => Some('b'),
        "sleepable" => Some('s'),
        "xdp_frags" => Some('f'),
        "usdt" => Some('u'),
        "loose" => Some('l'),
        "attachable" | "none" | "deprecated" => None,
        _ => row.bad(&format!("section flag {flag:?}")),
    }
}

fn sections(out: &mut Output) {
    let rows: Vec<String> = table("sections.tsv", &["section", "type", "attach", "flags"])
        .iter()
        .map(|row| {
            let ty = words::prog(row, row.cell(1));
            let attach = match row.cell(2) {
                "-" => "None".to_owned(),
                name => format!("Some(AttachType::{:?})", words::attach(row, name)),
            };
            let flags = row.list(3);
            let flags: String = flags.iter().filter_map(|f| letter(row, f)).collect();
            let pattern = row.cell(0);
            format!("section({pattern:?}, ProgType::{ty:?}, {attach}, {flags:?})")
        })
        .collect();
    out.list("SECTIONS", "SectionRule", &rows);
}

fn returns(out: &mut Output) {
    let mut returns = BTreeMap::new();
    for row in &table("returns.tsv", &["versions", "type", "attach", "range"]) {
        let Some((lo, hi)) = row.cell(2).split_once("..") else {
            row.bad("range")
        };
        let range: (i64, i64) = match (lo.parse(), hi.parse()) {
            (Ok(lo), Ok(hi)) if lo <= hi => (lo, hi),
            _ => row.bad("range"),
        };
        let program = words::prog(row, row.cell(0)).id();
        let attach = words::attach_or_any(row, row.cell(1));
        for &v in &row.versions {
            returns.insert((v, program, attach), range);
        }
    }
    let rows: Vec<String> = returns
        .iter()
        .map(|((v, p, a), (lo, hi))| format!("({v}, {p}, {a}, {lo}, {hi})"))
        .collect();
    out.list("RETURNS", "(u8, u8, u8, i64, i64)", &rows);
}

fn facts(out: &mut Output) {
    let columns = [
        "type",
        "since",
        "packet",
        "caps",
        "unprivileged",
        "ctx",
        "kernel_ctx",
        "loading",
    ];
    let mut facts = BTreeMap::new();
    for row in &table("prog_types.tsv", &columns) {
        let ty = words::prog(row, row.cell(0));
        let packet = match row.cell(2) {
            "none" => "None",
            "read_only" => "ReadOnly",
            "read_write" => "ReadWrite",
            "optval:read_write" => "Optval",
            _ => row.bad("packet access"),
        };
        let (mut net, mut perf) = (false, false);
        for capability in row.list(3) {
            match capability {
                "cap_net_admin" => net = true,
                "cap_perfmon" => perf = true,
                _ => row.bad("capability"),
            }
        }
        let (mut asked, mut private) = (false, false);
        for word in row.list(7) {
            match word {
                "attach_type" => asked = true,
                "private_stack" => private = true,
                _ => row.bad("loading"),
            }
        }
        let text = format!(
            "ProgTypeFacts {{ prog_type: ProgType::{ty:?}, since: {:?}, packet: PacketAccess::{packet}, \
             cap_net_admin: {net}, cap_perfmon: {perf}, unprivileged: {}, \
             attach_type_asked: {asked}, private_stack: {private}, ctx: {:?}, kernel_ctx: {:?} }}",
            row.cell(1),
            row.cell(4) == "yes",
            row.cell(5),
            row.cell(6),
        );
        if facts.insert(ty.id(), text).is_some() {
            row.bad("program type stands twice");
        }
    }
    let rows: Vec<String> = facts.into_values().collect();
    out.list("PROG_TYPES", "ProgTypeFacts", &rows);
}

/// The arguments of iterator programs that are not plain objects, and the series
/// that hand them over.
fn iterators(out: &mut Output) {
    let columns = ["versions", "target", "argument", "kind"];
    let rows: Vec<String> = table("iter_args.tsv", &columns)
        .iter()
        .map(|row| {
            let kind = match row.cell(2) {
                "nullable" => "Nullable",
                "nullable_trusted" => "NullableTrusted",
                "buffer" => "Buffer",
                "buffer_rdonly" => "BufferReadOnly",
                _ => row.bad("kind"),
            };
            let (target, index) = (row.cell(0), row.num(row.cell(1)));
            format!("({}, {target:?}, {index}, IterArg::{kind})", row.mask())
        })
        .collect();
    out.list("ITER_ARGS", "(u8, &str, u32, IterArg)", &rows);
}

/// Rules on members of struct_ops.
fn struct_ops(out: &mut Output) {
    let rows: Vec<String> = table("struct_ops.tsv", &["structure", "member", "rule"])
        .iter()
        .map(|row| {
            let rule = match row.cell(2).split(':').collect::<Vec<_>>()[..] {
                ["unsupported"] => "Unsupported".to_owned(),
                ["never_sleeps"] => "NeverSleeps".to_owned(),
                ["argument", index, structure] => {
                    format!("Argument({}, {structure:?})", row.num(index))
                }
                _ => row.bad("rule"),
            };
            format!("({:?}, {:?}, OpsRule::{rule})", row.cell(0), row.cell(1))
        })
        .collect();
    out.list("STRUCT_OPS", "(&str, &str, OpsRule)", &rows);
}

pub(super) fn write() -> Output {
    let mut out = Output::new("Program types", "data/prog_types.tsv");
    out.line("use super::super::*;\n");
    sections(&mut out);
    returns(&mut out);
    facts(&mut out);
    iterators(&mut out);
    struct_ops(&mut out);
    out
}
