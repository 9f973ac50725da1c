//! Helpers and kernel functions: who is called, where, and since when this
//! program's type may.

use alloc::collections::BTreeMap;

use super::model::{Call, Callee, Lacks};
use super::oldest::Need;
use super::sites::Sites;
use crate::abstract_interp::observe::Observed;
use crate::helpers_spec::{
    self, Known, ProgType, Release, SpecVersion, helper_known, helper_name, helper_risk,
    helper_since, kfunc_known, kfunc_present, kfunc_risk,
};
use crate::object::{Btf, ExternKind, Object, Type};
use crate::prelude::*;
use crate::programs::Program;
use crate::programs::insn::{Callee as Target, Op};
use crate::untrusted::text;

/// Numbers from here on stand for what a loader could not resolve.
const POISON: i32 = 0x0100_0000;

/// Collects the calls of a program.
pub fn calls(program: &Program, ops: &[Op], sites: &Sites<'_>) -> Vec<Call> {
    let mut found: BTreeMap<(Callee, String), Vec<usize>> = BTreeMap::new();
    for (at, op) in ops.iter().enumerate() {
        let Op::Call(target) = op else { continue };
        let key = match *target {
            Target::Helper(id) if (0..POISON).contains(&id) => {
                let id = id as u32;
                let name = helper_name(id).map_or_else(|| format!("helper#{id}"), str::to_owned);
                (Callee::Helper(id), name)
            }
            Target::Kfunc { imm, .. } => {
                let known = usize::try_from(imm)
                    .ok()
                    .and_then(|i| program.kfuncs.get(i));
                let weak = known.is_some_and(|k| k.weak);
                let name = known.map_or_else(|| format!("kfunc#{imm}"), |k| k.name.to_string());
                (Callee::Kfunc { weak }, name)
            }
            _ => continue,
        };
        found.entry(key).or_default().push(at);
    }
    found
        .into_iter()
        .map(|((callee, name), insns)| call(program, callee, name, &insns, sites))
        .collect()
}

fn call(
    program: &Program,
    callee: Callee,
    name: String,
    insns: &[usize],
    sites: &Sites<'_>,
) -> Call {
    let (prog_type, attach) = (program.prog_type, program.attach_type);
    let attach_to = program.attach_to.as_deref();
    let (risks, gpl_only, known) = match callee {
        Callee::Helper(id) => (
            helper_risk(&name),
            SpecVersion::ALL
                .iter()
                .rev()
                .find_map(|v| helpers_spec::helper_proto(id, prog_type, attach, *v))
                .is_some_and(|p| p.gpl_only),
            helper_known(id, prog_type, attach, attach_to, program.sleepable),
        ),
        // Kernel functions are for GPL-compatible programs only, all of them.
        Callee::Kfunc { .. } => (
            kfunc_risk(&name),
            true,
            kfunc_known(
                &name,
                declared(program, &name),
                prog_type,
                attach,
                attach_to,
            ),
        ),
    };
    let anyone = match callee {
        Callee::Helper(id) => helper_since(id).and_then(Release::parse),
        Callee::Kfunc { .. } => kfunc_present(&name, None).map(|k| k.release),
    };
    // Of a program without a type only the date is known.
    let known = match prog_type {
        ProgType::Unspec => anyone.map(Known::exactly),
        _ => known,
    };
    let lacks = match (known, anyone) {
        (Some(_), _) => Lacks::Nothing,
        (None, Some(since)) => Lacks::ForThisType(since),
        (None, None) => Lacks::Everywhere,
    };
    Call {
        callee,
        name: name.into(),
        risks,
        gpl_only,
        known,
        lacks,
        sites: insns.iter().map(|i| sites.at(*i)).collect(),
    }
}

/// The maps that the call at a slot is given, or whose values are: indices in the
/// object's maps. Registers beyond the function's parameters hold leftovers.
pub fn maps_given(program: &Program, ops: &[Op], observed: &Observed, insn: usize) -> Vec<u32> {
    let params = match ops.get(insn) {
        Some(Op::Call(Target::Helper(id))) => u32::try_from(*id).ok().and_then(|id| {
            let mut series = SpecVersion::ALL.iter().rev();
            let main = series.find_map(|v| helpers_spec::helper_main(id, *v));
            main.map(|p| p.arguments().count())
        }),
        Some(Op::Call(Target::Kfunc { imm, .. })) => usize::try_from(*imm)
            .ok()
            .and_then(|i| program.kfuncs.get(i))
            .and_then(|k| parameters(program.btf.as_deref()?, k.proto)),
        _ => Some(0),
    };
    let given = observed.calls(insn).iter().flat_map(|regs| {
        let own = regs.iter().take(params.unwrap_or(5));
        own.filter_map(|p| p.map())
    });
    let mut maps: Vec<u32> = given.collect();
    maps.sort_unstable();
    maps.dedup();
    maps
}

/// How many parameters the object declares for a function.
fn parameters(btf: &Btf, func: u32) -> Option<usize> {
    let Some(Type::Func { proto, .. }) = btf.ty(func) else {
        return None;
    };
    match btf.ty(proto) {
        Some(Type::FuncProto { params, .. }) => usize::try_from(params.len()).ok(),
        _ => None,
    }
}

fn declared(program: &Program, name: &str) -> Option<usize> {
    let kfunc = program.kfuncs.iter().find(|k| &*k.name == name)?;
    parameters(program.btf.as_deref()?, kfunc.proto)
}

/// What the calls ask of a kernel.
pub fn needs(calls: &[Call], prog_type: ProgType) -> Vec<Need> {
    let need = |call: &Call| Need {
        what: match call.lacks {
            Lacks::ForThisType(_) => text!(
                "{} {} for programs of type {prog_type}",
                call.callee.kind(),
                call.name
            ),
            _ => text!("{} {}", call.callee.kind(), call.name),
        },
        known: call.known,
        insns: call.sites.iter().map(|s| s.insn).collect(),
        at_attach: false,
    };
    calls.iter().map(need).collect()
}

/// The kernel functions that a loader must find before it loads any program of
/// the object, called or not.
pub fn strong(object: &Object) -> Vec<Need> {
    object
        .externs
        .iter()
        .filter(|e| !e.weak && e.kind == ExternKind::Kfunc)
        .map(|e| {
            let name = crate::object::btf::essential_name(&e.name);
            let params = object.btf.as_deref().and_then(|b| parameters(b, e.btf_id));
            Need::whole(
                format!("kfunc {name}"),
                helpers_spec::kfunc_present(name, params),
            )
        })
        .collect()
}
