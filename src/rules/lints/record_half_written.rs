//! `record-half-written`: a record of a ring buffer is submitted with bytes that nothing in
//! the program writes.
//!
//! A reservation is not cleared: it holds what was there before. Bytes count as written by
//! any store of the function to them, and by every call that is given a pointer at or
//! before them. Where a pointer into a record is not followed (a function or a callback that
//! is handed one), the lint stays silent.

use alloc::collections::BTreeMap;

use super::facts::{Facts, bytes, stretch};
use super::flow::Flow;
use super::{Hit, Lint, Scope, rule};
use crate::abstract_interp::Pointee;
use crate::helpers_spec::helper;
use crate::prelude::*;
use crate::programs::insn::{Callee, Op};

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

/// Longest record that is looked at.
const MAX_RECORD: u64 = 1 << 12;

/// Bytes of a record that are written: from where to before where.
type Bytes = (i64, i64);

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let Some(flow) = facts.flow() else { return };
    if facts
        .reached_helpers(&[helper::RINGBUF_SUBMIT])
        .next()
        .is_none()
    {
        return;
    }
    let Some(mut records) = records(facts, flow) else {
        return;
    };
    for (call, _) in facts.reached_helpers(&[helper::RINGBUF_RESERVE]) {
        let size = flow
            .constant(call.insn, 2)
            .filter(|s| (1..=MAX_RECORD).contains(s));
        let Some(size) = size else { continue };
        // What a function does with it isn't followed.
        let Some(written) = records.entry(call.insn).or_insert(Some(Vec::new())) else {
            continue;
        };
        written.sort_unstable();
        if let Some((first, last)) = gap(written, size as i64) {
            let which = stretch(first, last);
            let what = format!(
                "nothing writes {which} of a record of {}: what was in the buffer before goes to user space",
                bytes(size)
            );
            hits.push(Hit::at(LINT.rule, call.insn, what));
        }
    }
}

/// The first stretch of a record that none of the stretches, in order, covers.
fn gap(written: &[Bytes], size: i64) -> Option<(i64, i64)> {
    let mut first = 0;
    for (start, end) in written {
        if *start > first {
            return Some((first, size.min(*start) - 1)).filter(|_| first < size);
        }
        first = first.max(*end);
    }
    (first < size).then_some((first, size - 1))
}

/// What is written of the records of each reservation; none of one that is handed to a
/// function, and nothing at all where a pointer into a record isn't followed.
fn records(facts: &Facts<'_>, flow: &Flow<'_>) -> Option<BTreeMap<usize, Option<Vec<Bytes>>>> {
    let mut records: BTreeMap<usize, Option<Vec<Bytes>>> = BTreeMap::new();
    let mut mark = |(from, start): (usize, i64), end: i64| {
        if let Some(written) = records.entry(from).or_insert(Some(Vec::new())) {
            written.push((start, end));
        }
    };
    let mut lent = Vec::new();
    for (at, op) in facts.ops.iter().enumerate() {
        let stored = op.effects().memory.filter(|m| m.access.writes());
        if let Some(m) = stored
            && facts.observed.bases(at).contains(&Pointee::Ringbuf)
        {
            let (from, start) = flow.offset_from_call(at, m.base)?;
            let start = start.checked_add(m.off.into())?;
            mark((from, start), start.checked_add(m.size.bytes().into())?);
        }
        if let Op::Call(callee) = *op
            && !ends(callee)
        {
            for reg in given(facts, at) {
                let (from, start) = flow.offset_from_call(at, reg)?;
                match callee {
                    Callee::Local(_) => lent.push(from),
                    _ => mark((from, start), i64::MAX),
                }
            }
        }
    }
    for from in lent {
        records.insert(from, None);
    }
    Some(records)
}

/// Whether a call ends a record.
fn ends(callee: Callee) -> bool {
    let ends = [helper::RINGBUF_SUBMIT, helper::RINGBUF_DISCARD];
    matches!(callee, Callee::Helper(id) if ends.iter().any(|end| *end as i32 == id))
}

/// The arguments of a call that point into a record on some path.
fn given(facts: &Facts<'_>, insn: usize) -> impl Iterator<Item = u8> {
    let seen = facts.observed.calls(insn);
    (1..=5u8).filter(move |reg| {
        let arg = usize::from(*reg) - 1;
        seen.iter()
            .any(|args| args.get(arg) == Some(&Pointee::Ringbuf))
    })
}
