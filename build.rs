//! Turns the tables of `src/helpers_spec/data` into static Rust.
//!
//! Every cell is checked against its schema: words against the vocabularies of
//! `types.rs` and `ids.rs`, helper names and ids against the helper table,
//! layouts against their definitions. A dangling or unknown word ends the build
//! with the file and line at fault.

#[path = "build/audit_tables.rs"]
mod audit_tables;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

/// The format of profiles, as the library reads it.
#[path = "src/target/profile/format.rs"]
mod profile;
#[path = "build/rules.rs"]
mod rules;

const VERSIONS: [&str; 7] = ["5.10", "5.15", "6.1", "6.6", "6.12", "6.18", "7.3"];
const DIR: &str = "src/helpers_spec/data";

/// One data row: where it stands, its versions, its cells by column.
struct Row {
    at: String,
    versions: Vec<usize>,
    cells: Vec<String>,
}

impl Row {
    fn bad(&self, what: &str) -> ! {
        panic!("{}: {what}", self.at)
    }
    fn cell(&self, i: usize) -> &str {
        &self.cells[i]
    }
    fn list(&self, i: usize) -> Vec<&str> {
        match self.cell(i) {
            "-" | "" => Vec::new(),
            text => text.split(',').collect(),
        }
    }
    fn num(&self, text: &str) -> u32 {
        text.parse()
            .unwrap_or_else(|_| self.bad(&format!("not a number: {text:?}")))
    }
}

/// Reads a table; its `#:` line names the columns that must be there.
fn table(name: &str, columns: &[&str]) -> Vec<Row> {
    let path = format!("{DIR}/{name}");
    println!("cargo:rerun-if-changed={path}");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let mut head: Option<Vec<String>> = None;
    let mut rows = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let at = format!("{path}:{}", n + 1);
        if let Some(h) = line.strip_prefix("#: ") {
            let h: Vec<String> = h.split('\t').map(str::to_owned).collect();
            assert_eq!(
                h.iter().map(String::as_str).collect::<Vec<_>>(),
                columns,
                "{at}: columns"
            );
            head = Some(h);
            continue;
        }
        if line.starts_with('#') || line.is_empty() {
            continue;
        }
        let width = head
            .as_ref()
            .unwrap_or_else(|| panic!("{at}: no header"))
            .len();
        let mut cells: Vec<String> = line.split('\t').map(str::to_owned).collect();
        assert_eq!(
            cells.len(),
            width,
            "{at}: {} cells, want {width}",
            cells.len()
        );
        let versioned = columns[0] == "versions";
        let versions = if versioned {
            let v = cells.remove(0);
            if v == "*" {
                (0..VERSIONS.len()).collect()
            } else {
                let find = |w: &str| VERSIONS.iter().position(|k| *k == w);
                v.split(',')
                    .map(|w| find(w).unwrap_or_else(|| panic!("{at}: version {w}")))
                    .collect()
            }
        } else {
            Vec::new()
        };
        rows.push(Row {
            at,
            versions,
            cells,
        });
    }
    rows
}

/// Pairs `Variant = "WORD"` of a vocabulary in a source file.
fn vocabulary(source: &str, ty: &str) -> BTreeMap<String, String> {
    let start = source
        .find(&format!("    {ty}:\n"))
        .unwrap_or_else(|| panic!("no vocabulary {ty}"));
    let body = &source[start..];
    let body = &body[..body.find("\n}").unwrap_or(body.len())];
    let mut words = BTreeMap::new();
    for line in body.lines() {
        if let Some((variant, word)) = line.split_once(" = \"") {
            words.insert(
                word.trim_end_matches("\",").to_owned(),
                variant.trim().to_owned(),
            );
        }
    }
    words
}

/// Pairs `name -> bit` of a flag set in a source file.
fn flag_bits(source: &str, mac: &str) -> BTreeMap<String, u32> {
    let start = source
        .find(&format!("\n{mac}! {{"))
        .unwrap_or_else(|| panic!("no flags {mac}"));
    let body = &source[start..];
    let body = &body[..body.find("\n}").unwrap_or(body.len())];
    let mut words = BTreeMap::new();
    for line in body.lines() {
        let Some((_, rest)) = line.split_once(" = ") else {
            continue;
        };
        let Some((bit, word)) = rest.split_once(", \"") else {
            continue;
        };
        let Ok(bit) = bit.trim().parse::<u32>() else {
            continue;
        };
        words.insert(word.trim_end_matches("\";").to_owned(), 1 << bit);
    }
    words
}

/// Pairs `name -> id` of an id enum in `ids.rs`.
fn ids(source: &str, prefix: &str) -> BTreeMap<String, u32> {
    let start = source
        .find(prefix)
        .unwrap_or_else(|| panic!("no ids {prefix}"));
    let body = &source[start..];
    let body = &body[..body.find("\n}").unwrap_or(body.len())];
    let mut words = BTreeMap::new();
    for line in body.lines().skip(1) {
        let Some((_, rest)) = line.split_once(" = ") else {
            continue;
        };
        let Some((id, name)) = rest.split_once(", \"") else {
            continue;
        };
        let Ok(id) = id.parse::<u32>() else { continue };
        words.insert(name.trim_end_matches("\";").to_owned(), id);
    }
    words
}

