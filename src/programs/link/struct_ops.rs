//! struct_ops: structures of function pointers that programs implement.
//!
//! A variable of a `.struct_ops*` section becomes a map; its function pointers
//! name programs. The kernel knows the structure `T` if it has a structure
//! `bpf_struct_ops_T` with a member of type `T`; the member's index in the
//! kernel's `T` is what the program is loaded for.

use super::LinkOptions;
use crate::object::btf::{Composite, Found, essential_name};
use crate::object::{Btf, Kind, MapDef, Object, StructOpsDef, Type};
use crate::prelude::*;
use crate::programs::program::StructOpsSlot;
use alloc::collections::BTreeMap;

/// Which program is for what, by index in `Object::functions`; and which
/// programs only optional maps use.
#[derive(Default)]
pub(super) struct StructOps {
    pub slots: BTreeMap<usize, StructOpsSlot>,
    pub optional: BTreeMap<usize, StructOpsSlot>,
}

/// Where the object's structure is in the kernel.
struct Kernel<'a> {
    btf: &'a Btf,
    type_id: u32,
    structure: Composite<'a>,
}

fn find<'a>(btf: &'a Btf, name: &str) -> Result<Kernel<'a>, String> {
    let missing = || format!("the kernel has no struct_ops structure {name}");
    let value = btf
        .find_struct(&format!("bpf_struct_ops_{name}"))
        .ok_or_else(missing)?;
    let type_id = btf.find_struct(name).ok_or_else(missing)?;
    let value = btf
        .ty(value)
        .and_then(|t| t.composite())
        .ok_or_else(missing)?;
    let structure = btf
        .ty(type_id)
        .and_then(|t| t.composite())
        .ok_or_else(missing)?;
    if !value.members.iter().any(|m| m.ty == type_id) {
        return Err(missing());
    }
    Ok(Kernel {
        btf,
        type_id,
        structure,
    })
}

/// Index of the kernel's member for the object's; `None` if it has none and needs none.
fn member_in(
    kernel: &Kernel<'_>,
    local: &Btf,
    structure: Composite<'_>,
    index: u32,
    data: &[u8],
    has_function: bool,
) -> Result<Option<u32>, String> {
    let Some(member) = structure.members.get(index) else {
        return Ok(None);
    };
    let what = || format!("member {} of struct {}", member.name, structure.name);
    let size = local
        .resolve_size(member.ty)
        .ok_or_else(|| format!("{} has no size", what()))?;
    let found = kernel
        .structure
        .members
        .iter()
        .position(|m| m.name == member.name);
    let Some(found) = found.map(|i| i as u32) else {
        let start = (member.bit_offset / 8) as usize;
        let bytes = data
            .get(start..start.saturating_add(size as usize))
            .unwrap_or(&[]);
        let unset = !has_function && bytes.iter().all(|b| *b == 0);
        return if unset {
            Ok(None)
        } else {
            Err(format!("the kernel has no {}", what()))
        };
    };
    let Some(there) = kernel.structure.members.get(found) else {
        return Ok(None);
    };
    if member.bitfield_size != 0 || there.bitfield_size != 0 {
        return Err(format!("{} is a bit field", what()));
    }
    let (ours, theirs) = (
        local.skip_mods_typedefs(member.ty),
        kernel.btf.skip_mods_typedefs(there.ty),
    );
    if local.kind(ours) != kernel.btf.kind(theirs) {
        return Err(format!("{} is of another kind in the kernel", what()));
    }
    if local.kind(ours) != Some(Kind::Ptr) {
        if kernel.btf.resolve_size(theirs) != Some(size) {
            return Err(format!("{} is of another size in the kernel", what()));
        }
    } else if has_function {
        let target = kernel.btf.ty(theirs).and_then(|t| t.target()).unwrap_or(0);
        if kernel.btf.kind(kernel.btf.skip_mods_typedefs(target)) != Some(Kind::FuncProto) {
            return Err(format!("{} is no function pointer in the kernel", what()));
        }
    }
    Ok(Some(found))
}

/// Resolves one map's members.
fn map(
    object: &Object,
    btf: &Btf,
    options: &LinkOptions<'_>,
    index: u32,
    map: &MapDef,
    def: &StructOpsDef,
) -> Result<Vec<(usize, StructOpsSlot)>, String> {
    let Some(Type::Struct(structure)) = btf.ty(def.type_id) else {
        return Ok(Vec::new());
    };
    let name = essential_name(structure.name);
    let agreed = |kernel: &Btf| kernel.agreed(|btf| Some(find(btf, name).ok()?.type_id));
    let kernel = match options.kernel_btf {
        Some(kernel) if agreed(kernel) != Found::Open => Some(find(kernel, name)?),
        _ => None,
    };
    let data = map.initial.as_deref().unwrap_or(&[]);
    let mut slots = Vec::new();
    for (i, member) in (0u32..).zip(structure.members.iter()) {
        let function = def
            .functions
            .iter()
            .find(|(m, _)| *m == i)
            .map(|(_, f)| *f as usize);
        let kernel_member = match &kernel {
            Some(kernel) => member_in(kernel, btf, structure, i, data, function.is_some())?,
            None => None,
        };
        if let Some(function) = function.filter(|f| object.functions.get(*f).is_some()) {
            slots.push((
                function,
                StructOpsSlot {
                    map: index,
                    structure: name.into(),
                    member: member.name.into(),
                    kernel_member: kernel_member.or(kernel.is_none().then_some(i)),
                    kernel_type: kernel.as_ref().map(|k| k.type_id),
                },
            ));
        }
    }
    Ok(slots)
}

/// Resolves all struct_ops maps. `Err` is why loading any program fails.
pub(super) fn resolve(object: &Object, options: &LinkOptions<'_>) -> Result<StructOps, String> {
    let mut out = StructOps::default();
    let Some(btf) = object.btf.as_deref() else {
        return Ok(out);
    };
    for (index, m) in (0u32..).zip(&object.maps) {
        let Some(def) = &m.struct_ops else { continue };
        if def.optional {
            for (function, slot) in map(object, btf, options, index, m, def).unwrap_or_default() {
                out.optional.entry(function).or_insert(slot);
            }
            continue;
        }
        for (function, slot) in map(object, btf, options, index, m, def)? {
            if let Some(first) = out.slots.get(&function)
                && (first.structure != slot.structure || first.member != slot.member)
            {
                let name = object.functions.get(function).map_or("", |f| &f.name);
                return Err(format!("program {name} is used for two different members"));
            }
            out.slots.entry(function).or_insert(slot);
        }
    }
    Ok(out)
}
