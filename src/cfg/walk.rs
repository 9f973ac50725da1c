//! The depth-first walk: what is reachable, and where exploration must pause.
//!
//! The walk starts at slot 0 and, if that has not been reached, at the exception
//! callback. A slot is new, open (on the current path) or done; an edge to an
//! open slot closes a loop. Edges are taken fall-through first, callee or branch
//! second, so that the fault named is the one a kernel names.
//!
//! Points are marked on the way. States are compared at branches, at the target
//! of any jump, at calls of subprograms and of whatever runs callbacks, and where
//! a call goes on. The effects of a callee reach its caller when the walk
//! comes back to the call.

use super::Cfg;
use super::facts::{CfgRules, InsnFacts, InsnFlags};
use super::fault::Fault;
use super::flow::{Flow, TAIL_CALL};
use super::layout::Subprog;
use crate::prelude::*;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    Open,
    Done,
}

/// How an edge was taken, for loops that only some may close.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    Plain,
    Jump,
    Call,
    Reference,
}

struct Walk<'a> {
    cfg: &'a mut Cfg,
    facts: &'a dyn InsnFacts,
    rules: &'a CfgRules<'a>,
    marks: Vec<Mark>,
    /// The current path: slot, and the number of edges taken from it.
    path: Vec<(u32, u32)>,
}

impl Cfg {
    pub(super) fn walk(&mut self, facts: &dyn InsnFacts, rules: &CfgRules) -> Result<(), Fault> {
        let marks = vec![Mark::New; self.len()];
        let callback = self.layout.exception_callback;
        let mut walk = Walk {
            cfg: self,
            facts,
            rules,
            marks,
            path: Vec::new(),
        };
        walk.from(0)?;
        if let Some(at) = callback
            && walk.mark(at) != Mark::Done
        {
            walk.from(at)?;
        }
        walk.all_reached()
    }
}

