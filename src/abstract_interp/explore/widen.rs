//! Making loops converge: values that no proof relied on are forgotten.

use super::Place;
use super::compare::{IdMap, same_exactly};
use crate::abstract_interp::state::State;
use crate::abstract_interp::value::Reg;
use crate::abstract_interp::vm::Vm;
use crate::prelude::*;

impl Vm<'_> {
    /// The state kept at instruction `insn` on the current path before its
    /// newest kept state, if there is one with the same call sites.
    pub fn earlier_visit(&self, insn: usize) -> Option<State> {
        let parent = self.explorer.node(self.explorer.track().parent?);
        self.earlier(insn, &parent.state, parent.track.depth)
    }

    /// The state kept at instruction `insn` on the current path, if there is one
    /// with the call sites of the current state (a callback has just returned).
    pub fn earlier_return(&self, insn: usize) -> Option<State> {
        self.earlier(insn, &self.cur, self.explorer.track().depth)
    }

    /// The greatest id in use, where widening asks for ids.
    pub fn ids_for_widening(&self) -> Option<u32> {
        let by_value = self.env.target.behaviour().widening_by_value();
        (!by_value).then_some(self.last_id)
    }

    fn earlier(&self, insn: usize, like: &State, depth: u32) -> Option<State> {
        let list = (insn as u32 ^ like.frame().callsite) as usize % self.explorer.lists.len();
        self.explorer.lists[list]
            .iter()
            .rev()
            .filter(|listed| listed.insn as usize == insn)
            .map(|listed| self.explorer.node(listed.node))
            .find(|n| {
                n.track.branches > 0
                    && n.state.frames.len() == like.frames.len()
                    && n.state
                        .frames
                        .iter()
                        .zip(&like.frames)
                        .all(|(a, b)| a.callsite == b.callsite)
                    && n.track.depth < depth
            })
            .map(|n| n.state.clone())
    }
}

/// Forgets in `cur` every scalar that differs from the one in `old` and that
/// nothing relied on yet. `last_id` is the greatest id in use, if a number of another
/// group is another number.
pub fn widen(old: &State, cur: &mut State, last_id: Option<u32>) {
    let mut ids = IdMap::default();
    ids.reset(last_id.unwrap_or_default());
    let mut differs = |o: &Reg, c: &Reg| match last_id {
        Some(_) => !same_exactly(o, c, &mut ids),
        None => o.bounds != c.bounds,
    };
    let mut forget: Vec<Place> = Vec::new();
    for (f, (o, c)) in old.frames.iter().zip(&cur.frames).enumerate().rev() {
        let mut look = |o: &Reg, c: &Reg, is_reg: bool, index: usize| {
            if o.is_scalar() && c.is_scalar() && !o.precise && !c.precise && differs(o, c) {
                forget.push(Place {
                    frame: f as u8,
                    is_reg,
                    index: index as u8,
                });
            }
        };
        for (r, (o, c)) in o.regs.iter().zip(&c.regs).enumerate() {
            look(o, c, true, r);
        }
        for (s, (o, c)) in o.stack.slots().zip(c.stack.slots()).enumerate() {
            if o.is_spill() && c.is_spill() {
                look(&o.spill, &c.spill, false, s);
            }
        }
    }
    for p in forget {
        let frame = cur.frame_at_mut(p.frame as usize);
        let reg = if p.is_reg {
            &mut frame.regs[p.index as usize]
        } else {
            &mut frame.stack_mut().slot_mut(p.index as usize).spill
        };
        *reg = Reg::unknown();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether r6, unknown in one of two groups before and after, is still in one.
    fn kept(before: u32, after: u32, last_id: Option<u32>) -> bool {
        let of = |id| {
            let mut state = State::new(0, false);
            state.set_reg(
                6,
                Reg {
                    id,
                    ..Reg::unknown()
                },
            );
            state
        };
        let mut cur = of(after);
        widen(&of(before), &mut cur, last_id);
        cur.reg(6).id == after
    }

    #[test]
    fn a_group_matters_where_ids_do() {
        assert!(kept(0, 7, None));
        assert!(!kept(0, 7, Some(7)));
        assert!(kept(7, 7, Some(7)));
    }
}