/// Everything that cells may name.
struct Words {
    args: BTreeMap<String, String>,
    rets: BTreeMap<String, String>,
    regs: BTreeMap<String, String>,
    flags: BTreeMap<String, u32>,
    semantics: BTreeMap<String, u32>,
    kf: BTreeMap<String, u32>,
    progs: BTreeMap<String, u32>,
    attaches: BTreeMap<String, u32>,
    maps: BTreeMap<String, u32>,
}

impl Words {
    fn read() -> Words {
        let read = |name: &str| {
            let path = format!("src/helpers_spec/{name}");
            println!("cargo:rerun-if-changed={path}");
            fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
        };
        let (types, id, kf) = (read("types.rs"), read("ids.rs"), read("kfuncs.rs"));
        Words {
            args: vocabulary(&types, "ArgType"),
            rets: vocabulary(&types, "RetType"),
            regs: vocabulary(&types, "RegBase"),
            flags: flag_bits(&types, "type_flags"),
            semantics: flag_bits(&types, "semantics"),
            kf: flag_bits(&kf, "kf_flags"),
            progs: ids(&id, "ProgType, \"BPF_PROG_TYPE_\":"),
            attaches: ids(&id, "AttachType, \"BPF_\":"),
            maps: ids(&id, "MapType, \"BPF_MAP_TYPE_\":"),
        }
    }
    fn prog(&self, row: &Row, name: &str) -> u32 {
        *self
            .progs
            .get(name)
            .unwrap_or_else(|| row.bad(&format!("program type {name:?}")))
    }
    fn attach(&self, row: &Row, name: &str) -> u32 {
        if name == "*" {
            return 255;
        }
        *self
            .attaches
            .get(name)
            .unwrap_or_else(|| row.bad(&format!("attach type {name:?}")))
    }
    fn map(&self, row: &Row, name: &str) -> u32 {
        *self
            .maps
            .get(name)
            .unwrap_or_else(|| row.bad(&format!("map type {name:?}")))
    }
    fn typed(&self, row: &Row, words: &BTreeMap<String, String>, text: &str) -> (String, u32) {
        let mut parts = text.split('+');
        let base = parts.next().unwrap_or_default();
        let base = words
            .get(base)
            .unwrap_or_else(|| row.bad(&format!("type {base:?}")));
        let mut flags = 0;
        for f in parts {
            flags |= self
                .flags
                .get(f)
                .unwrap_or_else(|| row.bad(&format!("flag {f:?}")));
        }
        (base.clone(), flags)
    }
}

/// A set of helper ids.
type Bits = [u64; 4];

fn bits(row: &Row, i: usize, helpers: &Helpers) -> Bits {
    let mut set = [0u64; 4];
    for part in row.list(i) {
        let (lo, hi) = part.split_once('-').unwrap_or((part, part));
        for id in row.num(lo)..=row.num(hi) {
            if !helpers.names.contains_key(&id) {
                row.bad(&format!("no helper {id}"));
            }
            set[id as usize / 64] |= 1 << (id % 64);
        }
    }
    set
}

fn bits_text(b: &Bits) -> String {
    format!("[{:#x},{:#x},{:#x},{:#x}]", b[0], b[1], b[2], b[3])
}

fn option(text: &str) -> String {
    if text.is_empty() {
        "None".into()
    } else {
        format!("Some({text:?})")
    }
}

/// The helper table while it is built.
struct Helpers {
    names: BTreeMap<u32, (String, String)>,
}

/// Items each kept once; rows hold their index.
#[derive(Default)]
struct Pool {
    index: BTreeMap<String, usize>,
    items: Vec<String>,
}

impl Pool {
    fn put(&mut self, item: String) -> usize {
        if let Some(&i) = self.index.get(&item) {
            return i;
        }
        self.items.push(item.clone());
        self.index.insert(item, self.items.len() - 1);
        self.items.len() - 1
    }
}

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build");
    println!("cargo:rerun-if-changed=src/helpers_spec/risk.rs");
    let words = Words::read();
    let mut out = String::new();
    let helpers = helpers(&words, &mut out);
    availability(&words, &helpers, &mut out);
    arg_regs(&words, &mut out);
    contexts(&words, &mut out);
    maps(&words, &helpers, &mut out);
    kfuncs(&words, &mut out);
    programs(&words, &mut out);
    sets(&mut out);
    features(&words, &helpers, &mut out);
    let by_name = helpers
        .names
        .iter()
        .map(|(id, (name, _))| (name.clone(), *id));
    audit_tables::write(&by_name.collect(), &mut out);
    let dir = env::var("OUT_DIR").unwrap_or_else(|_| panic!("no OUT_DIR"));
    println!("cargo:rerun-if-changed=build/rules.rs");
    rules::generate(Path::new(&dir));
    let path = Path::new(&dir).join("spec_tables.rs");
    fs::write(&path, out).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
}

