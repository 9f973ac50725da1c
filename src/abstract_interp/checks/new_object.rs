//! Objects that programs allocate (`bpf_obj_new`, `bpf_percpu_obj_new`).
//!
//! The type is a struct of the program's own BTF, named by a constant. An object for
//! each CPU is small, plain data: the demands on one are the table `PERCPU`.

use super::args::kfunc::Kfunc;
use super::args::plain_data;
use crate::abstract_interp::refusal::{Fault, refuse};
use crate::abstract_interp::value::{BtfSrc, Flags, Kind, Reg};
use crate::abstract_interp::vm::{Check, Vm};
use crate::helpers_spec::KfRole;
use crate::object::Btf;
use crate::object::btf::Type;

/// A struct to be allocated for each CPU.
struct Struct<'e, 'a> {
    vm: &'e Vm<'a>,
    btf: &'a Btf,
    id: u32,
    size: u32,
}

/// What an object for each CPU must meet: each names its fault.
const PERCPU: &[fn(&Struct<'_, '_>) -> Option<Fault>] = &[
    |s| {
        let most = s.vm.env.target.limits().percpu_alloc();
        (s.size > most).then_some(Fault::NewPercpuSize {
            size: s.size.into(),
            limit: most.into(),
        })
    },
    |s| (!plain_data::is_plain(s.btf, s.id)).then_some(Fault::NewPercpuPointers),
    |s| {
        let fields = &s.vm.env.records.of_type(s.id).fields;
        (!fields.is_empty()).then_some(Fault::NewPercpuFields)
    },
];

/// A pointer to a new object of the program's type `id`.
pub fn pointer(vm: &Vm<'_>, k: &Kfunc<'_>, id: u64) -> Check<Reg> {
    let Ok(type_id) = u32::try_from(id) else {
        return refuse(Fault::NewTypeId { id });
    };
    let Some(btf) = vm.env.program.btf.as_deref() else {
        return refuse(Fault::NewUntyped);
    };
    let Some(Type::Struct(s)) = btf.ty(type_id) else {
        return refuse(Fault::NewNotStruct);
    };
    let mut flags = Flags::ALLOC;
    if k.role() == KfRole::PercpuNew {
        flags = flags.with(Flags::PERCPU);
        let wanted = Struct {
            vm,
            btf,
            id: type_id,
            size: s.size,
        };
        if let Some(fault) = PERCPU.iter().find_map(|demand| demand(&wanted)) {
            return refuse(fault);
        }
    }
    let kind = Kind::Btf {
        btf: BtfSrc::Program,
        id: type_id,
    };
    Ok(Reg::pointer(kind, flags))
}
