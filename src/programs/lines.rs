//! The lines of a program, without a copy of them.
//!
//! Programs of an object have functions in common, and are linked for many targets. What
//! line information says of a section is kept once ([`LineTable`]); a program has
//! *stretches* of it, one for each of its functions.
//!
//! Records are found by instruction, and by file and line: the latter by an index that is
//! made when something is first told of a program, for what is told names many lines.
#![warn(clippy::arithmetic_side_effects)]

use super::program::LineInfo;
use crate::object::Object;
use crate::once::Once;
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

/// Which record tells a line of a file.
#[derive(Debug)]
struct Index {
    files: BTreeMap<Arc<str>, u32>,
    /// File, line, whether it is told without its text, stretch, record; in order.
    told: Vec<(u32, u32, bool, u32, u32)>,
}

impl Index {
    fn new(stretches: &[Stretch]) -> Index {
        let mut files: BTreeMap<Arc<str>, u32> = BTreeMap::new();
        let mut told = Vec::new();
        let mut last: Option<(&Arc<str>, u32)> = None;
        for (s, stretch) in (0..).zip(stretches) {
            for (r, info) in (0..).zip(stretch.records()) {
                // Neighbours are mostly of one file.
                let known = last.filter(|(name, _)| Arc::ptr_eq(name, &info.file));
                let (_, file) = *last.insert(known.unwrap_or_else(|| {
                    let next = files.len() as u32;
                    let file = files.entry(Arc::clone(&info.file));
                    (&info.file, *file.or_insert(next))
                }));
                told.push((file, info.line, info.text.trim().is_empty(), s, r));
            }
        }
        told.sort_unstable();
        told.dedup_by_key(|t| (t.0, t.1));
        Index { files, told }
    }

    /// Stretch and record.
    fn find(&self, file: &str, line: u32) -> Option<(usize, usize)> {
        let file = *self.files.get(file)?;
        let at = self
            .told
            .binary_search_by_key(&(file, line), |t| (t.0, t.1));
        let (.., stretch, record) = *self.told.get(at.ok()?)?;
        Some((stretch as usize, record as usize))
    }
}

/// The lines of a program, by instruction.
#[derive(Debug)]
pub struct Lines {
    stretches: Vec<Stretch>,
    index: Once<Index>,
    /// Records that were gone through one by one.
    #[cfg(test)]
    pub(crate) looked_at: core::sync::atomic::AtomicUsize,
}

impl Default for Lines {
    fn default() -> Lines {
        Lines {
            stretches: Vec::new(),
            index: Once::new(),
            #[cfg(test)]
            looked_at: 0.into(),
        }
    }
}

impl Clone for Lines {
    fn clone(&self) -> Lines {
        Lines {
            stretches: self.stretches.clone(),
            ..Lines::default()
        }
    }
}

impl Lines {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Line<'_>> {
        let line = |s, info| {
            self.look_at(1);
            Stretch::line(s, info)
        };
        let lines = move |s| Stretch::records(s).iter().map(move |info| line(s, info));
        self.stretches.iter().flat_map(lines)
    }

    /// The record that tells the text of a line of a file: of several the first with a
    /// text.
    pub fn of_source(&self, file: &str, line: u32) -> Option<Line<'_>> {
        let index = self.index.get_or_init(|| {
            self.look_at(self.len());
            Index::new(&self.stretches)
        });
        let (stretch, record) = index.find(file, line)?;
        let stretch = self.stretches.get(stretch)?;
        Some(stretch.line(stretch.records().get(record)?))
    }

    /// Counts, for tests of how work grows.
    fn look_at(&self, records: usize) {
        #[cfg(test)]
        self.looked_at
            .fetch_add(records, core::sync::atomic::Ordering::Relaxed);
        #[cfg(not(test))]
        let _ = (self, records);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.stretches.iter().map(|s| s.records().len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.stretches.iter().all(|s| s.records().is_empty())
    }

    /// The last line that begins at an instruction or before it.
    pub fn until(&self, insn: u32) -> Option<Line<'_>> {
        let next = self.stretches.partition_point(|s| s.start <= insn);
        let before = self.stretches.get(..next)?.iter().rev();
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
        self.index = Once::new();
        self.stretches.push(Stretch {
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
