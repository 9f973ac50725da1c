//! What a program may not hold where it ends, or may end: references and sections.
//!
//! An object that is returned to the kernel is no leak; locks, RCU, preempt and IRQ
//! sections are judged where the whole program ends, references of a called function
//! are its caller's.

use super::locks;
use crate::abstract_interp::refusal::{Fault, Open, Section, Way, refuse};
use crate::abstract_interp::state::{RefKind, RefState};
use crate::abstract_interp::value::RefId;
use crate::abstract_interp::vm::{Check, Vm};
use crate::helpers_spec::ProgType;

/// What is about to happen ends the program (or may): nothing may be held.
///
/// `way` names it in the refusal. `sections`: whether locks, IRQ, RCU and
/// preempt sections must be left too. `exception`: the program is unwound from
/// whatever frame it is in.
pub fn check(vm: &Vm<'_>, exception: bool, sections: bool, way: Way) -> Check<()> {
    let state = &vm.cur;
    if sections && state.active_locks > 0 {
        let open = Open(Section::Lock);
        return refuse(Fault::SectionOpen { open, way });
    }
    if exception || state.curframe() == 0 {
        let returned = returned_reference(vm, exception);
        let leaked = |r: &&RefState| r.kind == RefKind::Object && Some(r.id) != returned;
        if let Some(r) = state.refs.iter().find(leaked) {
            return refuse(Fault::ReferenceHeld {
                id: r.id.into(),
                acquired: r.insn.into(),
                way,
            });
        }
    }
    if sections {
        locks::check_sections_left(state, way)?;
    }
    Ok(())
}

/// The reference that a struct_ops program hands to the kernel as its return
/// value.
fn returned_reference(vm: &Vm<'_>, exception: bool) -> Option<RefId> {
    let id = vm.reg(0).ref_id;
    (!exception && id.is_some() && vm.env.program.prog_type == ProgType::StructOps).then_some(id)
}
