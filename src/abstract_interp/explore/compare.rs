//! When a kept state covers the current one.
//!
//! `old covers cur` must imply γ(cur) ⊆ γ(old) on everything that a path from
//! here may depend on: a scalar that no proof relied on (imprecise) covers any
//! scalar, a register that is dead covers anything, ids must correspond one to
//! one. `Exact::Yes` asks for equality (to find loops that do not move);
//! `Exact::RangeWithin` compares imprecise scalars too, because marks are not
//! final inside a loop.

use super::{Node, NodeId};
use crate::abstract_interp::domain::ScalarRules;
use crate::abstract_interp::stack::{Byte, Slot};
use crate::abstract_interp::state::{Frame, RefKind, State};
use crate::abstract_interp::value::{Kind, RefId, Reg};
use crate::abstract_interp::vm::Vm;
use crate::prelude::*;
use crate::target::StackLiveness;

/// How strictly to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exact {
    /// Final marks: imprecise scalars are not compared.
    No,
    /// Equality.
    Yes,
    /// Marks not final: compare the ranges of all scalars.
    RangeWithin,
}

/// A correspondence of ids between two states.
#[derive(Debug, Default)]
pub struct IdMap {
    pairs: Vec<(u32, u32)>,
    spare: u32,
    /// Whether a kept scalar without id covers one that shares its value; asked of the
    /// target when it first matters.
    independent_covers_linked: Option<bool>,
    /// It mattered, and was not asked yet.
    unanswered: bool,
    /// Ids of scalars must correspond.
    scalars_told: bool,
    /// A number at a distance from others is of their group.
    links_grouped: bool,
    /// A packet pointer without id corresponds to one with any.
    loose_packets: bool,
    /// Several ids of the kept state may stand for one.
    many_to_one: bool,
    /// Ids of references, and of pointers but to packets and map values, are the same.
    literal: bool,
    /// Dynptrs of which memory is a slice correspond.
    slices_correspond: bool,
    /// What lies in the slots of a dynptr is not looked at.
    loose_dynptrs: bool,
    /// Spilled numbers of which nothing is known correspond to data.
    data_as_scalars: bool,
    /// The same for spills of 32 bits and four bytes of data.
    halves_as_scalars: bool,
    /// Slots that no path reads are told from those that were never written: what is in
    /// them doesn't matter in any comparison.
    dead_told_apart: bool,
    /// Offsets of pointers are one number, of this arithmetic.
    joined: Option<ScalarRules>,
    /// Numbers are compared whether or not a proof relied on them.
    all_precise: bool,
    /// Numbers must be the same.
    numbers_told: bool,
    /// Bytes never written are no data.
    unwritten_told: bool,
    /// Inside a loop, too, what was never written covers everything.
    unset_covers: bool,
}

impl IdMap {
    /// Begins anew; `last_id` is the greatest id in use.
    pub fn reset(&mut self, last_id: u32) {
        self.pairs.clear();
        self.spare = last_id;
    }
    /// Whether what was never written, or is data of any kind, covers whatever there is.
    const fn loose(&self, exact: Exact) -> bool {
        match exact {
            Exact::No => true,
            Exact::RangeWithin => self.unset_covers,
            Exact::Yes => false,
        }
    }
    /// Whether `old` and `cur` may correspond; remembers that they do.
    pub fn same(&mut self, old: u32, cur: u32) -> bool {
        if (old != 0) != (cur != 0) {
            return false;
        }
        if old == 0 {
            return true;
        }
        for &(o, c) in &self.pairs {
            if o == old {
                return c == cur;
            }
            if c == cur && !self.many_to_one {
                return false;
            }
        }
        self.pairs.push((old, cur));
        true
    }
    /// As `same`, for what holds or points to an object.
    fn same_object(&mut self, old: u32, cur: u32) -> bool {
        if self.literal {
            return old == cur;
        }
        self.same(old, cur)
    }
    /// Whether reference `old` may correspond to `cur`.
    pub fn same_ref(&mut self, old: RefId, cur: RefId) -> bool {
        self.same_object(old.number(), cur.number())
    }
    /// As `same`, but a scalar without id corresponds to one with an id of its
    /// own.
    fn same_scalar(&mut self, old: u32, cur: u32) -> bool {
        let mut fill = |id: u32| {
            if id != 0 {
                return id;
            }
            self.spare += 1;
            self.spare
        };
        let (old, cur) = (fill(old), fill(cur));
        self.same(old, cur)
    }
    /// Whether two scalars are of groups that may correspond.
    fn same_group(&mut self, old: &Reg, cur: &Reg) -> bool {
        match self.links_grouped {
            true => self.same_scalar(old.base_id(), cur.base_id()),
            false => self.same_scalar(old.id, cur.id),
        }
    }
}

