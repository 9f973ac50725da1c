//! Subprograms: where they start and end, and that nothing leaves them but by
//! call and exit.
//!
//! A subprogram starts at slot 0 and wherever a call or a function reference
//! leads; it ends where the next one starts.

use super::facts::{CfgRules, InsnFacts};
use super::fault::Fault;
use super::flow::{Flow, TAIL_CALL};
use crate::prelude::*;
use crate::programs::insn::Insn;

/// One subprogram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subprog {
    /// First slot.
    pub start: u32,
    /// Slot after the last.
    pub end: u32,
    /// Holds a tail call.
    pub has_tail_call: bool,
    /// Holds a legacy packet load.
    pub has_ld_abs: bool,
    /// It, or something it calls, may sleep.
    pub might_sleep: bool,
    /// It, or something it calls, may move the packet.
    pub changes_packet: bool,
    /// It, or something it calls, may throw.
    pub might_throw: bool,
    /// Its last exit.
    pub exit: Option<u32>,
}

/// The subprograms of a program, in order of their slots.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    pub(super) subprogs: Vec<Subprog>,
    pub(super) exception_callback: Option<u32>,
}

impl Layout {
    /// Collects the subprograms in the order in which a kernel meets them.
    pub fn discover(
        insns: &[Insn],
        facts: &dyn InsnFacts,
        rules: &CfgRules,
    ) -> Result<Layout, Fault> {
        if insns.is_empty() {
            return Err(Fault::Empty);
        }
        if insns.len() > rules.max_insns {
            return Err(Fault::TooLarge {
                insns: insns.len(),
                max: rules.max_insns,
            });
        }
        let mut starts = Starts {
            sorted: vec![0],
            slots: insns.len(),
            max: rules.max_subprogs,
        };
        for (at, insn) in insns.iter().enumerate() {
            let flow = Flow::of(*insn, rules);
            // Reserved forms of a call also read as `Kfunc`; only the real one counts.
            let kfunc = flow == Flow::Kfunc && insn.opcode == 0x85 && insn.src == 2;
            if flow.callee().is_none() && !kfunc {
                continue;
            }
            let insn = at as u32;
            if !rules.capable {
                return Err(Fault::CallNotAllowed { insn });
            }
            if let Some(off) = flow.callee() {
                starts.add(insn, at as i64 + 1 + i64::from(off))?;
            } else if facts.call_refused(at) {
                return Err(Fault::CallRefused { insn });
            }
        }
        let exception_callback = facts.exception_callback().filter(|at| *at != 0);
        if let Some(at) = exception_callback {
            starts.add(0, i64::from(at))?;
        }
        let ends = starts
            .sorted
            .iter()
            .skip(1)
            .copied()
            .chain([insns.len() as u32]);
        let subprogs = starts
            .sorted
            .iter()
            .zip(ends)
            .map(|(&start, end)| Subprog {
                start,
                end,
                ..Subprog::default()
            })
            .collect();
        let mut layout = Layout {
            subprogs,
            exception_callback,
        };
        layout.note_contents(insns, rules);
        Ok(layout)
    }

    fn note_contents(&mut self, insns: &[Insn], rules: &CfgRules) {
        for subprog in &mut self.subprogs {
            let body = insns.get(subprog.start as usize..subprog.end as usize);
            for (at, insn) in (subprog.start..).zip(body.unwrap_or_default()) {
                match Flow::of(*insn, rules) {
                    Flow::Helper(TAIL_CALL) => subprog.has_tail_call = true,
                    Flow::LdAbs => subprog.has_ld_abs = true,
                    Flow::Exit => subprog.exit = Some(at),
                    _ => {}
                }
            }
        }
    }

    /// Checks that jumps stay inside and that no subprogram runs into the next.
    pub fn check(&self, insns: &[Insn], rules: &CfgRules) -> Result<(), Fault> {
        for subprog in &self.subprogs {
            let range = i64::from(subprog.start)..i64::from(subprog.end);
            let body = insns.get(subprog.start as usize..subprog.end as usize);
            for (at, insn) in (subprog.start..).zip(body.unwrap_or_default()) {
                let flow = Flow::of(*insn, rules);
                if let Some(off) = flow.jump() {
                    let target = i64::from(at) + 1 + i64::from(off);
                    if !range.contains(&target) {
                        return Err(Fault::JumpOutOfRange { insn: at, target });
                    }
                }
                if at + 1 == subprog.end && !may_be_last(*insn, rules) {
                    return Err(Fault::FallThrough { insn: at });
                }
            }
        }
        Ok(())
    }

    /// The subprograms.
    pub fn subprogs(&self) -> &[Subprog] {
        &self.subprogs
    }

    /// The subprogram that holds a slot.
    pub fn subprog_of(&self, insn: usize) -> usize {
        let after = self.subprogs.partition_point(|s| s.start as usize <= insn);
        after.saturating_sub(1)
    }
}

fn may_be_last(insn: Insn, rules: &CfgRules) -> bool {
    match insn.opcode {
        0x95 | 0x05 => true,
        0x06 => rules.isa.gotol(),
        0x0d => rules.isa.gotox(),
        _ => false,
    }
}

struct Starts {
    sorted: Vec<u32>,
    slots: usize,
    max: usize,
}

impl Starts {
    fn add(&mut self, insn: u32, target: i64) -> Result<(), Fault> {
        let inside = u32::try_from(target)
            .ok()
            .filter(|t| (*t as usize) < self.slots);
        let Some(start) = inside else {
            return Err(Fault::CallOutOfRange { insn, target });
        };
        let Err(place) = self.sorted.binary_search(&start) else {
            return Ok(());
        };
        if self.sorted.len() >= self.max {
            return Err(Fault::TooManySubprogs {
                insn,
                max: self.max,
            });
        }
        self.sorted.insert(place, start);
        Ok(())
    }
}
