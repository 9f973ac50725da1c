//! Function and line information of a program, put together as libbpf does.
//!
//! For each function in the order of placement, the records of its section that
//! lie in it. If the main function has none, the program gets none; if a later
//! one has none, loading fails.

use super::Context;
use super::assemble::Assembly;
use crate::object::{ExtSection, FuncRecord, LineRecord};
use crate::prelude::*;
use crate::programs::program::LineInfo;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::cell::RefCell;

/// Records by section, and the strings made of them.
#[derive(Default)]
pub(super) struct InfoIndex {
    funcs: BTreeMap<u32, usize>,
    lines: BTreeMap<u32, usize>,
    strings: RefCell<BTreeMap<u32, Arc<str>>>,
}

impl InfoIndex {
    pub fn new(object: &crate::object::Object) -> InfoIndex {
        let mut index = InfoIndex::default();
        let Some(ext) = &object.ext else { return index };
        for (i, s) in ext
            .funcs
            .iter()
            .enumerate()
            .filter(|(_, s)| s.records.is_sorted_by_key(|r| r.offset))
        {
            index.funcs.entry(s.section).or_insert(i);
        }
        for (i, s) in ext
            .lines
            .iter()
            .enumerate()
            .filter(|(_, s)| s.records.is_sorted_by_key(|r| r.offset))
        {
            index.lines.entry(s.section).or_insert(i);
        }
        index
    }

    fn string(&self, btf: &crate::object::Btf, off: u32) -> Arc<str> {
        self.strings
            .borrow_mut()
            .entry(off)
            .or_insert_with(|| btf.str_at(off).into())
            .clone()
    }
}

/// The records that lie in `start..end`.
fn within<T>(
    section: Option<&ExtSection<T>>,
    offset: impl Fn(&T) -> u32,
    start: u64,
    end: u64,
) -> &[T] {
    let records = section.map_or(&[][..], |s| &s.records);
    let from = records.partition_point(|r| u64::from(offset(r)) < start);
    let to = records.partition_point(|r| u64::from(offset(r)) < end);
    records.get(from..to).unwrap_or(&[])
}

/// What a program gets: (instruction, FUNC), and lines.
pub(super) type Info = (Vec<(u32, u32)>, Vec<LineInfo>);

/// Puts the information together. `Err` is why a loader fails.
pub(super) fn collect(context: &Context<'_>, assembly: &Assembly) -> Result<Info, String> {
    let (mut funcs, mut lines) = (Vec::new(), Vec::new());
    let object = context.object;
    let (Some(ext), Some(btf)) = (&object.ext, &object.btf) else {
        return Ok((funcs, lines));
    };
    for (i, placed) in assembly.placed.iter().enumerate() {
        let Some(function) = object.functions.get(placed.function) else {
            continue;
        };
        let (start, end) = (
            function.offset,
            function.offset.saturating_add(function.size),
        );
        let at = |offset: u32| {
            let within = (u64::from(offset) / 8).saturating_sub(start / 8);
            placed.start.saturating_add(within as u32)
        };
        if i == 0 || !funcs.is_empty() {
            let section = context
                .info
                .funcs
                .get(&function.section)
                .and_then(|i| ext.funcs.get(*i));
            let found: &[FuncRecord] = within(section, |r| r.offset, start, end);
            if found.is_empty() && i > 0 {
                return Err(format!(
                    "function {} has no function information",
                    function.name
                ));
            }
            funcs.extend(found.iter().map(|r| (at(r.offset), r.type_id)));
        }
        if i == 0 || !lines.is_empty() {
            let section = context
                .info
                .lines
                .get(&function.section)
                .and_then(|i| ext.lines.get(*i));
            let found: &[LineRecord] = within(section, |r| r.offset, start, end);
            if found.is_empty() && i > 0 {
                return Err(format!(
                    "function {} has no line information",
                    function.name
                ));
            }
            context.spend(found.len())?;
            lines.extend(found.iter().map(|r| LineInfo {
                insn: at(r.offset),
                file: context.info.string(btf, r.file),
                line: r.line_col >> 10,
                col: r.line_col & 0x3ff,
                text: context.info.string(btf, r.text),
            }));
        }
    }
    Ok((funcs, lines))
}
