//! Programs that implement a member of a struct_ops.
//!
//! The member is a pointer to a function, whose prototype says what the program is given;
//! more is told by a stub function in the kernel, and by `data/struct_ops.tsv`.

use super::{ArgInfo, ArgKind, Attach, Target};
use crate::abstract_interp::asked::AskedTypes;
use crate::abstract_interp::halt::left_open;
use crate::abstract_interp::refusal::{Fault, refuse};
use crate::abstract_interp::vm::{Check, unknown};
use crate::helpers_spec::{self, OpsRule};
use crate::object::Btf;
use crate::object::btf::{Found, Type};
use crate::prelude::*;
use crate::programs::Program;
use crate::programs::program::StructOpsSlot;

/// The member that the program implements, if it may.
pub(super) fn of(program: &Program, types: AskedTypes<'_>, mut out: Attach) -> Check<Attach> {
    if !program.gpl_compatible {
        return refuse(Fault::StructOpsLicence);
    }
    let Some(slot) = &program.struct_ops else {
        return unknown("struct_ops");
    };
    let Some(btf) = types.real() else {
        return unknown("no-kernel-btf");
    };
    let found = btf.agreed(|btf| btf.find_struct(&slot.structure));
    let ops = match (slot.kernel_type, found) {
        (Some(id), _) | (None, Found::Id(id)) => id,
        (None, Found::Open) => return left_open("attach-target", &slot.structure),
        (None, Found::Absent) => {
            return refuse(Fault::AttachNoStruct);
        }
    };
    let rules = || helpers_spec::ops_rules(&slot.structure, &slot.member);
    if rules().any(|rule| match rule {
        OpsRule::Unsupported => true,
        OpsRule::NeverSleeps => program.sleepable,
        OpsRule::Argument(..) => false,
    }) {
        let member = (&*slot.member).into();
        let name = (&*slot.structure).into();
        return refuse(Fault::AttachMemberUnsupported { member, name });
    }
    if btf
        .find_struct(&format!("bpf_struct_ops_{}", slot.structure))
        .is_none()
    {
        return refuse(Fault::AttachStruct { id: ops.into() });
    }
    let member = btf
        .ty(ops)
        .and_then(|t| t.composite())
        .and_then(|s| s.members.iter().find(|m| *m.name == *slot.member));
    let proto = member.and_then(|m| match btf.ty(btf.skip_mods_typedefs(m.ty))? {
        Type::Ptr { to } => Some(btf.skip_mods_typedefs(to)),
        _ => None,
    });
    let Some(proto) = proto.filter(|p| matches!(btf.ty(*p), Some(Type::FuncProto { .. }))) else {
        let member = (&*slot.member).into();
        let name = (&*slot.structure).into();
        return refuse(Fault::AttachMember { member, name });
    };
    let mut args = told_by_stub(btf, slot);
    for rule in rules() {
        if let OpsRule::Argument(index, structure) = rule
            && let Some(id) = btf.find_struct(structure)
        {
            let kind = ArgKind::Struct { id };
            args.push(ArgInfo { index, kind });
        }
    }
    out.trusted_args = true;
    out.target = Some(Target {
        name: slot.member.to_string(),
        proto,
        skip: 0,
        args,
    });
    Ok(out)
}

/// What stub functions tell of arguments: by suffixes of their names.
fn told_by_stub(btf: &Btf, slot: &StructOpsSlot) -> Vec<ArgInfo> {
    let stub = btf.find_func(&format!("{}__{}", slot.structure, slot.member));
    let Some(Type::Func { proto, .. }) = stub.and_then(|id| btf.ty(id)) else {
        return Vec::new();
    };
    let Some(Type::FuncProto { params, .. }) = btf.ty(proto) else {
        return Vec::new();
    };
    let mut args: Vec<ArgInfo> = Vec::new();
    for (index, param) in (0..).zip(params.iter()) {
        let kind = if param.name.ends_with("__nullable") {
            ArgKind::Nullable { trusted: true }
        } else if param.name.ends_with("__ref") {
            let id = args.len() as u32 + 1;
            ArgKind::Referenced { id }
        } else {
            continue;
        };
        args.push(ArgInfo { index, kind });
    }
    args
}