const UNBOUND: Reg = Reg::unknown();

/// Equality of all but ids, which must correspond.
pub fn same_exactly(old: &Reg, cur: &Reg, ids: &mut IdMap) -> bool {
    same_kind(old.kind, cur.kind, ids)
        && old.flags == cur.flags
        && old.off == cur.off
        && old.range == cur.range
        && old.bounds == cur.bounds
        && ids.same_object(old.id, cur.id)
        && ids.same_ref(old.ref_id, cur.ref_id)
}

/// Bytes checked: as many or more; what was found at or beyond the packet's end
/// (a negative mark) only matches its like. Where an offset is one number they are
/// counted from the packet's beginning, up to the farthest that the pointer may be.
fn range_covers(old: &Reg, cur: &Reg, joined: bool) -> bool {
    let reach = |reg: &Reg| match i64::from(reg.range) {
        bytes @ 1.. if joined => bytes.saturating_add_unsigned(reg.bounds.umax),
        bytes => bytes,
    };
    let (old, cur) = (reach(old), reach(cur));
    old == cur || (0..=cur).contains(&old)
}

/// Whether what `old` shares with other numbers, `cur` shares with theirs: a
/// group corresponds to one group, a distance to the same distance. The groups
/// of linked numbers are those of their bases, else a number a fixed distance
/// from another would cover one at that distance from a third (as it does on
/// kernels that take them for groups of their own).
fn link_covers(old: &Reg, cur: &Reg, ids: &mut IdMap) -> bool {
    if !ids.scalars_told {
        return true;
    }
    if old.id == 0 {
        // Nothing shared corresponds to nothing shared.
        if cur.id == 0 {
            return true;
        }
        match ids.independent_covers_linked {
            Some(true) => return true,
            Some(false) => {}
            None => {
                ids.unanswered = true;
                return true;
            }
        }
    }
    old.link() == cur.link() && (old.link() == 0 || old.off == cur.off) && ids.same_group(old, cur)
}

/// Whether a pointer's offset lies within another's; `joined` has the arithmetic where
/// the parts of an offset are one number.
fn offset_covers(old: &Reg, cur: &Reg, joined: Option<&ScalarRules>) -> bool {
    if old.off == cur.off {
        return old.bounds.covers(&cur.bounds);
    }
    let Some(rules) = joined else {
        return false;
    };
    old.whole_offset(rules).covers(&cur.whole_offset(rules))
}

/// Whether two pointers are of one kind. A slice is of a dynptr: of the same one, or of
/// one that corresponds.
fn same_kind(old: Kind, cur: Kind, ids: &mut IdMap) -> bool {
    match (old, cur) {
        (
            Kind::Mem { size, dynptr_id },
            Kind::Mem {
                size: other,
                dynptr_id: current,
            },
        ) if ids.slices_correspond => size == other && ids.same(dynptr_id, current),
        _ => old == cur,
    }
}

