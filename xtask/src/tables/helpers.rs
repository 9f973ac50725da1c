//! Helpers: signatures, what calls do, what argument types accept.

use std::collections::BTreeMap;

use super::output::{Output, Pool, joined, option};
use super::row::{Row, fail, series, table};
use super::vocabulary::ArgType;
use super::words;

/// Names and numbers, with the rows they stand in.
pub(super) struct Helpers {
    /// Number to name and release.
    names: BTreeMap<u32, (String, String)>,
    rows: Vec<Row>,
}

/// The signatures of one helper in one series: indices of the pool.
#[derive(Default)]
struct Slot {
    main: Option<usize>,
    variants: Vec<String>,
}

impl Helpers {
    pub(super) fn read() -> Helpers {
        let columns = [
            "versions", "id", "name", "since", "variant", "types", "flags", "ret", "arg1", "arg2",
            "arg3", "arg4", "arg5",
        ];
        let rows = table("helpers.tsv", &columns);
        let mut names = BTreeMap::new();
        for row in &rows {
            let id = row.num(row.cell(0));
            if id >= 256 {
                row.bad("helper id");
            }
            let entry = (row.cell(1).to_owned(), row.cell(2).to_owned());
            if names.insert(id, entry.clone()).is_some_and(|e| e != entry) {
                row.bad("two names for one helper");
            }
        }
        let helpers = Helpers { names, rows };
        if helpers.by_name().len() != helpers.names.len() {
            fail("helpers.tsv", "a helper name stands twice");
        }
        helpers
    }

    /// Whether there is a helper of that number.
    pub(super) fn has(&self, id: u32) -> bool {
        self.names.contains_key(&id)
    }

    /// Numbers by name.
    pub(super) fn by_name(&self) -> BTreeMap<&str, u32> {
        let names = self.names.iter();
        names.map(|(id, (name, _))| (name.as_str(), *id)).collect()
    }

    /// A set of helper numbers, from ranges.
    pub(super) fn set(&self, row: &Row, i: usize) -> String {
        let mut set = [0u64; 4];
        for part in row.list(i) {
            let (lo, hi) = part.split_once('-').unwrap_or((part, part));
            for id in row.num(lo)..=row.num(hi) {
                if !self.has(id) {
                    row.bad(&format!("no helper {id}"));
                }
                set[id as usize / 64] |= 1 << (id % 64);
            }
        }
        let words = set.iter().map(|w| format!("{w:#x}"));
        format!("[{}]", joined(words))
    }

    /// Semantics by series and helper.
    fn semantics(&self) -> BTreeMap<(usize, u32), u32> {
        let by_name = self.by_name();
        let mut found = BTreeMap::new();
        for row in &table("semantics.tsv", &["versions", "class", "helpers"]) {
            let bit = words::semantics(row, row.cell(0));
            for name in row.list(1) {
                let Some(&id) = by_name.get(name) else {
                    row.bad(&format!("no helper {name}"))
                };
                for &v in &row.versions {
                    *found.entry((v, id)).or_default() |= bit;
                }
            }
        }
        found
    }

    /// The numbers as constants.
    pub(super) fn ids(&self) -> Output {
        let mut out = Output::new("Numbers of helpers", "data/helpers.tsv");
        for (id, (name, _)) in &self.names {
            let constant = name.trim_start_matches("bpf_").to_uppercase();
            out.line(format_args!("/// `{name}`"));
            out.line(format_args!("pub const {constant}: u32 = {id};"));
        }
        out
    }

    pub(super) fn write(&self) -> Output {
        let mut out = Output::new("Signatures of helpers", "data/helpers.tsv");
        out.line(
            "use super::super::*;\nuse crate::helpers_spec::helpers::{HelperProto, HelperSlot};\n",
        );
        let semantics = self.semantics();
        let (mut args, mut protos) = (Pool::default(), Pool::default());
        let mut slots: BTreeMap<(usize, u32), Slot> = BTreeMap::new();
        for row in &self.rows {
            let id = row.num(row.cell(0));
            let (head, tail) = signature(row, id, &mut args);
            for &v in &row.versions {
                let semantics = semantics.get(&(v, id)).copied().unwrap_or(0);
                let at = protos.put(format!("{head}{semantics}, {tail}"));
                place(row, slots.entry((v, id)).or_default(), at);
            }
        }
        for (i, arg) in args.items.iter().enumerate() {
            out.line(format_args!("const A{i}: ArgSpec = {arg};"));
        }
        out.line("");
        out.list("PROTOS", "HelperProto", &protos.items);
        self.tables(&slots, &mut out);
        registers(&mut out);
        out
    }

    /// The tables by number, and by name.
    fn tables(&self, slots: &BTreeMap<(usize, u32), Slot>, out: &mut Output) {
        let top = self.names.keys().next_back().map_or(0, |id| id + 1);
        let names: Vec<String> = (0..top)
            .map(|id| format!("{:?}", self.names.get(&id)))
            .collect();
        out.list("HELPER_NAMES", "Option<(&str, &str)>", &names);
        let sorted: Vec<String> = self
            .by_name()
            .iter()
            .map(|(name, id)| format!("({name:?}, {id})"))
            .collect();
        out.list("HELPERS_BY_NAME", "(&str, u32)", &sorted);
        let mut counts = vec![0; series()];
        let rows: Vec<String> = (0..series())
            .map(|v| {
                let row = (0..top).map(|id| match slots.get(&(v, id)) {
                    None => "ABSENT".to_owned(),
                    Some(slot) => {
                        counts[v] = id + 1;
                        slot.text(v, id)
                    }
                });
                format!("[{}]", joined(row))
            })
            .collect();
        out.list("HELPER_SLOTS", &format!("[HelperSlot; {top}]"), &rows);
        out.list("HELPER_COUNTS", "u32", &counts);
    }
}

