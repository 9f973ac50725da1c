//! What a kernel's build and switches keep from programs.
//!
//! Whole types of programs, maps and hooks are missing without an option (data of
//! `helpers_spec`); without a JIT, what an interpreter cannot run; without symbols, what
//! is looked up by name; locked down, what reads or changes the kernel's memory.

use super::helper_allowed::id;
use crate::abstract_interp::asked::AskedTarget;
use crate::abstract_interp::refusal::{Fault, Refusal, refuse};
use crate::abstract_interp::vm::{Check, Env, Vm, unknown};
use crate::helpers_spec::{AttachType, MapType, ProgType};
use crate::prelude::*;
use crate::programs::Program;
use crate::programs::insn::{Callee, ImmRef, Op};
use crate::target::{Jit, Lockdown};

const KALLSYMS: &str = "CONFIG_KALLSYMS";
const KERNEL_BTF: &str = "CONFIG_DEBUG_INFO_BTF";

/// Whether the kernel has what the program is, hangs on and is linked with.
pub fn load(program: &Program, target: AskedTarget<'_>) -> Result<(), Box<Refusal>> {
    let lacking = |kind: &str, name: &str, option: &str| {
        let fault = Fault::OptionMissing {
            kind: kind.into(),
            name: name.into(),
            option: option.into(),
        };
        Err(Refusal::new(fault).at(0))
    };
    let config = target.config();
    let ty = program.prog_type.name();
    if let Some(option) = config.missing("prog_type", ty) {
        return lacking("prog_type", ty, option);
    }
    if let Some(slot) = &program.struct_ops
        && let Some(option) = config.missing("struct_ops", &slot.structure)
    {
        return lacking("struct_ops", &slot.structure, option);
    }
    for map in program.maps.iter() {
        let name = MapType::from_id(map.map_type).map_or("", MapType::name);
        if let Some(option) = config.missing("map_type", name) {
            return lacking("map_type", name, option);
        }
    }
    if !config.has(KERNEL_BTF) && !program.core_relocs.is_empty() {
        return lacking("types", "core", KERNEL_BTF);
    }
    if !config.has(KALLSYMS) {
        if let Some(kfunc) = program.kfuncs.iter().find(|k| k.resolved) {
            return lacking("address", &kfunc.name, KALLSYMS);
        }
        if let Some(name) = program.attach_to.as_deref().filter(|_| by_address(program)) {
            return lacking("address", name, KALLSYMS);
        }
    }
    Ok(())
}

/// Whether the program hangs on a function that the kernel looks up by name.
fn by_address(program: &Program) -> bool {
    let hook = program.attach_type;
    program.prog_type == ProgType::Lsm
        || program.prog_type == ProgType::Tracing
            && matches!(
                hook,
                Some(AttachType::TraceFentry | AttachType::TraceFexit | AttachType::ModifyReturn)
            )
}

/// What is refused before exploring, of a kernel that only interprets.
pub fn interpreted(env: &Env<'_>) -> Check<()> {
    if env.target.config().jit() != Jit::Off {
        return Ok(());
    }
    let kfunc = |op: &Op| matches!(op, Op::Call(Callee::Kfunc { .. }));
    if let Some(at) = env.ops.iter().position(kfunc) {
        return Err(Refusal::new(Fault::KfuncInterpreted).at(at).into());
    }
    if env.has_arena {
        return refuse(Fault::ArenaInterpreted);
    }
    Ok(())
}

/// What is refused once every path is walked: an interpreter cannot enter a function by
/// its address.
pub fn callbacks(vm: &Vm<'_>) -> Check<()> {
    if vm.env.target.config().jit() != Jit::Off {
        return Ok(());
    }
    for (at, op) in vm.env.ops.iter().enumerate() {
        let function = matches!(
            op,
            Op::LdImm64 {
                src: ImmRef::Func(_),
                ..
            }
        );
        if function && vm.aux.get(at).is_some_and(|aux| aux.seen) {
            return Err(Refusal::new(Fault::CallbackInterpreted).at(at).into());
        }
    }
    Ok(())
}

/// Whether the kernel as it is has the helper.
pub fn helper(env: &Env<'_>, name: &str, helper: i32) -> Check<()> {
    let config = env.target.config();
    let split = env.target.behaviour().helper_message_split();
    let barred = |option: &str| {
        let (name, id, option) = (name.into(), helper.into(), option.into());
        refuse(match split {
            true => Fault::HelperOption { name, id, option },
            // To these kernels it is no helper at all.
            false => Fault::HelperOptionAbsent { name, id, option },
        })
    };
    match helper {
        id::OVERRIDE_RETURN if !config.kprobe_override() => {
            return barred("CONFIG_BPF_KPROBE_OVERRIDE");
        }
        id::PROBE_WRITE_USER if config.lockdown() >= Lockdown::Integrity => {
            return barred("lockdown=integrity");
        }
        // Loaders ask for the newer names, and take the oldest where they get none.
        id::PROBE_READ
        | id::PROBE_READ_STR
        | id::PROBE_READ_KERNEL
        | id::PROBE_READ_KERNEL_STR
        | id::PROBE_READ_USER
        | id::PROBE_READ_USER_STR
            if config.lockdown() == Lockdown::Confidentiality =>
        {
            return barred("lockdown=confidentiality");
        }
        id::TAIL_CALL if config.jit() == Jit::Off && env.program.subprogs.len() > 1 => {
            return refuse(Fault::TailCallInterpreted);
        }
        id::OVERRIDE_RETURN => return Ok(()),
        _ => {}
    }
    match config.missing("helper", name) {
        Some(option) => unknown(format!("option:{option}")),
        None => Ok(()),
    }
}