fn reg_covers(old: &Reg, cur: &Reg, ids: &mut IdMap, exact: Exact) -> bool {
    if exact == Exact::Yes {
        return same_exactly(old, cur, ids);
    }
    if !old.is_init() && (ids.loose(exact) || !cur.is_init()) {
        return true;
    }
    // What is the same in all, ids included, was never asked whether these correspond.
    if ids.literal && old.id == cur.id && same_exactly(old, cur, ids) {
        return true;
    }
    match (old.kind, cur.kind) {
        (Kind::Scalar, Kind::Scalar) => {
            if ids.numbers_told {
                return old.bounds == cur.bounds
                    && old.off == cur.off
                    && (!ids.scalars_told || ids.same_group(old, cur));
            }
            if !old.precise && exact == Exact::No && !ids.all_precise {
                return true;
            }
            old.bounds.covers(&cur.bounds) && link_covers(old, cur, ids)
        }
        (Kind::Packet, Kind::Packet) | (Kind::PacketMeta, Kind::PacketMeta) => {
            old.flags == cur.flags
                && range_covers(old, cur, ids.joined.is_some())
                && (old.id == 0 && ids.loose_packets || ids.same(old.id, cur.id))
                && offset_covers(old, cur, ids.joined.as_ref())
        }
        (Kind::Mem { .. } | Kind::Buf | Kind::TpBuffer, _) if ids.literal => {
            same_exactly(old, cur, ids)
        }
        (
            Kind::MapKey { .. }
            | Kind::MapValue { .. }
            | Kind::Mem { .. }
            | Kind::Buf
            | Kind::TpBuffer,
            _,
        ) => {
            same_kind(old.kind, cur.kind, ids)
                && old.flags == cur.flags
                && offset_covers(old, cur, ids.joined.as_ref())
                && ids.same(old.id, cur.id)
                && ids.same_ref(old.ref_id, cur.ref_id)
        }
        (Kind::Arena, Kind::Arena) => old.flags == cur.flags,
        _ => same_exactly(old, cur, ids),
    }
}

/// A slot as one 64-bit scalar, where it reads as one.
fn as_scalar(slot: &Slot, unwritten_told: bool) -> Option<&Reg> {
    if slot.is_scalar_spill64() {
        return Some(&slot.spill);
    }
    let unreadable_as_known = |b: &Byte| *b == Byte::Misc || *b == Byte::Invalid && !unwritten_told;
    slot.kinds
        .iter()
        .all(unreadable_as_known)
        .then_some(&UNBOUND)
}

/// The lower half of a slot as a scalar of 32 bits, where it reads as one.
fn lower_half(slot: &Slot, unwritten_told: bool) -> Option<&Reg> {
    let (upper, lower) = slot.kinds.split_at(slot.kinds.len() / 2);
    if lower.iter().all(|b| *b == Byte::Spill) {
        let narrow = upper.last() != Some(&Byte::Spill);
        return (narrow && slot.spill.is_scalar()).then_some(&slot.spill);
    }
    let data = |b: &Byte| *b == Byte::Misc || *b == Byte::Invalid && !unwritten_told;
    lower.iter().all(data).then_some(&UNBOUND)
}

fn lower_written(slot: &Slot) -> bool {
    let lower = &slot.kinds[slot.kinds.len() / 2..];
    lower.iter().any(|b| *b != Byte::Invalid)
}

fn slot_covers(old: &Slot, cur: Option<&Slot>, ids: &mut IdMap, exact: Exact) -> bool {
    if (ids.loose(exact) || ids.dead_told_apart) && old.kinds == Slot::EMPTY.kinds {
        return true;
    }
    if !ids.loose(exact) && cur.is_none_or(|cur| cur.kinds != old.kinds) {
        return false;
    }
    let told = ids.unwritten_told;
    let nothing_known = |b: &Byte| *b == Byte::Invalid || *b == Byte::Misc && !told;
    // Privileged programs may read what was never written: such bytes are as
    // good as any data.
    let Some(cur) = cur else {
        return old.kinds.iter().all(nothing_known);
    };
    if ids.data_as_scalars
        && let (Some(o), Some(c)) = (as_scalar(old, told), as_scalar(cur, told))
    {
        if !old.kinds.iter().all(nothing_known) {
            return reg_covers(o, c, ids, exact);
        }
        return true;
    }
    let upper = old.kinds.len() / 2;
    let halves = (lower_half(old, told), lower_half(cur, told));
    let (told_apart, checked) = match halves {
        (Some(o), Some(c)) if ids.halves_as_scalars && lower_written(old) => {
            if !reg_covers(o, c, ids, exact) {
                return false;
            }
            (upper, true)
        }
        _ => (old.kinds.len(), false),
    };
    for (o, c) in old.kinds.iter().zip(&cur.kinds).take(told_apart) {
        let fits = match (o, c) {
            (Byte::Invalid, _) => true,
            (Byte::Misc, c) => !told || matches!(c, Byte::Misc | Byte::Zero),
            (o, c) => o == c,
        };
        if !fits {
            return false;
        }
    }
    if checked {
        return true;
    }
    match old.kinds[7] {
        Byte::Spill => reg_covers(&old.spill, &cur.spill, ids, exact),
        Byte::Dynptr if ids.loose_dynptrs => true,
        Byte::Dynptr => {
            old.spill.kind == cur.spill.kind && ids.same_ref(old.spill.ref_id, cur.spill.ref_id)
        }
        Byte::Iter => {
            same_iter(old.spill.kind, cur.spill.kind)
                && ids.same_ref(old.spill.ref_id, cur.spill.ref_id)
        }
        Byte::Irq => {
            ids.same_ref(old.spill.ref_id, cur.spill.ref_id) && old.spill.kind == cur.spill.kind
        }
        Byte::Misc | Byte::Zero | Byte::Invalid => true,
    }
}

