//! Which bytes of its stack a function writes.
//!
//! Reckoned once for a program. Bytes count as written by any store to them and by every
//! call that is given a pointer at or before them. A pointer into a stack that is not
//! followed may lead into any function's (a callback finds its caller's in what it is
//! given): where the program writes through one, nothing is known.

use super::defs::Def;
use super::facts::Facts;
use super::flow::{Flow, Place};
use crate::abstract_interp::Pointee;
use crate::prelude::*;
use crate::programs::insn::{Callee, Op};

/// The deepest byte of a function's stack.
const DEEPEST: i64 = 512;

/// By how many instructions each byte is written, from the deepest on.
type Counts = [u32; DEEPEST as usize];

/// One function's stack.
#[derive(Clone)]
struct Frame {
    counts: Box<Counts>,
    /// It is handed on to another function.
    lent: bool,
}

/// The stacks of a program's functions.
pub(super) struct Written {
    /// None where a pointer was not followed.
    frames: Option<Vec<Frame>>,
}

impl Written {
    pub fn new(facts: &Facts<'_>) -> Written {
        Written {
            frames: frames(facts),
        }
    }

    /// The first stretch of some bytes, `from` (an offset of r10) to `end`, that nothing writes
    /// before a call, as offsets from the first. What the call itself writes doesn't count.
    pub fn gap(
        &self,
        facts: &Facts<'_>,
        (from, end): (i64, i64),
        insn: usize,
    ) -> Option<(i64, i64)> {
        let (cfg, flow) = (facts.cfg?, facts.flow()?);
        let frame = self.frames.as_ref()?.get(cfg.subprog_of(insn))?;
        if frame.lent {
            return None;
        }
        let own = pointers(flow, insn);
        let written = |at: i64| {
            let own = own.iter().filter(|start| **start <= at).count();
            index(at).is_some_and(|i| frame.counts.get(i).is_some_and(|n| *n as usize > own))
        };
        let first = (from..end).find(|at| !written(*at))?;
        let last = (first..end).take_while(|at| !written(*at)).last()?;
        // What is on no path written through r10 either.
        let never = |at: i64| {
            let place = i16::try_from(at).ok();
            let defs = place.and_then(|at| flow.defs(insn, Place::Stack(at)));
            defs.is_some_and(|defs| defs[..] == [Def::Entry])
        };
        (never(first) && never(last)).then_some((first - from, last - from))
    }
}

fn index(at: i64) -> Option<usize> {
    let index = usize::try_from(at.checked_add(DEEPEST)?).ok()?;
    (at < 0).then_some(index)
}

/// Where on the stack a call's arguments point.
fn pointers(flow: &Flow<'_>, insn: usize) -> Vec<i64> {
    let offsets = (1..=5).filter_map(|reg| flow.frame_offset(insn, reg));
    offsets.filter(|offset| *offset < 0).collect()
}

fn frames(facts: &Facts<'_>) -> Option<Vec<Frame>> {
    let (cfg, flow) = (facts.cfg?, facts.flow()?);
    let frame = Frame {
        counts: Box::new([0; DEEPEST as usize]),
        lent: false,
    };
    let mut frames = vec![frame; cfg.subprogs().len()];
    for (at, op) in facts.ops.iter().enumerate() {
        let Some(frame) = frames.get_mut(cfg.subprog_of(at)) else {
            continue;
        };
        if let Some(m) = op.effects().memory.filter(|m| m.access.writes()) {
            match flow.frame_offset(at, m.base) {
                Some(offset) => frame.mark(offset + i64::from(m.off), m.size.bytes().into()),
                None if facts.observed.bases(at).contains(&Pointee::Stack) => return None,
                None => {}
            }
        }
        match *op {
            Op::Call(Callee::Local(_)) | Op::CallX { .. } => {
                frame.lent |= !pointers(flow, at).is_empty();
            }
            Op::Call(_) => {
                if is_blind(facts, flow, at) {
                    return None;
                }
                // How far it writes is the call's matter.
                for start in pointers(flow, at) {
                    frame.mark(start, DEEPEST);
                }
            }
            _ => {}
        }
    }
    Some(frames)
}

/// Whether a call is given a pointer into a stack that is not followed.
fn is_blind(facts: &Facts<'_>, flow: &Flow<'_>, insn: usize) -> bool {
    let seen = facts.observed.calls(insn);
    (1..=5u8).any(|reg| {
        let stack = |args: &[Pointee; 5]| args.get(usize::from(reg) - 1) == Some(&Pointee::Stack);
        seen.iter().any(stack) && flow.frame_offset(insn, reg).is_none()
    })
}

impl Frame {
    fn mark(&mut self, start: i64, len: i64) {
        let end = start.saturating_add(len).min(0);
        let start = start.max(-DEEPEST);
        for count in (start..end).filter_map(index) {
            if let Some(count) = self.counts.get_mut(count) {
                *count = count.saturating_add(1);
            }
        }
    }
}
