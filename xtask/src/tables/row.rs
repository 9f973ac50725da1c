//! Rows of the tables in `src/helpers_spec/data`.

use std::fs;
use std::process::exit;

use super::vocabulary::SpecVersion;

/// Where the tables stand.
pub(super) const DIR: &str = "src/helpers_spec/data";

/// Ends the task with what is wrong and where.
#[expect(
    clippy::disallowed_methods,
    reason = "a contributor's task, not the tool"
)]
pub(super) fn fail(at: &str, what: &str) -> ! {
    eprintln!("{at}: {what}");
    exit(1)
}

/// One data row: where it stands, its series, its cells by column.
pub(super) struct Row {
    pub(super) at: String,
    /// Indices of the series; empty in tables without a column of versions.
    pub(super) versions: Vec<usize>,
    cells: Vec<String>,
}

impl Row {
    /// Ends the task: the row is wrong.
    pub(super) fn bad(&self, what: &str) -> ! {
        fail(&self.at, what)
    }

    pub(super) fn cell(&self, i: usize) -> &str {
        self.cells.get(i).map_or("", String::as_str)
    }

    /// The words of a cell with commas; `-` for none.
    pub(super) fn list(&self, i: usize) -> Vec<&str> {
        match self.cell(i) {
            "-" | "" => Vec::new(),
            text => text.split(',').collect(),
        }
    }

    pub(super) fn num(&self, text: &str) -> u32 {
        text.parse()
            .unwrap_or_else(|_| self.bad(&format!("not a number: {text:?}")))
    }

    /// A release like `5.10` or `v5.10`.
    pub(super) fn release(&self, i: usize) -> (u32, u32) {
        let text = self.cell(i).trim_start_matches('v');
        let Some((major, minor)) = text.split_once('.') else {
            self.bad("release")
        };
        (self.num(major), self.num(minor))
    }

    /// The series as bits.
    pub(super) fn mask(&self) -> u8 {
        self.versions.iter().fold(0, |m, v| m | 1 << v)
    }
}

/// How many series there are.
pub(super) fn series() -> usize {
    SpecVersion::ALL.len()
}

fn versions(at: &str, text: &str) -> Vec<usize> {
    if text == "*" {
        return (0..series()).collect();
    }
    let find = |w: &str| {
        let version = SpecVersion::from_name(w);
        version.map_or_else(|| fail(at, &format!("version {w}")), SpecVersion::index)
    };
    text.split(',').map(find).collect()
}

/// Reads a table; its `#:` line names the columns that must be there.
pub(super) fn table(name: &str, columns: &[&str]) -> Vec<Row> {
    let path = format!("{DIR}/{name}");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| fail(&path, &e.to_string()));
    let mut headed = false;
    let mut rows = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let at = format!("{path}:{}", n + 1);
        if let Some(head) = line.strip_prefix("#: ") {
            if !head.split('\t').eq(columns.iter().copied()) {
                fail(&at, &format!("columns are not {columns:?}"));
            }
            headed = true;
            continue;
        }
        if line.starts_with('#') || line.is_empty() {
            continue;
        }
        if !headed {
            fail(&at, "no header");
        }
        let mut cells: Vec<String> = line.split('\t').map(str::to_owned).collect();
        if cells.len() != columns.len() {
            let (have, want) = (cells.len(), columns.len());
            fail(&at, &format!("{have} cells, want {want}"));
        }
        let versions = match columns.first() {
            Some(&"versions") => versions(&at, &cells.remove(0)),
            _ => Vec::new(),
        };
        rows.push(Row {
            at,
            versions,
            cells,
        });
    }
    rows
}
