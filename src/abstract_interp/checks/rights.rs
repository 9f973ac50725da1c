//! What takes capabilities: the load itself, maps, and single functions.
//!
//! Demands are data (`helpers_spec`): of program types, map types, helpers and kfuncs.
//! What a program's instructions may do without `CAP_PERFMON` is in `secrecy` and
//! `transfer::speculation`; loops and functions without `CAP_BPF` are a matter of the
//! control flow graph.

use super::args::kfunc::Kfunc;
use crate::abstract_interp::asked::{AskedTarget, HelperFacts};
use crate::abstract_interp::refusal::{Fault, Refusal, refuse};
use crate::abstract_interp::vm::{Check, Env, Vm};
use crate::helpers_spec::{
    HelperCap, KfFlags, MapCap, MapType, helper, map_type_cap, prog_type_facts,
};
use crate::object::MapDef;
use crate::prelude::*;
use crate::programs::Program;
use crate::programs::insn::{Callee, Op};
use crate::target::{Capability, Rights};

/// Whether the command may be given at all: for the program's type, then for the maps
/// that are made before.
pub fn load(program: &Program, target: AskedTarget<'_>) -> Result<(), Box<Refusal>> {
    if target.rights().all() == Rights::ALL {
        return Ok(());
    }
    for map in program.maps.iter() {
        if let Some(capability) = missing(target, &map_demands(map, target)) {
            let fault = Fault::MapPrivileged {
                name: (*map.name).into(),
                capability: capability.name().into(),
            };
            return Err(Refusal::new(fault).at(0));
        }
    }
    match missing(target, &type_demands(program, target)) {
        None => Ok(()),
        Some(capability) => {
            let fault = Fault::TypePrivileged {
                name: program.prog_type.name().into(),
                capability: capability.name().into(),
            };
            Err(Refusal::new(fault).at(0))
        }
    }
}

/// The first of these that the loader lacks.
fn missing(target: AskedTarget<'_>, demands: &[Capability]) -> Option<Capability> {
    let lacks = |c: &&Capability| !target.rights().meets(**c);
    demands.iter().find(lacks).copied()
}

/// What loading a program of its type takes.
pub fn type_demands(program: &Program, target: AskedTarget<'_>) -> Vec<Capability> {
    let mut demands = Vec::new();
    let facts = prog_type_facts(program.prog_type);
    if facts.is_none_or(|f| !f.unprivileged) || !target.config().unprivileged_bpf() {
        demands.push(Capability::Bpf);
    }
    if facts.is_some_and(|f| f.cap_net_admin) {
        demands.push(Capability::NetAdmin);
    }
    if facts.is_some_and(|f| f.cap_perfmon) {
        demands.push(Capability::Perfmon);
    }
    demands
}

/// What making a map takes.
pub fn map_demands(map: &MapDef, target: AskedTarget<'_>) -> Vec<Capability> {
    let cap = MapType::from_id(map.map_type).map_or(MapCap::None, map_type_cap);
    let frozen = map.is_constant() && target.behaviour().freezing_needs_bpf();
    let mut demands = Vec::new();
    if cap != MapCap::None || frozen || !target.config().unprivileged_bpf() {
        demands.push(Capability::Bpf);
    }
    if cap == MapCap::NetAdmin {
        demands.push(Capability::NetAdmin);
    }
    demands
}

/// Arenas are memory shared with user space, whose addresses programs compute with.
pub fn arena(env: &Env<'_>, map: &MapDef) -> Check<()> {
    let arena = MapType::from_id(map.map_type) == Some(MapType::Arena);
    if arena && (env.confined || !env.capable) {
        return refuse(Fault::ArenaPrivileged);
    }
    Ok(())
}

/// Some helpers are for loaders with a capability only.
pub fn helper(env: &Env<'_>, name: &str, id: u32, facts: HelperFacts<'_, '_>) -> Check<()> {
    let missing = helper_missing(env.target, facts);
    missing.map_or(Ok(()), |capability| {
        refuse(Fault::HelperPrivileged {
            name: name.into(),
            id: id.into(),
            capability: capability.name().into(),
        })
    })
}

/// The capability for which the loader may not call a helper.
pub fn helper_missing(target: AskedTarget<'_>, facts: HelperFacts<'_, '_>) -> Option<Capability> {
    if target.rights().all() == Rights::ALL {
        return None;
    }
    let capability = match facts.capability() {
        HelperCap::None => return None,
        HelperCap::Bpf => Capability::Bpf,
        HelperCap::Perfmon => Capability::Perfmon,
        HelperCap::SysAdmin => Capability::SysAdmin,
    };
    (!target.rights().meets(capability)).then_some(capability)
}

/// So are some kfuncs.
pub fn kfunc(env: &Env<'_>, k: &Kfunc<'_>) -> Option<Fault> {
    let demands = [
        (KfFlags::DESTRUCTIVE, Capability::SysBoot),
        (KfFlags::PERFMON, Capability::Perfmon),
    ];
    let lacks = |(flag, c): &(KfFlags, Capability)| k.is(*flag) && !env.target.rights().meets(*c);
    let (_, capability) = demands.into_iter().find(lacks)?;
    Some(Fault::KfuncPrivileged {
        name: k.name.into(),
        capability: capability.name().into(),
    })
}

/// A tail call's index is masked by its map, so there must be one map only: once every
/// path is walked.
pub fn tail_calls(vm: &Vm<'_>) -> Check<()> {
    if !vm.env.speculates {
        return Ok(());
    }
    for (at, (op, aux)) in vm.env.ops.iter().zip(&vm.aux).enumerate() {
        let call = matches!(op, Op::Call(Callee::Helper(id)) if *id == helper::TAIL_CALL as i32);
        if call && aux.map_poisoned {
            return Err(Refusal::new(Fault::TailCallMaps).at(at).into());
        }
    }
    Ok(())
}
