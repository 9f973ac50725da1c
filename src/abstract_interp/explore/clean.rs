//! What is dropped from states: registers and stack that no path reads, ids that tell
//! of no other.

use smallvec::SmallVec;

use super::Listed;
use super::NodeId;
use super::scc::frame_insn;
use crate::abstract_interp::ahead::Halves;
use crate::abstract_interp::stack::{Byte, Slot};
use crate::abstract_interp::state::{FP, State};
use crate::abstract_interp::value::Reg;
use crate::abstract_interp::vm::Vm;

impl Vm<'_> {
    /// Removes what is dead from finished states kept at this instruction, so
    /// that they cover more.
    pub(super) fn clean_list(&mut self, list: usize) {
        for at in 0..self.explorer.lists[list].len() {
            let Listed {
                node: id,
                insn,
                cleaned,
            } = self.explorer.lists[list][at];
            if cleaned || insn as usize != self.insn {
                continue;
            }
            let node = self.explorer.node(id);
            if node.track.branches > 0
                || self.unfinished(id)
                || !same_callsites(&node.state, &self.cur)
            {
                continue;
            }
            self.clean(id);
            self.explorer.lists[list][at].cleaned = true;
        }
    }

    fn clean(&mut self, id: NodeId) {
        let mut node = self.explorer.nodes[id as usize]
            .take()
            .expect("a listed state is kept");
        let cfg = self.env.cfg;
        let marks = self.marks_reads();
        let statically = self.env.target.behaviour().static_register_liveness();
        let query = (!marks).then(|| self.explorer.live.query(cfg, &node.state, node.track.insn));
        for at in 0..node.state.frames.len() {
            let insn = frame_insn(&node.state, node.track.insn, at);
            let (read, marked) = node.read.of(at);
            let live = match (statically, marks) {
                (true, true) => cfg.live_regs(insn as usize) & read,
                (true, false) => cfg.live_regs(insn as usize),
                (false, _) => read,
            };
            drop_registers(&mut node.state, at, live);
            let alive = match &query {
                Some(query) => self.explorer.live.alive(cfg, query, at),
                None => marked,
            };
            drop_slots(&mut node.state, at, alive);
        }
        self.explorer.nodes[id as usize] = Some(node);
    }

    /// Removes from the current state what is known beforehand to be dead.
    pub(super) fn clean_current(&mut self) {
        let Some(ahead) = &self.explorer.ahead else {
            return;
        };
        let cfg = self.env.cfg;
        for at in 0..self.cur.frames.len() {
            let insn = frame_insn(&self.cur, self.insn as u32, at);
            let alive = ahead.alive(cfg, &self.cur, self.insn as u32, at);
            drop_registers(&mut self.cur, at, cfg.live_regs(insn as usize));
            let zeros = self.env.target.behaviour().zero_spills_whole();
            drop_halves(&mut self.cur, at, alive, zeros);
        }
    }
}

/// Takes a scalar's id away where no other register or slot shares it: a range that it
/// gains tells of nothing else.
pub(super) fn drop_singular_ids(state: &mut State) {
    let shared = |r: &Reg| r.is_scalar() && r.id != 0;
    let mut ids: SmallVec<[u32; 16]> = SmallVec::new();
    state.each_reg(|r| ids.extend(shared(r).then(|| r.base_id())));
    ids.sort_unstable();
    let of = |id: &u32| ids.partition_point(|i| i <= id) - ids.partition_point(|i| i < id);
    let singular = |r: &Reg| shared(r) && of(&r.base_id()) == 1;
    if ids.iter().any(|id| of(id) == 1) {
        state.for_each_reg_mut(singular, |r| (r.id, r.off) = (0, 0));
    }
}

fn drop_registers(state: &mut State, at: usize, live: u16) {
    // Outer frames are shared by many states: copied only for a change.
    let dead = |r: usize, reg: &Reg| live >> r & 1 == 0 && *reg != Reg::UNINIT;
    let regs = state.frames[at].regs.iter().enumerate().take(FP as usize);
    if regs.clone().any(|(r, reg)| dead(r, reg)) {
        let frame = state.frame_at_mut(at);
        for (r, reg) in frame.regs.iter_mut().enumerate().take(FP as usize) {
            if dead(r, reg) {
                *reg = Reg::UNINIT;
            }
        }
    }
}

fn drop_slots(state: &mut State, at: usize, alive: u64) {
    let dead = |i: usize, slot: &Slot| alive >> i & 1 == 0 && *slot != Slot::EMPTY;
    let stack = &state.frames[at].stack;
    if stack.slots().enumerate().any(|(i, slot)| dead(i, slot)) {
        let stack = state.frame_at_mut(at).stack_mut();
        stack.change(dead, |slot| *slot = Slot::EMPTY);
    }
}

/// Slots of which only some halves may be read. Objects of several slots stay whole, and
/// so does a spilled pointer: no part of it is ever data. With `zeros`, a spilled zero
/// stays, too: what is left of it would be known to be zero no longer.
fn drop_halves(state: &mut State, at: usize, alive: Halves, zeros: bool) {
    let bits = |i: usize| (alive >> (2 * i)) as u8 & 3;
    let dead = |i: usize, slot: &Slot| {
        let (upper, lower) = slot.kinds.split_at(4);
        let written = |half: &[Byte]| half != [Byte::Invalid; 4];
        let bits = bits(i);
        let zero = zeros && bits == 1 && slot.is_spill() && slot.spill.is_null();
        let whole = zero || slot.is_spill() && !slot.spill.is_scalar();
        bits != 3
            && (bits == 0 || !whole)
            && (bits & 1 == 0 && written(upper) || bits & 2 == 0 && written(lower))
            && !slot.is_special()
    };
    let stack = &state.frames[at].stack;
    if stack.slots().enumerate().any(|(i, slot)| dead(i, slot)) {
        let stack = state.frame_at_mut(at).stack_mut();
        stack.change_at(dead, |i, slot| keep_halves(slot, bits(i)));
    }
}

/// Keeps the upper half (bit 0), the lower (bit 1), both or none. A spilled register
/// goes with the lower half: what is left above is data.
fn keep_halves(slot: &mut Slot, alive: u8) {
    if alive & 3 == 0 {
        *slot = Slot::EMPTY;
        return;
    }
    if alive & 1 == 0 {
        slot.kinds[..4].fill(Byte::Invalid);
    }
    if alive & 2 == 0 {
        for kind in &mut slot.kinds[..4] {
            if *kind == Byte::Spill {
                *kind = Byte::Misc;
            }
        }
        slot.kinds[4..].fill(Byte::Invalid);
        slot.spill = Reg::UNINIT;
    }
}

fn same_callsites(a: &State, b: &State) -> bool {
    a.frames.len() == b.frames.len()
        && a.frames
            .iter()
            .zip(&b.frames)
            .all(|(x, y)| x.callsite == y.callsite)
}