fn argument(words: &Words, row: &Row, text: &str) -> String {
    if text == "-" {
        return "ArgSpec::NONE".into();
    }
    let mut parts = text.split(';');
    let (base, flags) = words.typed(row, &words.args, parts.next().unwrap_or_default());
    let (mut btf, mut size, mut fixed, mut name) = ("", 0, None, "");
    for p in parts {
        match p.split_once('=') {
            Some(("btf", v)) => btf = v,
            Some(("size", v)) => size = row.num(v),
            Some(("fixed", v)) => fixed = Some(row.num(v)),
            Some(("name", v)) => name = v,
            _ => row.bad(&format!("attribute {p:?}")),
        }
    }
    if size > 5 {
        row.bad("size argument beyond the fifth");
    }
    format!(
        "ArgSpec{{base:ArgType::{base},flags:TypeFlags({flags}),size_arg:{size},fixed_size:{fixed:?},btf:{},name:{name:?}}}",
        option(btf)
    )
}

fn helpers(words: &Words, out: &mut String) -> Helpers {
    let rows = table(
        "helpers.tsv",
        &[
            "versions", "id", "name", "since", "variant", "types", "flags", "ret", "arg1", "arg2",
            "arg3", "arg4", "arg5",
        ],
    );
    let mut names: BTreeMap<u32, (String, String)> = BTreeMap::new();
    for row in &rows {
        let id = row.num(row.cell(0));
        assert!(id < 256, "{}: helper id {id}", row.at);
        let entry = (row.cell(1).to_owned(), row.cell(2).to_owned());
        if names.insert(id, entry.clone()).is_some_and(|e| e != entry) {
            row.bad("two names for one helper");
        }
    }
    let by_name: BTreeMap<&str, u32> = names.iter().map(|(id, (n, _))| (n.as_str(), *id)).collect();
    assert_eq!(by_name.len(), names.len(), "a helper name stands twice");
    // Semantics by version and helper.
    let mut semantics: BTreeMap<(usize, u32), u32> = BTreeMap::new();
    for row in &table("semantics.tsv", &["versions", "class", "helpers"]) {
        let Some(bit) = words.semantics.get(row.cell(0)) else {
            row.bad("unknown class")
        };
        for name in row.list(1) {
            let Some(&id) = by_name.get(name) else {
                row.bad(&format!("no helper {name}"))
            };
            for &v in &row.versions {
                *semantics.entry((v, id)).or_default() |= bit;
            }
        }
    }
    let mut protos = Pool::default();
    let mut mains: BTreeMap<(usize, u32), usize> = BTreeMap::new();
    let mut variants: BTreeMap<(usize, u32), Vec<(u64, bool, usize)>> = BTreeMap::new();
    for row in &rows {
        let id = row.num(row.cell(0));
        let flags = row.cell(5);
        if flags.chars().any(|c| !"gpsf-".contains(c)) {
            row.bad("flags");
        }
        let mut ret_parts = row.cell(6).split(';');
        let (ret, ret_flags) = words.typed(row, &words.rets, ret_parts.next().unwrap_or_default());
        let ret_btf = ret_parts
            .next()
            .and_then(|p| p.strip_prefix("btf="))
            .unwrap_or("");
        let args: Vec<String> = (7..12).map(|i| argument(words, row, row.cell(i))).collect();
        for &v in &row.versions {
            let sem = semantics.get(&(v, id)).copied().unwrap_or(0);
            let has = |w: &str| sem & words.semantics[w] != 0;
            let text = format!(
                "HelperProto{{id:{id},name:{:?},gpl_only:{},pkt_access:{},might_sleep:{},allow_fastcall:{},\
                 ret:RetSpec{{base:RetType::{ret},flags:TypeFlags({ret_flags}),btf:{}}},args:[{}],\
                 semantics:Semantics({sem}),acquire:{},release:{},ptr_cast:{},dynptr_ref:{},callback_sync:{},\
                 callback_async:{},storage_get:{},retval_refined:{},changes_pkt_data:{}}}",
                row.cell(1),
                flags.contains('g'),
                flags.contains('p'),
                flags.contains('s'),
                flags.contains('f'),
                option(ret_btf),
                args.join(","),
                has("acquire"),
                has("release"),
                has("ptr_cast"),
                has("dynptr_ref"),
                has("callback_sync"),
                has("callback_async"),
                has("storage_get"),
                has("retval_refined"),
                has("changes_pkt_data"),
            );
            let at = protos.put(text);
            match row.cell(3) {
                "main" => {
                    if mains.insert((v, id), at).is_some() {
                        row.bad("two main signatures in one version");
                    }
                }
                kind @ ("variant" | "sleepable") => {
                    let mut mask = 0u64;
                    for t in row.list(4) {
                        mask |= 1 << words.prog(row, t);
                    }
                    variants
                        .entry((v, id))
                        .or_default()
                        .push((mask, kind == "sleepable", at));
                }
                _ => row.bad("variant"),
            }
        }
    }
    for key in variants.keys() {
        assert!(
            mains.contains_key(key),
            "helper {} of {} has variants only",
            key.1,
            VERSIONS[key.0]
        );
    }
    let top = names.keys().next_back().copied().unwrap_or(0) + 1;
    list(out, "PROTOS", "HelperProto", &protos.items);
    writeln!(
        out,
        "pub(in crate::helpers_spec) static HELPER_NAMES:[Option<(&str,&str)>;{top}]=["
    )
    .ok();
    for id in 0..top {
        writeln!(
            out,
            "{:?},",
            names.get(&id).map(|(n, s)| (n.as_str(), s.as_str()))
        )
        .ok();
    }
    writeln!(out, "];").ok();
    let sorted: Vec<String> = by_name
        .iter()
        .map(|(n, id)| format!("({n:?},{id})"))
        .collect();
    list(out, "HELPERS_BY_NAME", "(&str,u32)", &sorted);
    writeln!(
        out,
        "pub(in crate::helpers_spec) static HELPER_SLOTS:[[HelperSlot;{top}];7]=["
    )
    .ok();
    for v in 0..VERSIONS.len() {
        out.push('[');
        for id in 0..top {
            let main = mains.get(&(v, id)).map_or(u16::MAX as usize, |i| *i);
            let vs: Vec<String> = variants
                .get(&(v, id))
                .map(|l| {
                    l.iter()
                        .map(|(m, s, i)| format!("({m:#x},{s},{i})"))
                        .collect()
                })
                .unwrap_or_default();
            write!(
                out,
                "HelperSlot{{main:{main},variants:&[{}]}},",
                vs.join(",")
            )
            .ok();
        }
        out.push_str("],\n");
    }
    out.push_str("];\n");
    let counts: Vec<String> = (0..VERSIONS.len())
        .map(|v| {
            mains
                .keys()
                .filter(|k| k.0 == v)
                .map(|k| k.1 + 1)
                .max()
                .unwrap_or(0)
                .to_string()
        })
        .collect();
    writeln!(
        out,
        "pub(in crate::helpers_spec) static HELPER_COUNTS:[u32;7]=[{}];",
        counts.join(",")
    )
    .ok();
    Helpers { names }
}

