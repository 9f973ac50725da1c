//! Contexts: which accesses a program type may make.

use std::collections::BTreeMap;

use super::output::{Output, Pool, joined};
use super::row::{Row, table};
use super::words;

/// What loads yield, in the order of the numbers in a cell.
const KINDS: [&str; 13] = [
    "scalar",
    "pkt",
    "pkt_meta",
    "pkt_end",
    "sock",
    "sock?",
    "sock_common",
    "sock_common?",
    "flow_keys",
    "tp_buffer",
    "tcp_sock",
    "btf:nf_hook_state",
    "btf:sk_buff",
];

/// Five cells an offset: the kind read at sizes 1, 2, 4 and 8, and the sizes
/// written; a hexadecimal digit each.
fn cells(row: &Row, text: &str) -> String {
    let mut cells: Vec<u8> = Vec::new();
    for group in text.split(' ') {
        let Some((head, offsets)) = group.split_once('=') else {
            row.bad(group)
        };
        let Some((kind, size)) = head.split_once('/') else {
            row.bad(group)
        };
        let Some(size) = ["1", "2", "4", "8"].iter().position(|s| *s == size) else {
            row.bad(group)
        };
        for run in offsets.split(',') {
            let (range, step) = run.split_once('/').unwrap_or((run, "1"));
            let (lo, hi) = range.split_once('-').unwrap_or((range, range));
            for off in (row.num(lo)..=row.num(hi)).step_by(row.num(step) as usize) {
                let at = off as usize * 5;
                if cells.len() < at + 5 {
                    cells.resize(at + 5, 0);
                }
                if kind == "w" {
                    cells[at + 4] |= 1 << size;
                } else {
                    let Some(k) = KINDS.iter().position(|k| *k == kind) else {
                        row.bad(kind)
                    };
                    cells[at + size] = k as u8 + 1;
                }
            }
        }
    }
    cells.iter().map(|c| format!("{c:x}")).collect()
}

/// Layouts by name, as digits.
fn layouts() -> BTreeMap<String, String> {
    table("ctx_layouts.tsv", &["layout", "accesses"])
        .iter()
        .map(|row| (row.cell(0).to_owned(), cells(row, row.cell(1))))
        .collect()
}

/// The fields of structs by series.
fn fields() -> BTreeMap<(usize, String), String> {
    let mut found = BTreeMap::new();
    for row in &table("ctx_fields.tsv", &["versions", "struct", "fields"]) {
        let list = row.cell(1).split(' ').map(|f| {
            let &[name, off, size] = &f.split(':').collect::<Vec<_>>()[..] else {
                row.bad(f)
            };
            format!("({name:?}, {}, {})", row.num(off), row.num(size))
        });
        let text = format!("&[{}]", joined(list));
        for &v in &row.versions {
            found.insert((v, row.cell(0).to_owned()), text.clone());
        }
    }
    found
}

fn buffer(row: &Row, text: &str) -> Option<String> {
    match text.split('/').collect::<Vec<_>>()[..] {
        ["-"] => None,
        [range, align, access] => {
            let (lo, hi) = range.split_once('-').unwrap_or_else(|| row.bad("buffer"));
            Some(format!(
                "buffer: Some(Buffer {{ start: {}, end: {}, aligned: {}, write: {} }})",
                row.num(lo),
                row.num(hi),
                align == "aligned",
                access.contains('w')
            ))
        }
        _ => row.bad("buffer"),
    }
}

pub(super) fn write() -> Output {
    let mut out = Output::new("Layouts of contexts", "data/ctx.tsv");
    out.line("use super::super::*;\nuse crate::helpers_spec::context::{Buffer, CtxLayout};\n");
    let (layouts, fields) = (layouts(), fields());
    let (mut digits, mut names, mut pool) = (Pool::default(), Pool::default(), Pool::default());
    let mut index = BTreeMap::new();
    let mut pointers = BTreeMap::new();
    let columns = [
        "versions",
        "type",
        "attach",
        "struct",
        "size",
        "layout",
        "layout_no_caps",
        "buffer",
    ];
    for row in &table("ctx.tsv", &columns) {
        for &v in &row.versions {
            let mut cells = |i: usize| match row.cell(i) {
                "-" => "None".to_owned(),
                name => {
                    let Some(found) = layouts.get(name) else {
                        row.bad(&format!("layout {name}"))
                    };
                    format!("Some(&C{})", digits.put(found.clone()))
                }
            };
            let (with, without) = (cells(4), cells(5));
            let list = fields.get(&(v, row.cell(2).to_owned()));
            let list = names.put(list.cloned().unwrap_or_else(|| "&[]".into()));
            let (name, size) = (row.cell(2), row.num(row.cell(3)));
            let mut text = format!("layout({name:?}, {size}, {with}, {without}, F{list})");
            if let Some(buffer) = buffer(row, row.cell(6)) {
                text = format!("CtxLayout {{ {buffer}, ..{text} }}");
            }
            let at = pool.put(text);
            let previous = match row.cell(0).strip_prefix("pointer:") {
                Some(kind) => pointers.insert(kind.to_owned(), at),
                None => {
                    let program = words::prog(row, row.cell(0)).id();
                    let attach = words::attach_or_any(row, row.cell(1));
                    index.insert((v, program, attach), at)
                }
            };
            if previous.is_some_and(|p| p != at) {
                row.bad("two layouts for one context");
            }
        }
    }
    for (i, text) in digits.items.iter().enumerate() {
        let len = text.len();
        out.line(format_args!(
            "static C{i}: [u8; {len}] = cells(b\"{text}\");"
        ));
    }
    out.line("");
    for (i, list) in names.items.iter().enumerate() {
        out.line(format_args!("static F{i}: &[(&str, u16, u16)] = {list};"));
    }
    out.line("");
    out.list("CTX_LAYOUTS", "CtxLayout", &pool.items);
    let rows: Vec<String> = index
        .iter()
        .map(|((v, p, a), at)| format!("({v}, {p}, {a}, {at})"))
        .collect();
    out.list("CTX_INDEX", "(u8, u8, u8, u16)", &rows);
    let rows: Vec<String> = pointers
        .iter()
        .map(|(kind, at)| format!("({kind:?}, {at})"))
        .collect();
    out.list("POINTER_LAYOUTS", "(&str, u16)", &rows);
    out
}