/// Iterators correspond whatever the number of elements taken.
fn same_iter(old: Kind, cur: Kind) -> bool {
    match (old, cur) {
        (
            Kind::IterSlot {
                btf: b1,
                id: i1,
                state: s1,
                ..
            },
            Kind::IterSlot {
                btf: b2,
                id: i2,
                state: s2,
                ..
            },
        ) => b1 == b2 && i1 == i2 && s1 == s2,
        _ => false,
    }
}

/// A register or stack slot of the innermost frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Where {
    /// A register.
    Reg(u8),
    /// A stack slot.
    Slot(u8),
}

/// Whether a frame is covered; if not, the register or slot that isn't (`None`
/// for the rest of the frame).
fn frame_covers(
    old: &Frame,
    cur: &Frame,
    (live, slots): (u16, u64),
    ids: &mut IdMap,
    exact: Exact,
) -> Result<(), Option<Where>> {
    if old.callback_depth > cur.callback_depth {
        return Err(None);
    }
    for (r, (o, c)) in old.regs.iter().zip(&cur.regs).enumerate() {
        if live >> r & 1 != 0 && !reg_covers(o, c, ids, exact) {
            return Err(Some(Where::Reg(r as u8)));
        }
    }
    for (i, slot) in old.stack.slots().enumerate() {
        if slots >> i & 1 != 0 && !slot_covers(slot, cur.stack.get(i), ids, exact) {
            return Err(Some(Where::Slot(i as u8)));
        }
    }
    Ok(())
}

/// Whether one register or slot, taken alone, isn't covered.
fn differs(
    old: &Frame,
    cur: &Frame,
    (live, slots): (u16, u64),
    at: Where,
    ids: &mut IdMap,
    exact: Exact,
) -> bool {
    match at {
        Where::Slot(i) if slots >> i & 1 == 0 => false,
        Where::Reg(r) if live >> r & 1 == 0 => false,
        Where::Reg(r) => !reg_covers(&old.regs[r as usize], &cur.regs[r as usize], ids, exact),
        Where::Slot(i) => {
            let slot = old.stack.slot(i as usize);
            !slot_covers(slot, cur.stack.get(i as usize), ids, exact)
        }
    }
}

fn refs_cover(old: &State, cur: &State, ids: &mut IdMap) -> bool {
    old.refs.len() == cur.refs.len()
        && old.active_locks == cur.active_locks
        && old.active_preempt == cur.active_preempt
        && old.active_rcu == cur.active_rcu
        && ids.same_ref(old.active_irq_id, cur.active_irq_id)
        && ids.same_ref(old.active_lock_id, cur.active_lock_id)
        && old.active_lock_owner == cur.active_lock_owner
        && old.refs.iter().zip(&cur.refs).all(|(o, c)| {
            ids.same_ref(o.id, c.id)
                && o.kind == c.kind
                && (matches!(o.kind, RefKind::Object | RefKind::Irq) || o.owner == c.owner)
        })
}