fn list(out: &mut String, name: &str, ty: &str, items: &[String]) {
    writeln!(
        out,
        "pub(in crate::helpers_spec) static {name}:[{ty};{}]=[",
        items.len()
    )
    .ok();
    for i in items {
        writeln!(out, "{i},").ok();
    }
    out.push_str("];\n");
}

fn availability(words: &Words, helpers: &Helpers, out: &mut String) {
    #[derive(Default)]
    struct Avail {
        any: BTreeMap<u32, Bits>,
        sleepable: BTreeMap<u32, Bits>,
        caps: BTreeMap<String, Bits>,
        sockopt: Bits,
        iters: BTreeMap<String, Bits>,
        not_member: BTreeMap<String, Bits>,
    }
    let mut all: BTreeMap<(usize, String), Avail> = BTreeMap::new();
    for row in &table(
        "availability.tsv",
        &["versions", "type", "attach", "when", "helpers"],
    ) {
        let ty = row.cell(0);
        words.prog(row, ty.split(':').next().unwrap_or(ty));
        let attach = words.attach(row, row.cell(1));
        let set = bits(row, 3, helpers);
        for &v in &row.versions {
            let a = all.entry((v, ty.to_owned())).or_default();
            match row.cell(2) {
                "any" => drop(a.any.insert(attach, set)),
                "sleepable" => drop(a.sleepable.insert(attach, set)),
                "cap_bpf" | "cap_perfmon" | "cap_sys_admin" => {
                    a.caps.insert(row.cell(2).to_owned(), set);
                }
                "cap_net_admin" => {}
                "sockopt_hook" => a.sockopt = set,
                w => match w.split_once(':') {
                    Some(("iter", t)) => drop(a.iters.insert(t.to_owned(), set)),
                    Some(("not_member", t)) => drop(a.not_member.insert(t.to_owned(), set)),
                    _ => row.bad("when"),
                },
            }
        }
    }
    let mut pool = Pool::default();
    let mut index = vec![vec![u16::MAX; 33]; VERSIONS.len()];
    let mut ops = Vec::new();
    for ((v, ty), a) in &all {
        let base = a.any.get(&255).copied().unwrap_or_default();
        let pairs = |m: &BTreeMap<u32, Bits>, skip: bool| -> String {
            m.iter()
                .filter(|(k, _)| !(skip && **k == 255))
                .map(|(k, b)| format!("({k},{})", bits_text(b)))
                .collect::<Vec<_>>()
                .join(",")
        };
        let named = |m: &BTreeMap<String, Bits>| -> String {
            m.iter()
                .map(|(k, b)| format!("({k:?},{})", bits_text(b)))
                .collect::<Vec<_>>()
                .join(",")
        };
        let cap = |n: &str| bits_text(&a.caps.get(n).copied().unwrap_or_default());
        let text = format!(
            "Availability{{base:{},attach:&[{}],sleepable:&[{}],cap_bpf:{},cap_perfmon:{},cap_sys_admin:{},\
             sockopt_hook:{},iters:&[{}],not_member:&[{}]}}",
            bits_text(&base),
            pairs(&a.any, true),
            pairs(&a.sleepable, false),
            cap("cap_bpf"),
            cap("cap_perfmon"),
            cap("cap_sys_admin"),
            bits_text(&a.sockopt),
            named(&a.iters),
            named(&a.not_member),
        );
        let at = pool.put(text);
        match ty.split_once(':') {
            Some((_, ops_of)) => ops.push(format!("({v},{ops_of:?},{at})")),
            None => index[*v][words.progs[ty] as usize] = at as u16,
        }
    }
    list(out, "AVAILABILITY", "Availability", &pool.items);
    writeln!(
        out,
        "pub(in crate::helpers_spec) static AVAILABILITY_INDEX:[[u16;33];7]={index:?};"
    )
    .ok();
    list(out, "STRUCT_OPS_AVAILABILITY", "(u8,&str,u16)", &ops);
}

