//! What the options ask for: columns, orders, filters.
//!
//! A filter by name is a pattern for the file or the program, or `FILE/PROG` for both. One by
//! value is a column, a comparison and a value. A row is shown if none of the filters with
//! `!` matches, and, of those without, one by name and one by value where there are some.

use std::cmp::Ordering;

use super::stat::{COLUMNS, Stat};
use crate::config::Glob;

/// Which of a pair's figures is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Old,
    New,
    Difference,
    Percent,
}

/// A column, and of pairs which figure of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) stat: Stat,
    pub(super) side: Side,
    /// Without its sign.
    pub(super) absolute: bool,
}

/// What stands under a key.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    Missing,
    Text(&'a str),
    Number(f64),
}

/// What can be sorted and filtered.
pub(super) trait Cells {
    fn file(&self) -> &str;
    fn prog(&self) -> &str;
    fn cell(&self, key: Key) -> Cell<'_>;
}

/// A column by name.
pub(super) fn stat(name: &str) -> Result<Stat, String> {
    Stat::find(name.trim()).ok_or_else(|| {
        let known: Vec<&str> = COLUMNS
            .iter()
            .filter_map(|c| c.names.last().copied())
            .collect();
        format!("no column {name}; there are {}", known.join(", "))
    })
}

fn key(text: &str) -> Result<Key, String> {
    let bare = text.trim();
    let inner = bare.strip_prefix('|').and_then(|t| t.strip_suffix('|'));
    let absolute = inner.is_some();
    let name = inner.unwrap_or(bare).trim();
    let sides = [
        ("_a", Side::Old),
        ("_b", Side::New),
        ("_diff", Side::Difference),
        ("_pct", Side::Percent),
    ];
    let suffixed = sides
        .iter()
        .find_map(|(end, side)| Some((Stat::find(name.strip_suffix(end)?)?, *side)));
    let (stat, side) = match suffixed {
        Some(found) => found,
        None => (stat(name)?, Side::New),
    };
    Ok(Key {
        stat,
        side,
        absolute,
    })
}

/// What to sort by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    key: Key,
    ascending: bool,
}

impl Order {
    /// `insns`, `insns<`, `insns>`; without a sign words ascend and numbers descend.
    pub(super) fn parse(text: &str) -> Result<Order, String> {
        let text = text.trim();
        let (name, ascending) = match text.strip_suffix(['<', '^']) {
            Some(name) => (name, Some(true)),
            None => match text.strip_suffix('>') {
                Some(name) => (name, Some(false)),
                None => (text, None),
            },
        };
        let key = key(name)?;
        let ascending = ascending.unwrap_or(key.stat.is_text());
        Ok(Order { key, ascending })
    }

    /// By file and program.
    pub(super) fn usual() -> Vec<Order> {
        let order = |stat| Order {
            key: Key {
                stat,
                side: Side::New,
                absolute: false,
            },
            ascending: true,
        };
        vec![order(Stat::File), order(Stat::Prog)]
    }

    fn compare<T: Cells>(self, a: &T, b: &T) -> Ordering {
        let order = match (a.cell(self.key), b.cell(self.key)) {
            // What is missing comes last, whatever the direction.
            (Cell::Missing, Cell::Missing) => return Ordering::Equal,
            (Cell::Missing, _) => return Ordering::Greater,
            (_, Cell::Missing) => return Ordering::Less,
            (Cell::Number(a), Cell::Number(b)) => a.total_cmp(&b),
            (Cell::Text(a), Cell::Text(b)) => a.cmp(b),
            (Cell::Number(_), Cell::Text(_)) => Ordering::Less,
            (Cell::Text(_), Cell::Number(_)) => Ordering::Greater,
        };
        match self.ascending {
            true => order,
            false => order.reverse(),
        }
    }
}

/// Sorts by the orders, and what they leave open by name.
pub(super) fn sort<T: Cells>(rows: &mut [T], orders: &[Order]) {
    rows.sort_by(|a, b| {
        let first = orders.iter().map(|o| o.compare(a, b)).find(|o| o.is_ne());
        first.unwrap_or_else(|| (a.file(), a.prog()).cmp(&(b.file(), b.prog())))
    });
}

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Equal,
    Differ,
    Less,
    AtMost,
    More,
    AtLeast,
}

