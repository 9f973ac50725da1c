//! `record-half-written`: a record of a ring buffer is submitted with bytes that nothing in
//! the program writes.
//!
//! A reservation is not cleared: it holds what was there before. Bytes count as written by
//! any store of the function to them, and by every call that is given a pointer at or
//! before them. Where a pointer into the record is not followed the lint stays silent.

use super::facts::{Called, Facts};
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

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let Some(flow) = facts.flow() else { return };
    let submits = facts.reached_helpers(&[helper::RINGBUF_SUBMIT]).count();
    if submits == 0 {
        return;
    }
    for (call, _) in facts.reached_helpers(&[helper::RINGBUF_RESERVE]) {
        let size = flow
            .constant(call.insn, 2)
            .filter(|s| (1..=MAX_RECORD).contains(s));
        let Some(size) = size else { continue };
        let Some((first, last)) = unwritten(facts, flow, call.insn, size as usize) else {
            continue;
        };
        let which = match first == last {
            true => format!("byte {first}"),
            false => format!("bytes {first} to {last}"),
        };
        let what = format!(
            "of a record of {size} bytes {which} are never written: what was in the buffer before goes to user space"
        );
        hits.push(Hit::at(LINT.rule, call.insn, what));
    }
}

/// The first stretch of a record that nothing writes; none if that isn't known.
fn unwritten(
    facts: &Facts<'_>,
    flow: &Flow<'_>,
    reserve: usize,
    size: usize,
) -> Option<(usize, usize)> {
    let mut written = vec![false; size];
    let subprog = facts.program.subprog_at(reserve as u32);
    for (at, op) in facts.ops.iter().enumerate() {
        if facts.program.subprog_at(at as u32) != subprog || !facts.observed.reached(at) {
            continue;
        }
        let (base, off, len) = match *op {
            Op::Store {
                base, off, size, ..
            }
            | Op::Atomic {
                base, off, size, ..
            }
            | Op::StoreRelease {
                base, off, size, ..
            } => (base, i64::from(off), size.bytes() as usize),
            Op::Call(callee) => {
                called(facts, flow, at, callee, reserve, &mut written)?;
                continue;
            }
            _ => continue,
        };
        if !facts.observed.bases(at).contains(&Pointee::Ringbuf) {
            continue;
        }
        let (from, start) = flow.offset_from_call(at, base)?;
        if from == reserve {
            mark(&mut written, start + off, len);
        }
    }
    let first = written.iter().position(|w| !w)?;
    let run = written.iter().skip(first).take_while(|w| !**w).count();
    Some((first, first + run - 1))
}

/// What a call may write of the record.
fn called(
    facts: &Facts<'_>,
    flow: &Flow<'_>,
    at: usize,
    callee: Callee,
    reserve: usize,
    written: &mut [bool],
) -> Option<()> {
    let ends = facts.calls.iter().any(|c| {
        c.insn == at
            && matches!(
                c.callee,
                Called::Helper(helper::RINGBUF_SUBMIT | helper::RINGBUF_DISCARD)
            )
    });
    if ends {
        return Some(());
    }
    for reg in 1..=5u8 {
        if matches!(callee, Callee::Local(_)) {
            // What a function does with it isn't followed.
            let given = flow.offset_from_call(at, reg);
            if given.is_some_and(|(from, _)| from == reserve) {
                return None;
            }
            continue;
        }
        let seen = facts.observed.calls(at);
        let record =
            |args: &[Pointee; 5]| args.get(usize::from(reg) - 1) == Some(&Pointee::Ringbuf);
        if seen.iter().any(record) {
            let (from, start) = flow.offset_from_call(at, reg)?;
            if from == reserve {
                mark(written, start, usize::MAX);
            }
        }
    }
    Some(())
}

fn mark(written: &mut [bool], from: i64, len: usize) {
    let from = usize::try_from(from).unwrap_or(0);
    for byte in written.iter_mut().skip(from).take(len) {
        *byte = true;
    }
}