fn arg_regs(words: &Words, out: &mut String) {
    let mut lists: BTreeMap<(usize, String), String> = BTreeMap::new();
    for row in &table("arg_regs.tsv", &["versions", "arg", "registers"]) {
        let (arg, _) = words.typed(row, &words.args, row.cell(0));
        let regs: Vec<String> = row
            .list(1)
            .iter()
            .map(|r| {
                let (base, flags) = words.typed(row, &words.regs, r);
                format!("RegClass{{base:RegBase::{base},flags:TypeFlags({flags})}}")
            })
            .collect();
        for &v in &row.versions {
            lists.insert((v, arg.clone()), format!("&[{}]", regs.join(",")));
        }
    }
    out.push_str(
        "fn arg_registers(arg:ArgType,v:SpecVersion)->&'static [RegClass]{match (v as u8,arg){\n",
    );
    for ((v, arg), l) in &lists {
        writeln!(out, "({v},ArgType::{arg})=>{l},").ok();
    }
    out.push_str("_=>&[],}}\n");
}

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

/// Five bytes an offset: the kind read at sizes 1, 2, 4 and 8, and the sizes written.
fn layout(row: &Row, text: &str) -> Vec<u8> {
    let mut cells: Vec<u8> = Vec::new();
    for group in text.split(' ') {
        let Some((head, offs)) = group.split_once('=') else {
            row.bad(group)
        };
        let Some((kind, size)) = head.split_once('/') else {
            row.bad(group)
        };
        let Some(size) = [1, 2, 4, 8].iter().position(|s| s.to_string() == size) else {
            row.bad(group)
        };
        for run in offs.split(',') {
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
    cells
}

fn contexts(words: &Words, out: &mut String) {
    let mut layouts = BTreeMap::new();
    for row in &table("ctx_layouts.tsv", &["layout", "accesses"]) {
        let bytes: String = layout(row, row.cell(1))
            .iter()
            .map(|b| format!("\\x{b:02x}"))
            .collect();
        layouts.insert(row.cell(0).to_owned(), format!("b\"{bytes}\""));
    }
    let mut fields: BTreeMap<(usize, String), String> = BTreeMap::new();
    for row in &table("ctx_fields.tsv", &["versions", "struct", "fields"]) {
        let list: Vec<String> = row
            .cell(1)
            .split(' ')
            .map(|f| {
                let p: Vec<&str> = f.split(':').collect();
                if p.len() != 3 {
                    row.bad(f);
                }
                format!("({:?},{},{})", p[0], row.num(p[1]), row.num(p[2]))
            })
            .collect();
        for &v in &row.versions {
            fields.insert(
                (v, row.cell(0).to_owned()),
                format!("&[{}]", list.join(",")),
            );
        }
    }
    let (mut cells, mut names, mut pool) = (Pool::default(), Pool::default(), Pool::default());
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
            let mut cell = |i: usize| match row.cell(i) {
                "-" => None,
                l => Some(
                    cells.put(
                        layouts
                            .get(l)
                            .unwrap_or_else(|| row.bad(&format!("layout {l}")))
                            .clone(),
                    ),
                ),
            };
            let (with, without) = (cell(4), cell(5));
            let f = fields
                .get(&(v, row.cell(2).to_owned()))
                .cloned()
                .unwrap_or_else(|| "&[]".into());
            let f = names.put(f);
            let buffer = match row.cell(6).split('/').collect::<Vec<_>>()[..] {
                ["-"] => "None".to_owned(),
                [range, align, rw] => {
                    let (lo, hi) = range.split_once('-').unwrap_or_else(|| row.bad("buffer"));
                    format!(
                        "Some(Buffer{{start:{},end:{},aligned:{},write:{}}})",
                        row.num(lo),
                        row.num(hi),
                        align == "aligned",
                        rw.contains('w')
                    )
                }
                _ => row.bad("buffer"),
            };
            let bytes =
                |c: Option<usize>| c.map_or("None".to_owned(), |c| format!("Some(CTX_CELLS_{c})"));
            let at = pool.put(format!(
                "CtxLayout{{struct_name:{:?},size:{},cells:{},cells_no_caps:{},fields:CTX_FIELDS_{f},buffer:{buffer}}}",
                row.cell(2),
                row.num(row.cell(3)),
                bytes(with),
                bytes(without),
            ));
            let previous = match row.cell(0).strip_prefix("pointer:") {
                Some(kind) => pointers.insert(kind.to_owned(), at),
                None => index.insert(
                    (
                        v,
                        words.prog(row, row.cell(0)),
                        words.attach(row, row.cell(1)),
                    ),
                    at,
                ),
            };
            if previous.is_some_and(|p| p != at) {
                row.bad("two layouts for one context");
            }
        }
    }
    for (i, b) in cells.items.iter().enumerate() {
        writeln!(out, "static CTX_CELLS_{i}:&[u8]={b};").ok();
    }
    for (i, f) in names.items.iter().enumerate() {
        writeln!(out, "static CTX_FIELDS_{i}:&[(&str,u16,u16)]={f};").ok();
    }
    list(out, "CTX_LAYOUTS", "CtxLayout", &pool.items);
    let rows: Vec<String> = index
        .iter()
        .map(|((v, p, a), l)| format!("({v},{p},{a},{l})"))
        .collect();
    list(out, "CTX_INDEX", "(u8,u8,u8,u16)", &rows);
    let rows: Vec<String> = pointers
        .iter()
        .map(|(k, l)| format!("({k:?},{l})"))
        .collect();
    list(out, "POINTER_LAYOUTS", "(&str,u16)", &rows);
}

