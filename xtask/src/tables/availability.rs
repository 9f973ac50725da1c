//! Which helpers a program type may call.

use std::collections::BTreeMap;

use super::helpers::Helpers;
use super::output::{Output, Pool, joined};
use super::row::{series, table};
use super::vocabulary::ProgType;
use super::words;

/// The sets of one program type in one series, as text.
#[derive(Default)]
struct Sets {
    /// Fields that are one set.
    single: BTreeMap<&'static str, String>,
    /// Fields that are a list of sets by attach type or name.
    keyed: BTreeMap<&'static str, Vec<String>>,
}

impl Sets {
    fn text(&self) -> String {
        let single = self.single.iter().map(|(f, set)| format!("{f}: {set}"));
        let keyed = self
            .keyed
            .iter()
            .map(|(f, sets)| format!("{f}: &[{}]", joined(sets)));
        let fields = joined(single.chain(keyed));
        format!("Availability {{ {fields}, ..NOBODY }}")
    }
}

pub(super) fn write(helpers: &Helpers) -> Output {
    let mut out = Output::new("Which helpers programs may call", "data/availability.tsv");
    out.line("use super::super::*;\nuse crate::helpers_spec::helpers::Availability;\n");
    let mut all: BTreeMap<(usize, String), Sets> = BTreeMap::new();
    let columns = ["versions", "type", "attach", "when", "helpers"];
    for row in &table("availability.tsv", &columns) {
        let ty = row.cell(0);
        words::prog(row, ty.split(':').next().unwrap_or(ty));
        let attach = words::attach_or_any(row, row.cell(1));
        let set = helpers.set(row, 3);
        for &v in &row.versions {
            let sets = all.entry((v, ty.to_owned())).or_default();
            let by_attach = format!("({attach}, {set})");
            let named = |name: &str| format!("({name:?}, {set})");
            let (field, item) = match row.cell(2) {
                "any" if attach == words::ANY => {
                    sets.single.insert("base", set.clone());
                    continue;
                }
                "any" => ("attach", by_attach),
                "sleepable" => ("sleepable", by_attach),
                "cap_net_admin" => continue,
                word => match word.split_once(':') {
                    Some(("iter", of)) => ("iters", named(of)),
                    Some(("not_member", of)) => ("not_member", named(of)),
                    _ => {
                        let fields = ["cap_bpf", "cap_perfmon", "cap_sys_admin", "sockopt_hook"];
                        let Some(field) = fields.into_iter().find(|f| *f == word) else {
                            row.bad("when")
                        };
                        sets.single.insert(field, set.clone());
                        continue;
                    }
                },
            };
            sets.keyed.entry(field).or_default().push(item);
        }
    }
    let mut pool = Pool::default();
    let types = ProgType::ALL.len();
    let mut index = vec![vec![u16::MAX; types]; series()];
    let mut ops = Vec::new();
    for ((v, ty), sets) in &all {
        let at = pool.put(sets.text());
        match ty.split_once(':') {
            Some((_, of)) => ops.push(format!("({v}, {of:?}, {at})")),
            None => {
                let of = words::named(ProgType::ALL, ProgType::name, ty);
                index[*v][of.map_or(0, |t| t as usize)] = at as u16;
            }
        }
    }
    out.list("AVAILABILITY", "Availability", &pool.items);
    let rows: Vec<String> = index.iter().map(|r| format!("{r:?}")).collect();
    out.list("AVAILABILITY_INDEX", &format!("[u16; {types}]"), &rows);
    out.list("STRUCT_OPS_AVAILABILITY", "(u8, &str, u16)", &ops);
    out
}
