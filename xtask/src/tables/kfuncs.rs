//! Kernel functions: their sets, flags and prototypes.

use std::collections::BTreeMap;

use super::output::{Output, Pool, joined};
use super::row::{Row, fail, series, table};
use super::vocabulary::KfRole;
use super::words;

/// Which hook a program type's functions are registered under, by series.
type Hooks = BTreeMap<usize, BTreeMap<u32, String>>;

fn hooks() -> Hooks {
    let mut hooks = Hooks::new();
    for row in &table("kfunc_hooks.tsv", &["versions", "type", "hook"]) {
        if row.cell(0) == "all" {
            continue;
        }
        let program = words::prog(row, row.cell(0)).id();
        for &v in &row.versions {
            let of = hooks.entry(v).or_default();
            of.insert(program, row.cell(1).to_owned());
        }
    }
    hooks
}

/// The program types that see a set, and whether it opens functions to
/// programs that modify their return values.
fn types(row: &Row, hooks: Option<&BTreeMap<u32, String>>) -> (u64, bool) {
    let (mut mask, mut fmod_ret) = (0u64, false);
    for word in row.list(2) {
        match word {
            "all" => mask = u64::MAX,
            "fmod_ret" => fmod_ret = true,
            ty => {
                let program = words::prog(row, ty).id();
                mask |= 1 << program;
                let hook = hooks.and_then(|h| h.get(&program));
                let same = hooks
                    .into_iter()
                    .flatten()
                    .filter(|(_, h)| Some(*h) == hook);
                mask = same.fold(mask, |m, (p, _)| m | 1 << p);
            }
        }
    }
    (mask, fmod_ret)
}

/// The parts that functions play, by name.
fn roles() -> BTreeMap<String, KfRole> {
    let mut roles = BTreeMap::new();
    for row in &table("kfunc_roles.tsv", &["role", "names"]) {
        let role = words::kf_role(row, row.cell(0));
        for name in row.list(1) {
            if roles.insert(name.to_owned(), role).is_some() {
                row.bad(&format!("{name:?} stands twice"));
            }
        }
    }
    roles
}

/// A function of one series while its rows are gathered.
#[derive(Default)]
struct Function {
    flags: u32,
    ret: String,
    args: String,
    sets: Vec<String>,
}

pub(super) fn write() -> Output {
    let mut out = Output::new("Kernel functions", "data/kfuncs.tsv");
    out.line("use super::super::*;\nuse crate::helpers_spec::kfuncs::{KfuncSet, KfuncSpec};\n");
    let hooks = hooks();
    let columns = [
        "versions", "name", "set", "types", "flags", "filter", "config", "ret", "args",
    ];
    let mut functions: BTreeMap<(usize, String), Function> = BTreeMap::new();
    for row in &table("kfuncs.tsv", &columns) {
        let flags = words::kf_flags(row, &row.list(3));
        let (set, filter, config) = (
            row.cell(1),
            row.cell(4).trim_matches('-'),
            row.cell(5).trim_matches('-'),
        );
        for &v in &row.versions {
            let (mask, fmod_ret) = types(row, hooks.get(&v));
            let mut text = format!("set({set:?}, {flags}, {mask:#x}, {filter:?}, {config:?})");
            if fmod_ret {
                text = format!("KfuncSet {{ fmod_ret: true, ..{text} }}");
            }
            let key = (v, row.cell(0).to_owned());
            let function = functions.entry(key).or_default();
            function.flags |= flags;
            function.ret = row.cell(6).to_owned();
            function.args = row.cell(7).trim_matches('-').to_owned();
            function.sets.push(text);
        }
    }
    let roles = roles();
    for name in roles.keys() {
        if !functions.keys().any(|(_, function)| function == name) {
            fail("kfunc_roles.tsv", &format!("no kfunc {name:?}"));
        }
    }
    let mut pool = Pool::default();
    let mut index = vec![Vec::new(); series()];
    for ((v, name), function) in &functions {
        let Function {
            flags, ret, args, ..
        } = function;
        let sets = joined(&function.sets);
        let role = roles.get(name).copied().unwrap_or_default();
        let text =
            format!("kfunc({name:?}, {flags}, KfRole::{role:?}, {ret:?}, {args:?}, &[{sets}])");
        index[*v].push(pool.put(text));
    }
    out.list("KFUNCS", "KfuncSpec", &pool.items);
    let rows: Vec<String> = index.iter().map(|l| format!("&{l:?}")).collect();
    out.list("KFUNC_INDEX", "&[u16]", &rows);
    out
}