impl Walk<'_> {
    fn mark(&self, at: u32) -> Mark {
        self.marks.get(at as usize).copied().unwrap_or(Mark::Done)
    }

    fn set(&mut self, at: u32, mark: Mark) {
        if let Some(slot) = self.marks.get_mut(at as usize) {
            *slot = mark;
        }
    }

    fn flag(&mut self, at: i64, flag: InsnFlags) {
        let slot = usize::try_from(at)
            .ok()
            .and_then(|at| self.cfg.flags.get_mut(at));
        if let Some(flags) = slot {
            flags.set(flag);
            if flag == InsnFlags::PRUNE_POINT && !self.rules.switches.split_jump_points() {
                flags.set(InsnFlags::JMP_POINT);
            }
        }
    }

    fn prune(&mut self, at: i64) {
        self.flag(at, InsnFlags::PRUNE_POINT);
    }

    fn jump_point(&mut self, at: i64) {
        if self.rules.switches.split_jump_points() {
            self.flag(at, InsnFlags::JMP_POINT);
        }
    }

    fn from(&mut self, start: u32) -> Result<(), Fault> {
        self.set(start, Mark::Open);
        self.path.push((start, 0));
        while let Some(&mut (at, ref mut taken)) = self.path.last_mut() {
            let edge = *taken;
            *taken += 1;
            match self.next(at, edge)? {
                Some((target, kind)) => self.follow(at, target, kind)?,
                None => {
                    self.leave(at);
                    self.set(at, Mark::Done);
                    self.path.pop();
                }
            }
        }
        Ok(())
    }

    /// The `n`th edge of a slot, marking what it makes of the slots at both ends.
    fn next(&mut self, at: u32, n: u32) -> Result<Option<(i64, Edge)>, Fault> {
        let here = i64::from(at);
        let flow = self.cfg.flow(at as usize);
        if n == 0 {
            self.arrive(at, flow)?;
        }
        // The edges of an irregular instruction are its table's; a hidden exit is no edge here.
        if flow == Flow::Gotox {
            let target = self
                .cfg
                .tables
                .get(&at)
                .and_then(|table| table.get(n as usize));
            let Some(&target) = target else {
                return Ok(None);
            };
            self.jump_point(i64::from(target));
            return Ok(Some((i64::from(target), Edge::Jump)));
        }
        let fallthrough = flow.fallthrough().map(|slots| match flow {
            // Older kernels walk the second slot as an instruction.
            Flow::Wide | Flow::FuncRef(_) if !self.rules.switches.whole_wide_loads() => here + 1,
            _ => here + i64::from(slots),
        });
        let jump = flow.jump().map(|off| here + 1 + i64::from(off));
        let callee = flow.callee().map(|off| here + 1 + i64::from(off));
        Ok(match (n, fallthrough, jump, callee) {
            (0, Some(next), Some(_), _) => Some((next, Edge::Jump)),
            (0, Some(next), None, _) => Some((next, Edge::Plain)),
            (0, None, Some(target), _) => Some((target, Edge::Jump)),
            (1, Some(_), Some(target), _) => {
                self.prune(target);
                self.jump_point(target);
                Some((target, Edge::Jump))
            }
            (1, Some(_), None, Some(target)) => {
                self.absorb(at, target);
                self.prune(target);
                self.jump_point(target);
                let kind = match flow {
                    Flow::FuncRef(_) => Edge::Reference,
                    _ => Edge::Call,
                };
                Some((target, kind))
            }
            _ => None,
        })
    }

    /// Marks that depend on the instruction alone.
    fn arrive(&mut self, at: u32, flow: Flow) -> Result<(), Fault> {
        let here = i64::from(at);
        match flow {
            Flow::Branch(_) | Flow::MayGoto(_) => {
                self.prune(here);
                if matches!(flow, Flow::MayGoto(_)) {
                    self.flag(here, InsnFlags::FORCE_CHECKPOINT);
                }
            }
            // Older kernels mark the slot after the jump as well: it is either
            // unreachable or some jump's target, hence marked anyway.
            Flow::Jump(off) => {
                let target = here + 1 + i64::from(off);
                self.prune(target);
                self.jump_point(target);
            }
            Flow::Helper(_) | Flow::Kfunc => {
                self.called(at);
                if flow == Flow::Helper(TAIL_CALL) {
                    self.hidden_exit(at);
                }
                self.goes_on(here + 1);
            }
            Flow::Local(_) => {
                self.prune(here);
                self.goes_on(here + 1);
            }
            Flow::FuncRef(_) => {
                self.prune(here);
                self.goes_on(
                    here + if self.rules.switches.whole_wide_loads() {
                        2
                    } else {
                        1
                    },
                );
            }
            Flow::LdAbs => self.hidden_exit(at),
            Flow::Gotox => {
                self.prune(here);
                self.jump_table(at)?;
            }
            Flow::Next | Flow::Wide | Flow::Exit => {}
        }
        Ok(())
    }

    fn goes_on(&mut self, at: i64) {
        self.prune(at);
        self.jump_point(at);
    }

    fn called(&mut self, at: u32) {
        let here = i64::from(at);
        let call = self.facts.call(at as usize);
        if call.async_callback {
            self.flag(here, InsnFlags::ASYNC_CALLBACK_CALL);
            self.prune(here);
        }
        if call.sync_callback {
            self.flag(here, InsnFlags::SYNC_CALLBACK_CALL);
            if self.rules.switches.callback_checkpoints() {
                self.flag(here, InsnFlags::CALLS_CALLBACK);
                self.flag(here, InsnFlags::FORCE_CHECKPOINT);
                self.prune(here);
                self.jump_point(here);
            }
        }
        if call.iter_next {
            self.flag(here, InsnFlags::ITER_NEXT);
            self.flag(here, InsnFlags::FORCE_CHECKPOINT);
            self.prune(here);
        }
        self.effects(at, |subprog| {
            subprog.might_sleep |= call.might_sleep;
            subprog.changes_packet |= call.changes_packet;
            subprog.might_throw |= call.might_throw;
        });
    }

    fn effects(&mut self, at: u32, change: impl FnOnce(&mut Subprog)) {
        let of = self.cfg.subprog_of(at as usize);
        if let Some(subprog) = self.cfg.layout.subprogs.get_mut(of) {
            change(subprog);
        }
    }

    /// The callee's effects become the caller's.
    fn absorb(&mut self, at: u32, callee: i64) {
        let of = self.cfg.subprog_of(usize::try_from(callee).unwrap_or(0));
        let Some(callee) = self.cfg.layout.subprogs.get(of).copied() else {
            return;
        };
        self.effects(at, |subprog| {
            subprog.might_sleep |= callee.might_sleep;
            subprog.changes_packet |= callee.changes_packet;
            subprog.might_throw |= callee.might_throw;
        });
    }

    /// All edges of a slot are walked.
    fn leave(&mut self, at: u32) {
        if let Some(off) = self.cfg.flow(at as usize).callee() {
            self.absorb(at, i64::from(at) + 1 + i64::from(off));
        }
    }

    fn hidden_exit(&mut self, at: u32) {
        if !self.rules.switches.abnormal_exits() {
            return;
        }
        let of = self.cfg.subprog_of(at as usize);
        if let Some(exit) = self.cfg.subprogs().get(of).and_then(|s| s.exit) {
            self.cfg.tables.insert(at, Box::new([at + 1, exit]));
        }
    }

    fn jump_table(&mut self, at: u32) -> Result<(), Fault> {
        let Some(table) = self.facts.jump_table(at as usize).filter(|t| !t.is_empty()) else {
            return Err(Fault::NoJumpTable { insn: at });
        };
        let of = self.cfg.subprog_of(at as usize);
        let range = self.cfg.subprog_start(of)..self.cfg.subprog_end(of);
        if let Some(&target) = table.iter().find(|t| !range.contains(&(**t as usize))) {
            return Err(Fault::JumpTableRange { insn: at, target });
        }
        self.cfg.tables.insert(at, table.into_boxed_slice());
        Ok(())
    }

    fn follow(&mut self, at: u32, target: i64, kind: Edge) -> Result<(), Fault> {
        let inside = u32::try_from(target)
            .ok()
            .filter(|t| (*t as usize) < self.marks.len());
        let Some(to) = inside else {
            return Err(Fault::JumpOutOfRange { insn: at, target });
        };
        match self.mark(to) {
            Mark::New => {
                self.set(to, Mark::Open);
                self.path.push((to, 0));
            }
            Mark::Open if !self.loop_allowed(kind) => {
                return Err(Fault::BackEdge {
                    insn: at,
                    target: to,
                });
            }
            Mark::Open | Mark::Done => {}
        }
        Ok(())
    }

    fn loop_allowed(&self, kind: Edge) -> bool {
        let closes = matches!(kind, Edge::Jump | Edge::Reference);
        self.rules.capable && (closes || self.rules.switches.loops_by_any_edge())
    }

    /// The lowest slot that was not walked, or that was but is half of another.
    fn all_reached(&self) -> Result<(), Fault> {
        let mut at = 0;
        while (at as usize) < self.marks.len() {
            if self.mark(at) != Mark::Done {
                return Err(Fault::Unreachable { insn: at });
            }
            let wide = matches!(self.cfg.flow(at as usize), Flow::Wide | Flow::FuncRef(_));
            at += 1;
            if wide && self.rules.switches.whole_wide_loads() {
                let second = self.marks.get(at as usize);
                if second.is_some_and(|mark| *mark != Mark::New) {
                    return Err(Fault::IntoWide { insn: at - 1 });
                }
                at += 1;
            }
        }
        Ok(())
    }
}
