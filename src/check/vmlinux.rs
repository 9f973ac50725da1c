//! A kernel as a target, from its BTF.
#![warn(clippy::arithmetic_side_effects)]

use crate::object::Btf;
use crate::object::btf::Type;
use crate::target::{Enumerated, Target};

/// The enumerators of an enumeration, if the BTF has it. A kernel's headers may
/// leave several of one name; the longest is the whole one.
fn enumerators<'a>(btf: &'a Btf, name: &'a str) -> Vec<(u32, &'a str)> {
    btf.by_name(name)
        .filter_map(|id| match btf.ty(id) {
            Some(Type::Enum { values, .. } | Type::Enum64 { values, .. }) => Some(values),
            _ => None,
        })
        .map(|values| {
            let ids = values.iter();
            ids.filter_map(|v| Some((u32::try_from(v.value).ok()?, v.name)))
                .collect::<Vec<_>>()
        })
        .max_by_key(Vec::len)
        .unwrap_or_default()
}

/// The kernel that a vmlinux BTF belongs to.
pub fn vmlinux_target(name: &str, btf: &Btf) -> Result<Target, String> {
    // Since 6.9 the build tags kernel functions that programs may call; before, any
    // function of the name has to do.
    let tagged = |id: u32| btf.decl_tags(id).any(|tag| tag.name == "bpf_kfunc");
    let tags = btf.find_func("bpf_rcu_read_lock").is_some_and(tagged);
    let function = |name: &str| btf.find_func(name).is_some_and(|id| !tags || tagged(id));
    Target::from_vmlinux(
        name,
        &Enumerated {
            helpers: &enumerators(btf, "bpf_func_id"),
            map_types: &enumerators(btf, "bpf_map_type"),
            prog_types: &enumerators(btf, "bpf_prog_type"),
            attach_types: &enumerators(btf, "bpf_attach_type"),
            function: &function,
        },
    )
}