impl Slot {
    fn text(&self, v: usize, id: u32) -> String {
        let Some(main) = self.main else {
            fail(
                "helpers.tsv",
                &format!("helper {id} of series {v} has variants only"),
            )
        };
        if self.variants.is_empty() {
            return format!("main({main})");
        }
        let variants = self.variants.join(", ");
        format!("HelperSlot {{ main: {main}, variants: &[{variants}] }}")
    }
}

/// A signature's text before and after the number of its semantics.
fn signature(row: &Row, id: u32, pool: &mut Pool) -> (String, String) {
    let flags = row.cell(5).trim_matches('-');
    if flags.chars().any(|c| !"gpsf".contains(c)) {
        row.bad("flags");
    }
    let mut ret = row.cell(6).split(';');
    let (base, ret_flags) = words::ret(row, ret.next().unwrap_or_default());
    let btf = ret.next().and_then(|p| p.strip_prefix("btf="));
    let btf = option(btf.unwrap_or_default());
    let args = (7..12).map(|i| match argument(row, row.cell(i)) {
        None => "NONE".to_owned(),
        Some(arg) => format!("A{}", pool.put(arg)),
    });
    let args = joined(args);
    (
        format!("proto({id}, {:?}, {flags:?}, ", row.cell(1)),
        format!("ret(RetType::{base:?}, {ret_flags}, {btf}), [{args}])"),
    )
}

fn argument(row: &Row, text: &str) -> Option<String> {
    if text == "-" {
        return None;
    }
    let mut parts = text.split(';');
    let (base, flags) = words::arg(row, parts.next().unwrap_or_default());
    let (mut btf, mut size, mut fixed, mut name) = (None, None, None, "");
    for p in parts {
        match p.split_once('=') {
            Some(("btf", v)) => btf = Some(v),
            Some(("size", v)) => size = Some(row.num(v)),
            Some(("fixed", v)) => fixed = Some(row.num(v)),
            Some(("name", v)) => name = v,
            _ => row.bad(&format!("attribute {p:?}")),
        }
    }
    if size.is_some_and(|n| n > 5) {
        row.bad("size argument beyond the fifth");
    }
    let head = format!("(ArgType::{base:?}, {flags}, ");
    Some(match (btf, size, fixed) {
        (None, None, None) => format!("arg{head}{name:?})"),
        (None, Some(at), None) => format!("sized{head}{at}, {name:?})"),
        (None, None, Some(bytes)) => format!("fixed{head}{bytes}, {name:?})"),
        (Some(of), None, None) => format!("btf{head}{of:?}, {name:?})"),
        _ => row.bad("two of btf, size, fixed"),
    })
}

/// Puts a signature where its row says.
fn place(row: &Row, slot: &mut Slot, at: usize) {
    match row.cell(3) {
        "main" => {
            if slot.main.replace(at).is_some() {
                row.bad("two main signatures in one version");
            }
        }
        kind @ ("variant" | "sleepable") => {
            let (mut types, mut attached) = (0u64, 0u64);
            for entry in row.list(4) {
                let (ty, attach) = match entry.split_once('/') {
                    Some((ty, attach)) => (ty, Some(attach)),
                    None => (entry, None),
                };
                types |= 1 << words::prog(row, ty).id();
                attached |= attach.map_or(0, |a| 1 << words::attach(row, a).id());
            }
            let sleeps = kind == "sleepable";
            let variant = format!("({types:#x}, {attached:#x}, {sleeps}, {at})");
            slot.variants.push(variant);
        }
        _ => row.bad("variant"),
    }
}

/// What argument types accept, by series and type.
fn registers(out: &mut Output) {
    let mut pool = Pool::default();
    let none = pool.put("&[]".into());
    let mut index = vec![vec![none; ArgType::ALL.len()]; series()];
    for row in &table("arg_regs.tsv", &["versions", "arg", "registers"]) {
        let (arg, _) = words::arg(row, row.cell(0));
        let registers = row.list(1).into_iter().map(|r| {
            let (base, flags) = words::reg(row, r);
            format!("reg(RegBase::{base:?}, {flags})")
        });
        let at = pool.put(format!("&[{}]", joined(registers)));
        for &v in &row.versions {
            index[v][arg as usize] = at;
        }
    }
    for (i, list) in pool.items.iter().enumerate() {
        out.line(format_args!("static R{i}: &[RegClass] = {list};"));
    }
    out.line("");
    let rows: Vec<String> = index
        .iter()
        .map(|lists| format!("[{}]", joined(lists.iter().map(|i| format!("R{i}")))))
        .collect();
    let ty = format!("[&[RegClass]; {}]", ArgType::ALL.len());
    out.list("ARG_REGISTERS", &ty, &rows);
}