fn maps(words: &Words, helpers: &Helpers, out: &mut String) {
    let mut sets = vec![vec![None; 64]; VERSIONS.len()];
    for row in &table("maps.tsv", &["versions", "type", "helpers"]) {
        let t = words.map(row, row.cell(0)) as usize;
        for &v in &row.versions {
            if sets[v][t].replace(bits(row, 1, helpers)).is_some() {
                row.bad("two rows for one map type");
            }
        }
    }
    let width = words.maps.values().max().copied().unwrap_or(0) as usize + 1;
    writeln!(
        out,
        "pub(in crate::helpers_spec) static MAP_HELPERS:[[Option<[u64;4]>;{width}];7]=["
    )
    .ok();
    for v in &sets {
        let cells: Vec<String> = v[..width]
            .iter()
            .map(|b| {
                b.as_ref()
                    .map_or("None".to_owned(), |b| format!("Some({})", bits_text(b)))
            })
            .collect();
        writeln!(out, "[{}],", cells.join(",")).ok();
    }
    out.push_str("];\n");
    let mut rules = Vec::new();
    for row in &table("map_fields.tsv", &["versions", "field", "types"]) {
        let mask = row
            .list(1)
            .iter()
            .fold(0u64, |m, t| m | 1 << words.map(row, t));
        let versions = row.versions.iter().fold(0u8, |m, v| m | 1 << v);
        rules.push(format!("({versions},{:?},{mask:#x})", row.cell(0)));
    }
    list(out, "MAP_FIELDS", "(u8,&str,u64)", &rules);
}

fn kfuncs(words: &Words, out: &mut String) {
    // Hooks: which program types see what is registered for a type.
    let mut hooks: BTreeMap<usize, BTreeMap<u32, String>> = BTreeMap::new();
    let mut common: BTreeSet<usize> = BTreeSet::new();
    for row in &table("kfunc_hooks.tsv", &["versions", "type", "hook"]) {
        for &v in &row.versions {
            if row.cell(0) == "all" {
                common.insert(v);
            } else {
                hooks
                    .entry(v)
                    .or_default()
                    .insert(words.prog(row, row.cell(0)), row.cell(1).to_owned());
            }
        }
    }
    let columns = [
        "versions", "name", "set", "types", "flags", "filter", "config", "ret", "args",
    ];
    let mut merged: BTreeMap<(usize, String), Vec<String>> = BTreeMap::new();
    let mut texts: BTreeMap<(usize, String), (u32, String, String)> = BTreeMap::new();
    for row in &table("kfuncs.tsv", &columns) {
        let mut flags = 0;
        for f in row.list(3) {
            flags |= words
                .kf
                .get(f)
                .unwrap_or_else(|| row.bad(&format!("kfunc flag {f:?}")));
        }
        for &v in &row.versions {
            let mut mask = 0u64;
            let mut fmod_ret = false;
            for t in row.list(2) {
                match t {
                    "all" => mask = u64::MAX,
                    "fmod_ret" => fmod_ret = true,
                    t => {
                        let p = words.prog(row, t);
                        mask |= 1 << p;
                        if let Some(map) = hooks.get(&v)
                            && let Some(hook) = map.get(&p)
                        {
                            for (q, h) in map {
                                if h == hook {
                                    mask |= 1 << q;
                                }
                            }
                        }
                    }
                }
            }
            let key = (v, row.cell(0).to_owned());
            merged.entry(key.clone()).or_default().push(format!(
                "KfuncSet{{name:{:?},flags:KfFlags({flags}),types:{mask:#x},fmod_ret:{fmod_ret},filter:{:?},config:{:?}}}",
                row.cell(1),
                row.cell(4).trim_matches('-'),
                row.cell(5).trim_matches('-'),
            ));
            let t = texts
                .entry(key)
                .or_insert((0, String::new(), String::new()));
            t.0 |= flags;
            t.1 = row.cell(6).to_owned();
            t.2 = row.cell(7).trim_matches('-').to_owned();
        }
    }
    let mut pool = Pool::default();
    let mut index = vec![Vec::new(); VERSIONS.len()];
    for ((v, name), sets) in &merged {
        let (flags, ret, args) = &texts[&(*v, name.clone())];
        let at = pool.put(format!(
            "KfuncSpec{{name:{name:?},flags:KfFlags({flags}),sets:&[{}],ret:{ret:?},args:{args:?}}}",
            sets.join(",")
        ));
        index[*v].push(at);
    }
    list(out, "KFUNCS", "KfuncSpec", &pool.items);
    out.push_str("pub(in crate::helpers_spec) static KFUNC_INDEX:[&[u16];7]=[");
    for l in &index {
        write!(out, "&{l:?},").ok();
    }
    out.push_str("];\n");
}