/// Longer signs first: `<=` is no `<`.
const RELATIONS: [(&str, Relation); 8] = [
    ("==", Relation::Equal),
    ("!=", Relation::Differ),
    ("<>", Relation::Differ),
    ("<=", Relation::AtMost),
    (">=", Relation::AtLeast),
    ("<", Relation::Less),
    (">", Relation::More),
    ("=", Relation::Equal),
];

#[derive(Clone, Debug)]
enum Wanted {
    /// File or program.
    Either(Glob),
    Both(Glob, Glob),
    Number(Key, Relation, f64),
    Word(Key, bool, String),
}

/// What rows to show.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    deny: bool,
    wanted: Wanted,
}

impl Filter {
    pub(super) fn parse(text: &str) -> Result<Filter, String> {
        let text = text.trim();
        let (deny, rest) = match text.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, text),
        };
        let wanted = match by_value(rest)? {
            Some(wanted) => wanted,
            None => by_name(rest),
        };
        Ok(Filter { deny, wanted })
    }

    fn is_by_name(&self) -> bool {
        matches!(self.wanted, Wanted::Either(_) | Wanted::Both(..))
    }

    fn matches<T: Cells>(&self, row: &T) -> bool {
        match &self.wanted {
            Wanted::Either(glob) => glob.matches(row.file()) || glob.matches(row.prog()),
            Wanted::Both(file, prog) => file.matches(row.file()) && prog.matches(row.prog()),
            Wanted::Word(key, equal, word) => match row.cell(*key) {
                Cell::Text(text) => text.eq_ignore_ascii_case(word) == *equal,
                _ => false,
            },
            Wanted::Number(key, relation, want) => match row.cell(*key) {
                Cell::Number(have) => match relation {
                    Relation::Equal => have == *want,
                    Relation::Differ => have != *want,
                    Relation::Less => have < *want,
                    Relation::AtMost => have <= *want,
                    Relation::More => have > *want,
                    Relation::AtLeast => have >= *want,
                },
                _ => false,
            },
        }
    }

    /// Whether the filters let a row pass.
    pub(super) fn pass<T: Cells>(filters: &[Filter], row: &T) -> bool {
        if filters.iter().any(|f| f.deny && f.matches(row)) {
            return false;
        }
        [true, false].iter().all(|named| {
            let mut asked = filters
                .iter()
                .filter(|f| !f.deny && f.is_by_name() == *named)
                .peekable();
            asked.peek().is_none() || asked.any(|f| f.matches(row))
        })
    }
}

/// A column, a sign and a value; none if no column stands before a sign.
fn by_value(text: &str) -> Result<Option<Wanted>, String> {
    let at = text.find(['<', '>', '=', '!']);
    let Some((name, rest)) = at.and_then(|at| text.split_at_checked(at)) else {
        return Ok(None);
    };
    let Ok(key) = key(name) else {
        return Ok(None);
    };
    let sign = RELATIONS
        .iter()
        .find_map(|(sign, relation)| Some((rest.strip_prefix(sign)?, *relation)));
    let Some((value, relation)) = sign else {
        return Ok(None);
    };
    let value = value.trim();
    if key.stat.is_text() {
        let equal = match relation {
            Relation::Equal => true,
            Relation::Differ => false,
            _ => return Err(format!("{text}: words are only equal or not")),
        };
        let word = match (key.stat, value) {
            (Stat::Verdict, "1" | "true") => "success",
            (Stat::Verdict, "0" | "false") => "failure",
            (_, word) => word,
        };
        return Ok(Some(Wanted::Word(key, equal, word.to_owned())));
    }
    let number = value.trim_end_matches('%').parse::<f64>().ok();
    let number = number.filter(|n| n.is_finite());
    let number = number.ok_or_else(|| format!("{text}: {value} is no number"))?;
    Ok(Some(Wanted::Number(key, relation, number)))
}

fn by_name(text: &str) -> Wanted {
    let glob = |part: &str| Glob::new(if part.is_empty() { "*" } else { part });
    match text.split_once('/') {
        Some((file, prog)) => Wanted::Both(glob(file), glob(prog)),
        None => Wanted::Either(glob(text)),
    }
}
