//! Sections opened and closed.
//!
//! A pointer that RCU protects is valid while something protects it: on some targets
//! an RCU section, on others any section, lock or hook that keeps a grace period
//! from ending. When the last protection goes, such pointers turn untrusted.

use crate::abstract_interp::checks::sections::Crossing;
use crate::abstract_interp::refusal::Section;
use crate::abstract_interp::stack::Slot;
use crate::abstract_interp::value::{Flags, Kind, Reg};
use crate::abstract_interp::vm::Vm;

/// Carries an opening or closing out.
pub fn cross(vm: &mut Vm<'_>, crossing: Crossing) {
    let depth = match crossing.section {
        Section::Rcu => &mut vm.cur.active_rcu,
        Section::Preempt => &mut vm.cur.active_preempt,
        Section::Irq | Section::Lock | Section::Program => return,
    };
    if crossing.enters {
        *depth += 1;
    } else {
        *depth = depth.saturating_sub(1);
        left(vm, crossing.section);
    }
}

/// A section (or lock) was left.
pub fn left(vm: &mut Vm<'_>, section: Section) {
    let unprotected = if vm.env.target.behaviour().context_keeps_rcu() {
        !vm.in_rcu_section()
    } else {
        section == Section::Rcu && vm.cur.active_rcu == 0
    };
    if unprotected {
        distrust(vm);
    }
}

/// Pointers that RCU protected, those of iterators included, are so no more.
fn distrust(vm: &mut Vm<'_>) {
    let lent = if vm.env.target.behaviour().context_protects_rcu() {
        Flags::NON_OWN_REF
    } else {
        Flags::NONE
    };
    let gone = Flags::RCU.with(Flags::MAYBE_NULL).with(lent);
    let untrust = |r: &mut Reg| r.flags = r.flags.without(gone).with(Flags::UNTRUSTED);
    vm.cur
        .for_each_reg_mut(|r| r.flags.has(Flags::RCU), untrust);
    let protected =
        |s: &Slot| matches!(s.spill.kind, Kind::IterSlot { .. }) && s.spill.flags.has(Flags::RCU);
    for at in 0..vm.cur.frames.len() {
        if vm.cur.frames[at].stack.any(protected) {
            let stack = vm.cur.frame_at_mut(at).stack_mut();
            stack.change(|_, s| protected(s), |s| untrust(&mut s.spill));
        }
    }
}
