//! Function and line information of a program, put together as libbpf does.
//!
//! For each function in the order of placement, the records of its section that
//! lie in it. If the main function has none, the program gets none; if a later
//! one has none, loading fails.

use super::Context;
use super::assemble::Assembly;
use crate::object::{ExtSection, FuncRecord};
use crate::prelude::*;
use crate::programs::lines::Lines;
use alloc::collections::BTreeMap;

/// Records of functions by section.
#[derive(Default)]
pub(super) struct InfoIndex {
    funcs: BTreeMap<u32, usize>,
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
        index
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
pub(super) type Info = (Vec<(u32, u32)>, Lines);

/// Puts the information together. `Err` is why a loader fails.
pub(super) fn collect(context: &Context<'_>, assembly: &Assembly) -> Result<Info, String> {
    let (mut funcs, mut lines) = (Vec::new(), Lines::default());
    let object = context.object;
    let (Some(ext), Some(_)) = (&object.ext, &object.btf) else {
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
            let slots = (start / 8, end / 8);
            let found = context.lines.within(function.section, slots);
            match found.filter(|((from, to), _)| from < to) {
                Some((range, records)) => {
                    lines.push(placed.start, (start / 8) as u32, range, records);
                }
                None if i > 0 => {
                    return Err(format!(
                        "function {} has no line information",
                        function.name
                    ));
                }
                None => {}
            }
        }
    }
    Ok((funcs, lines))
}