impl Vm<'_> {
    /// Whether kept state `id` covers the current state.
    pub(super) fn covers(&mut self, id: NodeId, exact: Exact) -> bool {
        let exact = match exact {
            Exact::No if self.env.target.behaviour().all_scalars_compared() => Exact::RangeWithin,
            other => other,
        };
        let mut ids = core::mem::take(&mut self.explorer.ids);
        ids.scalars_told = self.env.target.behaviour().compare_scalar_ids();
        ids.links_grouped = self.env.target.behaviour().links_grouped();
        ids.literal = !self.env.target.behaviour().ids_correspond();
        ids.many_to_one = !self.env.target.behaviour().ids_one_to_one();
        ids.loose_packets = !self.env.target.behaviour().packet_ids_compared();
        ids.data_as_scalars = self.env.target.behaviour().misc_matches_unbounded();
        let joined = self.env.target.behaviour().offsets_joined();
        ids.joined = joined.then(|| *self.env.rules());
        ids.halves_as_scalars = self.env.target.behaviour().misc_matches_half();
        ids.slices_correspond = self.env.target.behaviour().slices_correspond();
        ids.loose_dynptrs = !self.env.target.behaviour().dynptr_slots_guarded();
        ids.all_precise = !self.env.capable;
        ids.dead_told_apart = self.env.target.behaviour().stack_liveness() == StackLiveness::Static;
        ids.unwritten_told = self.env.confined;
        ids.unset_covers = self.env.target.behaviour().loops_cover_unset();
        ids.numbers_told = self.explorer.numbers_told;
        let mut found = self.compare(self.explorer.node(id), &mut ids, exact);
        if core::mem::take(&mut ids.unanswered) {
            let answer = self.env.target.behaviour().independent_covers_linked();
            ids.independent_covers_linked = Some(answer);
            found = self.compare(self.explorer.node(id), &mut ids, exact);
        }
        self.explorer.ids = ids;
        if let Err(Some(at)) = found {
            self.explorer.node_mut(id).hint = Some(at);
        }
        if let (Some(profile), Err(why)) = (&mut self.explorer.profile, found) {
            profile.failed(why);
        }
        found.is_ok()
    }

    /// Registers and slots of a kept state's frame that matter.
    fn compared(&self, node: &Node, frame: usize, insn: u32, exact: Exact) -> (u16, u64) {
        let (regs, slots) = if exact == Exact::No && self.marks_reads() {
            node.read.of(frame)
        } else {
            (u16::MAX, u64::MAX)
        };
        if self.env.target.behaviour().static_register_liveness() {
            return (self.env.cfg.live_regs(insn as usize) & regs, slots);
        }
        (regs, slots)
    }

    fn compare(&self, node: &Node, ids: &mut IdMap, exact: Exact) -> Result<(), Option<Where>> {
        let (old, cur) = (&node.state, &self.cur);
        // What only a misprediction reaches says nothing of what a program does.
        let truer = old.mispredicted && !cur.mispredicted;
        if old.frames.len() != cur.frames.len() || old.in_sleepable != cur.in_sleepable || truer {
            return Err(None);
        }
        // What told this state from the last one most likely tells it from this
        // one too. While no id is paired, a mismatch is one under every pairing.
        if let Some(at) = node.hint {
            ids.reset(self.last_id);
            let live = self.compared(node, old.curframe(), node.track.insn, exact);
            if differs(old.frame(), cur.frame(), live, at, ids, exact) {
                return Err(Some(at));
            }
        }
        ids.reset(self.last_id);
        let frames = old.frames.iter().zip(&cur.frames);
        if frames.clone().any(|(o, c)| o.callsite != c.callsite) || !refs_cover(old, cur, ids) {
            return Err(None);
        }
        for (at, (o, c)) in frames.enumerate() {
            let insn = super::scc::frame_insn(old, node.track.insn, at);
            let live = self.compared(node, at, insn, exact);
            let found = frame_covers(o, c, live, ids, exact);
            found.map_err(|place| place.filter(|_| at == old.curframe()))?;
        }
        Ok(())
    }
}
