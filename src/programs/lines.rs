//! The lines of a program, without a copy of them.
//!
//! Programs of an object have functions in common, and are linked for many targets. What
//! line information says of a section is kept once ([`LineTable`]); a program has
//! *stretches* of it, one for each of its functions.
#![warn(clippy::arithmetic_side_effects)]

use super::program::LineInfo;
use crate::object::Object;
use crate::prelude::*;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::ops::Deref;

/// A line as a program has it.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// The program's first instruction of the line.
    pub insn: u32,
    /// The record, whose instruction counts from the start of its section.
    pub info: &'a LineInfo,
}

impl Deref for Line<'_> {
    type Target = LineInfo;

    fn deref(&self) -> &LineInfo {
        self.info
    }
}

/// Records `from..to` of a section, whose slot `base` is the program's slot `start`.
#[derive(Clone, Debug)]
struct Stretch {
    start: u32,
    base: u32,
    from: usize,
    to: usize,
    records: Arc<[LineInfo]>,
}

impl Stretch {
    fn records(&self) -> &[LineInfo] {
        self.records.get(self.from..self.to).unwrap_or_default()
    }

    fn line<'a>(&self, info: &'a LineInfo) -> Line<'a> {
        let within = info.insn.saturating_sub(self.base);
        Line {
            insn: self.start.saturating_add(within),
            info,
        }
    }
}

/// The lines of a program, by instruction.
#[derive(Clone, Debug, Default)]
pub struct Lines(Vec<Stretch>);

impl Lines {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Line<'_>> {
        let lines = |s| Stretch::records(s).iter().map(|info| s.line(info));
        self.0.iter().flat_map(lines)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.iter().map(|s| s.records().len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|s| s.records().is_empty())
    }

    /// The last line that begins at an instruction or before it.
    pub fn until(&self, insn: u32) -> Option<Line<'_>> {
        let next = self.0.partition_point(|s| s.start <= insn);
        let before = self.0.get(..next)?.iter().rev();
        before
            .filter_map(|s| {
                let records = s.records();
                let end = records.partition_point(|r| s.line(r).insn <= insn);
                let last = records.get(end.checked_sub(1)?)?;
                Some(s.line(last))
            })
            .next()
    }

    /// The same lines, beginning elsewhere; none if one of them begins nowhere.
    pub fn moved(&self, to: impl Fn(u32) -> Option<u32>) -> Option<Lines> {
        let one = |line: Line<'_>| {
            Some(LineInfo {
                insn: to(line.insn)?,
                ..line.info.clone()
            })
        };
        let lines: Option<Vec<LineInfo>> = self.iter().map(one).collect();
        lines.map(Lines::from)
    }

    /// Adds the records `from..to` of a table, whose slot `base` is the program's slot
    /// `start`.
    pub(super) fn push(
        &mut self,
        start: u32,
        base: u32,
        (from, to): (usize, usize),
        records: &Arc<[LineInfo]>,
    ) {
        self.0.push(Stretch {
            start,
            base,
            from,
            to,
            records: Arc::clone(records),
        });
    }
}

impl From<Vec<LineInfo>> for Lines {
    fn from(lines: Vec<LineInfo>) -> Lines {
        let mut out = Lines::default();
        out.push(0, 0, (0, lines.len()), &lines.into());
        out
    }
}

/// What line information says of an object's sections; those whose records are in order.
#[derive(Clone, Debug, Default)]
pub struct LineTable(BTreeMap<u32, Arc<[LineInfo]>>);

impl LineTable {
    /// Reads it, once for all targets.
    pub fn new(object: &Object) -> LineTable {
        let (Some(ext), Some(btf)) = (&object.ext, &object.btf) else {
            return LineTable::default();
        };
        let mut strings: BTreeMap<u32, Arc<str>> = BTreeMap::new();
        let mut string = |at: u32| -> Arc<str> {
            let known = strings.entry(at);
            known.or_insert_with(|| btf.str_at(at).into()).clone()
        };
        let mut table = BTreeMap::new();
        let sorted = ext.lines.iter();
        for section in sorted.filter(|s| s.records.is_sorted_by_key(|r| r.offset)) {
            table.entry(section.section).or_insert_with(|| {
                let records = section.records.iter().map(|r| LineInfo {
                    insn: r.offset / 8,
                    file: string(r.file),
                    line: r.line_col >> 10,
                    col: r.line_col & 0x3ff,
                    text: string(r.text),
                });
                records.collect()
            });
        }
        LineTable(table)
    }

    /// Records of a section that lie in these slots, as indices.
    pub(super) fn within(
        &self,
        section: u32,
        slots: (u64, u64),
    ) -> Option<((usize, usize), &Arc<[LineInfo]>)> {
        let records = self.0.get(&section)?;
        let at = |slot: u64| records.partition_point(|r| u64::from(r.insn) < slot);
        Some(((at(slots.0), at(slots.1)), records))
    }
}