fn programs(words: &Words, out: &mut String) {
    let variant = |name: &str| name.split('_').map(capital).collect::<String>();
    let attach = |row: &Row, name: &str| {
        if name == "-" {
            return "None".to_owned();
        }
        words.attach(row, name);
        format!("Some(AttachType::{})", variant(name))
    };
    let mut rows = Vec::new();
    for row in &table("sections.tsv", &["section", "type", "attach", "flags"]) {
        let t = row.cell(1);
        words.prog(row, t);
        let flags = row.list(3);
        for f in &flags {
            if ![
                "attachable",
                "attachable_opt",
                "exp_attach_opt",
                "attach_btf",
                "sleepable",
                "xdp_frags",
                "usdt",
                "none",
                "deprecated",
            ]
            .contains(f)
            {
                row.bad(&format!("section flag {f:?}"));
            }
        }
        let has = |f: &str| flags.contains(&f);
        rows.push(format!(
            "SectionRule{{pattern:{:?},prog_type:ProgType::{},attach:{},attach_optional:{},attach_btf:{},\
             sleepable:{},xdp_frags:{},usdt:{}}}",
            row.cell(0),
            variant(t),
            attach(row, row.cell(2)),
            has("attachable_opt") || has("exp_attach_opt"),
            has("attach_btf"),
            has("sleepable"),
            has("xdp_frags"),
            has("usdt"),
        ));
    }
    list(out, "SECTIONS", "SectionRule", &rows);
    let mut returns = BTreeMap::new();
    for row in &table("returns.tsv", &["versions", "type", "attach", "range"]) {
        let Some((lo, hi)) = row.cell(2).split_once("..") else {
            row.bad("range")
        };
        let range: (i64, i64) = match (lo.parse(), hi.parse()) {
            (Ok(lo), Ok(hi)) if lo <= hi => (lo, hi),
            _ => row.bad("range"),
        };
        for &v in &row.versions {
            returns.insert(
                (
                    v,
                    words.prog(row, row.cell(0)),
                    words.attach(row, row.cell(1)),
                ),
                range,
            );
        }
    }
    let rows: Vec<String> = returns
        .iter()
        .map(|((v, p, a), (lo, hi))| format!("({v},{p},{a},{lo},{hi})"))
        .collect();
    list(out, "RETURNS", "(u8,u8,u8,i64,i64)", &rows);
    let mut facts = BTreeMap::new();
    let columns = [
        "type",
        "since",
        "packet",
        "caps",
        "unprivileged",
        "ctx",
        "kernel_ctx",
    ];
    for row in &table("prog_types.tsv", &columns) {
        let packet = match row.cell(2) {
            "none" => "None",
            "read_only" => "ReadOnly",
            "read_write" => "ReadWrite",
            "optval:read_write" => "Optval",
            _ => row.bad("packet access"),
        };
        let (mut net, mut perf) = (false, false);
        for c in row.list(3) {
            match c {
                "cap_net_admin" => net = true,
                "cap_perfmon" => perf = true,
                _ => row.bad("capability"),
            }
        }
        let text = format!(
            "ProgTypeFacts{{prog_type:ProgType::{},since:{:?},packet:PacketAccess::{packet},cap_net_admin:{net},\
             cap_perfmon:{perf},unprivileged:{},ctx:{:?},kernel_ctx:{:?}}}",
            variant(row.cell(0)),
            row.cell(1),
            row.cell(4) == "yes",
            row.cell(5),
            row.cell(6),
        );
        if facts.insert(words.prog(row, row.cell(0)), text).is_some() {
            row.bad("program type stands twice");
        }
    }
    let rows: Vec<String> = facts.into_values().collect();
    list(out, "PROG_TYPES", "ProgTypeFacts", &rows);
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map_or(String::new(), |c| c.to_uppercase().chain(letters).collect())
}

fn sets(out: &mut String) {
    let mut pool = Pool::default();
    let mut index = BTreeMap::new();
    let mut put = |name: &str, row: &Row, mut items: Vec<String>| {
        items.sort();
        items.dedup();
        let at = pool.put(format!("&[{}]", items.join(",")));
        for &v in &row.versions {
            if index.insert((v, name.to_owned()), at).is_some() {
                row.bad("set stands twice in one version");
            }
        }
    };
    let quoted = |l: Vec<&str>| l.into_iter().map(|n| format!("{n:?}")).collect::<Vec<_>>();
    for row in &table("btf_sets.tsv", &["versions", "set", "names"]) {
        put(row.cell(0), row, quoted(row.list(1)));
    }
    for row in &table("lsm_hooks.tsv", &["versions", "ret", "hooks"]) {
        put(&format!("lsm:{}", row.cell(0)), row, quoted(row.list(1)));
    }
    for (i, s) in pool.items.iter().enumerate() {
        writeln!(out, "static SET_{i}:&[&str]={s};").ok();
    }
    let rows: Vec<String> = index
        .iter()
        .map(|((v, n), i)| format!("({v},{n:?},SET_{i})"))
        .collect();
    list(out, "SETS", "(u8,&str,&[&str])", &rows);
    let mut masks = vec![String::new(); VERSIONS.len()];
    for row in &table("raw_tp_null.tsv", &["versions", "masks"]) {
        let mut rows: Vec<(String, u64)> = Vec::new();
        for item in row.list(0) {
            let Some((name, mask)) = item.split_once(":0x") else {
                row.bad(item)
            };
            let Ok(mask) = u64::from_str_radix(mask, 16) else {
                row.bad(item)
            };
            rows.push((name.to_owned(), mask));
        }
        rows.sort();
        let text: Vec<String> = rows
            .iter()
            .map(|(n, m)| format!("({n:?},{m:#x})"))
            .collect();
        for &v in &row.versions {
            masks[v] = text.join(",");
        }
    }
    out.push_str("pub(in crate::helpers_spec) static RAW_TP_NULL:[&[(&str,u64)];7]=[");
    for m in &masks {
        write!(out, "&[{m}],").ok();
    }
    out.push_str("];\n");
    let mut rows = Vec::new();
    let mut seen = BTreeSet::new();
    for row in &table("messages.tsv", &["class", "regex", "meaning"]) {
        if !seen.insert(row.cell(0).to_owned()) {
            row.bad("class stands twice");
        }
        rows.push(format!(
            "MessageClass{{id:{:?},regex:{:?},meaning:{:?}}}",
            row.cell(0),
            row.cell(1),
            row.cell(2)
        ));
    }
    list(out, "MESSAGES", "MessageClass", &rows);
}

