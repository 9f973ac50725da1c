//! Two files beside one another: programs by file and name, their figures and how those
//! differ.

use std::collections::BTreeMap;

use super::spec::{Cell, Cells, Key, Side};
use super::stat::{MISSING, Row, Stat, Value};
use crate::untrusted::Untrusted;

/// A program in both files, or in one.
pub(super) struct Pair {
    old: Option<Row>,
    new: Option<Row>,
}

/// Puts the rows of two files together.
pub(super) fn pairs(old: Vec<Row>, new: Vec<Row>) -> Vec<Pair> {
    let mut all: BTreeMap<(String, String, usize), Pair> = BTreeMap::new();
    let nothing = || Pair {
        old: None,
        new: None,
    };
    for (name, row) in named(old) {
        all.entry(name).or_insert_with(nothing).old = Some(row);
    }
    for (name, row) in named(new) {
        all.entry(name).or_insert_with(nothing).new = Some(row);
    }
    all.into_values().collect()
}

/// Rows by file and program; several of one name, as libraries and static functions have
/// them, are told apart by their order.
fn named(rows: Vec<Row>) -> Vec<((String, String, usize), Row)> {
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    let one = |row: Row| {
        let text = |stat| row.text(stat).to_owned();
        let (file, program) = (text(Stat::File), text(Stat::Prog));
        let count = seen.entry((file.clone(), program.clone())).or_default();
        *count += 1;
        ((file, program, *count), row)
    };
    rows.into_iter().map(one).collect()
}

impl Pair {
    fn value(&self, stat: Stat, side: Side) -> &Value {
        let row = match side {
            Side::Old => &self.old,
            _ => &self.new,
        };
        row.as_ref().map_or(&Value::Missing, |row| row.get(stat))
    }

    fn name(&self, stat: Stat) -> &str {
        let row = self.new.as_ref().or(self.old.as_ref());
        row.map_or("", |row| row.text(stat))
    }

    /// Both figures, if both are known.
    fn numbers(&self, stat: Stat) -> Option<(i64, i64)> {
        match (self.value(stat, Side::Old), self.value(stat, Side::New)) {
            (Value::Number(old), Value::Number(new)) => Some((*old, *new)),
            _ => None,
        }
    }

    fn same_words(&self, stat: Stat) -> Option<bool> {
        match (self.value(stat, Side::Old), self.value(stat, Side::New)) {
            (Value::Text(old), Value::Text(new)) => Some(old == new),
            _ => None,
        }
    }

    /// What stands in the columns of a figure: old, new, difference.
    pub(super) fn fields(&self, stat: Stat) -> Vec<Untrusted> {
        if stat.is_name() {
            return vec![self.name(stat).into()];
        }
        let difference = match (self.numbers(stat), self.same_words(stat)) {
            (Some((old, new)), _) => {
                let difference = i128::from(new) - i128::from(old);
                format!("{difference:+} ({:+.2}%)", percent(old, new))
            }
            (None, Some(true)) => "MATCH".to_owned(),
            (None, Some(false)) => "MISMATCH".to_owned(),
            (None, None) => MISSING.to_owned(),
        };
        vec![
            self.value(stat, Side::Old).data(),
            self.value(stat, Side::New).data(),
            difference.into(),
        ]
    }
}

/// By how much it grew; what grew from nothing grew by all of it.
fn percent(old: i64, new: i64) -> f64 {
    if old == new {
        return 0.0;
    }
    if old == 0 {
        return 100.0 * (new.signum() as f64);
    }
    100.0 * (new as f64 - old as f64) / (old as f64)
}

impl Cells for Pair {
    fn file(&self) -> &str {
        self.name(Stat::File)
    }

    fn prog(&self) -> &str {
        self.name(Stat::Prog)
    }

    fn cell(&self, key: Key) -> Cell<'_> {
        let stat = key.stat;
        if stat.is_name() {
            return Cell::Text(self.name(stat));
        }
        let number = match key.side {
            Side::Difference if stat.is_text() => {
                return match self.same_words(stat) {
                    Some(true) => Cell::Text("match"),
                    Some(false) => Cell::Text("mismatch"),
                    None => Cell::Missing,
                };
            }
            Side::Difference => self.numbers(stat).map(|(old, new)| new as f64 - old as f64),
            Side::Percent => self.numbers(stat).map(|(old, new)| percent(old, new)),
            side => return super::cell_of(self.value(stat, side), key.absolute),
        };
        match number {
            Some(n) if key.absolute => Cell::Number(n.abs()),
            Some(n) => Cell::Number(n),
            None => Cell::Missing,
        }
    }
}
