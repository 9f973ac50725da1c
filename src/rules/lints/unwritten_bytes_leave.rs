//! `unwritten-bytes-leave`: bytes of the stack that nobody wrote go to user space.
//!
//! Padding between the fields of a record, or fields that were forgotten. Kernels before 6.3
//! refuse it; since then a privileged program hands out what was left on the stack. Bytes
//! count as written by any store to them and by every call that is given a pointer at or
//! before them; where a pointer into the stack is not followed, the lint stays silent.

use super::facts::Facts;
use super::flow::{Def, Flow, Place};
use super::{Hit, Lint, Scope, rule};
use crate::abstract_interp::Pointee;
use crate::helpers_spec::{helper, helper_name};
use crate::prelude::*;
use crate::programs::insn::{Callee, Op};

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

/// Calls that hand out memory: the arguments with the pointer and with the length.
const OUTPUTS: [(u32, u8, u8); 3] = [
    (helper::PERF_EVENT_OUTPUT, 4, 5),
    (helper::RINGBUF_OUTPUT, 2, 3),
    (helper::SEQ_WRITE, 2, 3),
];

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let Some(flow) = facts.flow() else { return };
    let ids: Vec<u32> = OUTPUTS.iter().map(|o| o.0).collect();
    for (call, id) in facts.reached_helpers(&ids) {
        let Some((_, pointer, length)) = OUTPUTS.iter().find(|o| o.0 == id) else {
            continue;
        };
        let from = flow.frame_offset(call.insn, *pointer);
        let size = flow.constant(call.insn, *length);
        let (Some(from), Some(size)) = (from, size) else {
            continue;
        };
        if !(-512..0).contains(&from) || size == 0 || size > from.unsigned_abs() {
            continue;
        }
        let bytes = Record {
            from,
            end: from + size as i64,
        };
        if let Some((first, last)) = bytes.unwritten(facts, flow, call.insn) {
            let name = helper_name(id).unwrap_or("the call");
            let which = match first == last {
                true => format!("byte {first}"),
                false => format!("bytes {first} to {last}"),
            };
            let what = format!(
                "`{name}` hands out {size} bytes, of which {which} were never written: what the stack held before leaves"
            );
            hits.push(Hit::at(LINT.rule, call.insn, what));
        }
    }
}

/// Bytes of the stack, by offsets of r10.
pub(super) struct Record {
    pub(super) from: i64,
    pub(super) end: i64,
}

impl Record {
    /// The first stretch that nothing writes, as offsets in the record.
    pub(super) fn unwritten(
        &self,
        facts: &Facts<'_>,
        flow: &Flow<'_>,
        insn: usize,
    ) -> Option<(i64, i64)> {
        let cfg = facts.cfg?;
        let mut written = vec![false; usize::try_from(self.end - self.from).ok()?];
        for (at, op) in facts.ops.iter().enumerate() {
            if cfg.subprog_of(at) == cfg.subprog_of(insn) && at != insn {
                self.writes(facts, flow, at, op, &mut written)?;
            }
        }
        let first = written.iter().position(|w| !w)?;
        // What is on no path written through r10 either.
        let byte = |i: usize| i16::try_from(self.from + i as i64).ok();
        let never = |i: usize| {
            let defs = byte(i).and_then(|b| flow.defs(insn, Place::Stack(b)));
            defs.is_some_and(|defs| defs[..] == [Def::Entry])
        };
        let length = written.iter().skip(first).take_while(|w| !**w).count();
        let last = first + length - 1;
        (never(first) && never(last)).then_some((first as i64, last as i64))
    }

    /// Marks what an instruction may write; `None` if that isn't known.
    fn writes(
        &self,
        facts: &Facts<'_>,
        flow: &Flow<'_>,
        at: usize,
        op: &Op,
        written: &mut [bool],
    ) -> Option<()> {
        let (base, off, size) = match op {
            Op::Store {
                base, off, size, ..
            }
            | Op::Atomic {
                base, off, size, ..
            }
            | Op::StoreRelease {
                base, off, size, ..
            } => (*base, i64::from(*off), size.bytes() as i64),
            Op::Call(Callee::Local(_)) | Op::CallX { .. } => {
                let given = (1..=5).any(|reg| flow.frame_offset(at, reg).is_some());
                return (!given).then_some(());
            }
            Op::Call(_) => {
                for reg in 1..=5 {
                    if let Some(offset) = flow.frame_offset(at, reg).filter(|o| *o < 0) {
                        // How far it writes is the call's matter.
                        self.mark(offset, i64::MAX, written);
                    }
                }
                return Some(());
            }
            _ => return Some(()),
        };
        match flow.frame_offset(at, base) {
            Some(frame) => self.mark(frame + off, size, written),
            None if facts.observed.bases(at).contains(&Pointee::Stack) => return None,
            None => {}
        }
        Some(())
    }

    fn mark(&self, offset: i64, size: i64, written: &mut [bool]) {
        let end = offset.saturating_add(size).min(self.end);
        for at in offset.max(self.from)..end {
            if let Some(byte) = usize::try_from(at - self.from)
                .ok()
                .and_then(|i| written.get_mut(i))
            {
                *byte = true;
            }
        }
    }
}