/// Words of a vocabulary of `features.rs`, in its `Variant = "word", "title";` form.
fn feature_words(source: &str, ty: &str) -> BTreeSet<String> {
    let start = source
        .find(&format!("    {ty}:\n"))
        .unwrap_or_else(|| panic!("no vocabulary {ty}"));
    let body = &source[start..];
    let body = &body[..body.find("\n}").unwrap_or(body.len())];
    body.lines()
        .filter_map(|l| l.split_once(" = \"")?.1.split_once('"'))
        .map(|(word, _)| word.to_owned())
        .collect()
}

/// Other names, the ages of attach types, and the profiles that come with the tool.
fn features(words: &Words, helpers: &Helpers, out: &mut String) {
    let path = "src/helpers_spec/features.rs";
    println!("cargo:rerun-if-changed={path}");
    println!("cargo:rerun-if-changed=src/target/profile/format.rs");
    let source = fs::read_to_string(path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let insns = feature_words(&source, "InsnClass");
    let mechanisms = feature_words(&source, "Mechanism");
    let commands: BTreeSet<&str> = source
        .lines()
        .filter_map(|l| l.trim().strip_prefix("\"BPF_")?.strip_suffix("\","))
        .collect();
    let names: BTreeSet<&str> = helpers.names.values().map(|(n, _)| n.as_str()).collect();
    let mut rows = BTreeMap::new();
    for row in &table("aliases.tsv", &["alias", "kind", "name", "note"]) {
        let (kind, name) = (row.cell(1), row.cell(2));
        let there = match kind {
            "helper" => names.contains(name),
            "map" => words.maps.contains_key(name),
            "instruction" => insns.contains(name),
            "mechanism" => mechanisms.contains(name),
            "command" => name
                .strip_prefix("BPF_")
                .is_some_and(|n| commands.contains(n)),
            "kfunc" => !names.contains(name),
            _ => row.bad("kind"),
        };
        if !there || names.contains(row.cell(0)) {
            row.bad("no such name, or the alias is a name itself");
        }
        let text = format!(
            "Alias{{alias:{:?},kind:{kind:?},name:{name:?},note:{:?}}}",
            row.cell(0),
            row.cell(3)
        );
        if rows.insert(row.cell(0).to_owned(), text).is_some() {
            row.bad("alias stands twice");
        }
    }
    let aliases: Vec<String> = rows.keys().cloned().collect();
    let rows: Vec<String> = rows.into_values().collect();
    list(out, "ALIASES", "Alias", &rows);
    let mut since = vec![(0, 0); words.attaches.len()];
    for row in &table("attach_types.tsv", &["attach", "since"]) {
        let release = row.cell(1).trim_start_matches('v').split_once('.');
        let Some((major, minor)) = release else {
            row.bad("release")
        };
        since[words.attach(row, row.cell(0)) as usize] = (row.num(major), row.num(minor));
    }
    assert!(
        since.iter().all(|s| s.0 > 0),
        "attach_types.tsv lacks a type"
    );
    let rows: Vec<String> = since.iter().map(|s| format!("{s:?}")).collect();
    list(out, "ATTACH_SINCE", "(u16,u16)", &rows);
    let helper = |key: &str| {
        names.contains(key)
            || names.contains(&*format!("bpf_{key}"))
            || aliases.iter().any(|a| a == key)
    };
    let known = |table: &str, key: &str| match table {
        "helpers" => helper(key),
        "map_types" => words.maps.contains_key(key),
        "prog_types" => words.progs.contains_key(key),
        "attach_types" => words.attaches.contains_key(key),
        "instructions" => insns.contains(key),
        "mechanisms" => mechanisms.contains(key),
        "commands" => commands.contains(key.trim_start_matches("BPF_")),
        _ => false,
    };
    for name in ["bpftime", "dragonos", "mimic", "rbpf"] {
        let path = format!("{DIR}/profiles/{name}.toml");
        println!("cargo:rerun-if-changed={path}");
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        let file = profile::parse(&text, &known).unwrap_or_else(|e| panic!("{path}: {e}"));
        assert_eq!(file.name, name, "{path}: name");
        assert!(
            !file.entries.is_empty() && file.commit.len() == 40,
            "{path}: empty"
        );
    }
}
