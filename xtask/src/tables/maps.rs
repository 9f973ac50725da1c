//! Map types: the helpers that take them, the fields that values may hold.

use super::helpers::Helpers;
use super::output::{Output, joined};
use super::row::{series, table};
use super::vocabulary::MapType;
use super::words;

pub(super) fn write(helpers: &Helpers) -> Output {
    let mut out = Output::new("Map types", "data/maps.tsv");
    out.line("use super::super::Set;\n");
    let types = MapType::ALL.len();
    let mut sets = vec![vec![None; types]; series()];
    for row in &table("maps.tsv", &["versions", "type", "helpers"]) {
        let ty = words::map(row, row.cell(0)) as usize;
        let set = helpers.set(row, 1);
        for &v in &row.versions {
            if sets[v][ty].replace(set.clone()).is_some() {
                row.bad("two rows for one map type");
            }
        }
    }
    let rows: Vec<String> = sets
        .into_iter()
        .map(|row| {
            let cells = row
                .into_iter()
                .map(|set| set.map_or("None".to_owned(), |s| format!("Some({s})")));
            format!("[{}]", joined(cells))
        })
        .collect();
    out.list("MAP_HELPERS", &format!("[Option<Set>; {types}]"), &rows);
    let rows: Vec<String> = table("map_fields.tsv", &["versions", "field", "types"])
        .iter()
        .map(|row| {
            let types = row.list(1);
            let mask = types.iter().fold(0u64, |m, t| m | 1 << words::map(row, t));
            format!("({}, {:?}, {mask:#x})", row.mask(), row.cell(0))
        })
        .collect();
    out.list("MAP_FIELDS", "(u8, &str, u64)", &rows);
    out
}
