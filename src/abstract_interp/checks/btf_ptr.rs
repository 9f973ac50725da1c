//! Accesses through pointers to kernel and allocated objects.
//!
//! Reading through a kernel pointer is always safe (a bad address reads as
//! zero), so loads need only hit a field. What matters is how far the pointer
//! *loaded* may be trusted: not at all when it comes from an untrusted one;
//! like its parent for the fields listed in `SAFE_FIELDS`; while inside an
//! RCU section for fields tagged `__rcu`; else it is a plain pointer that only
//! old helpers take.

use super::access::Loaded;
use super::btf_walk::{Found, walk};
use crate::abstract_interp::btf_record;
use crate::abstract_interp::refusal::{Fault, refuse, refuse_reg};
use crate::abstract_interp::value::{BtfSrc, Flags, Kind, MapRef, Reg};
use crate::abstract_interp::vm::{Check, Vm, unknown};
use crate::object::Btf;

/// How a field's pointer inherits the trust of its holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Safe {
    /// Valid inside an RCU section, never null.
    Rcu,
    /// Valid inside an RCU section, may be null.
    RcuOrNull,
    /// Valid wherever the holder is, never null.
    Trusted,
    /// Valid wherever the holder is, may be null.
    TrustedOrNull,
}

/// struct, field, trust. As of Linux 6.18.
const SAFE_FIELDS: &[(&str, &str, Safe)] = &[
    ("task_struct", "cpus_ptr", Safe::Rcu),
    ("task_struct", "cgroups", Safe::Rcu),
    ("task_struct", "real_parent", Safe::Rcu),
    ("task_struct", "group_leader", Safe::Rcu),
    ("cgroup", "kn", Safe::Rcu),
    ("css_set", "dfl_cgrp", Safe::Rcu),
    ("cgroup_subsys_state", "cgroup", Safe::Rcu),
    ("mm_struct", "exe_file", Safe::RcuOrNull),
    ("sk_buff", "sk", Safe::RcuOrNull),
    ("request_sock", "sk", Safe::RcuOrNull),
    ("bpf_iter_meta", "seq", Safe::Trusted),
    ("bpf_iter__task", "meta", Safe::Trusted),
    ("bpf_iter__task", "task", Safe::Trusted),
    ("linux_binprm", "file", Safe::Trusted),
    ("file", "f_inode", Safe::Trusted),
    ("dentry", "d_inode", Safe::TrustedOrNull),
    ("socket", "sk", Safe::TrustedOrNull),
];

/// The BTF that a kind's type id belongs to.
pub fn btf_of<'a>(vm: &Vm<'a>, src: BtfSrc) -> Option<&'a Btf> {
    match src {
        BtfSrc::Kernel => vm.env.types.any(),
        BtfSrc::Program => vm.env.program.btf.as_deref(),
    }
}

/// A load (or, where allowed, a store) of `size` bytes at `off` through `reg`,
/// a [`Kind::Btf`] pointer held by register `r`.
pub fn access(vm: &Vm, reg: &Reg, r: u8, off: i32, size: u32, write: bool) -> Check<Loaded> {
    let Kind::Btf { btf: src, id } = reg.kind else {
        return unknown("btf-access");
    };
    let Some(btf) = btf_of(vm, src) else {
        return unknown("no-kernel-btf");
    };
    let name = btf.name(btf.skip_mods(id));
    if vm.env.confined && vm.env.target.behaviour().kernel_types_need_perfmon() {
        return refuse(Fault::StructPrivileged { name: name.into() });
    }
    if vm.env.target.behaviour().kernel_types_need_gpl()
        && !vm.env.program.gpl_compatible
        && src == BtfSrc::Kernel
    {
        return refuse(Fault::StructLicence { name: name.into() });
    }
    if off < 0 {
        return refuse_reg(
            r,
            Fault::StructNegative {
                name: name.into(),
                off: off.into(),
            },
        );
    }
    if !reg.var_off_is_zero() {
        return refuse_reg(
            r,
            Fault::StructVariable {
                name: name.into(),
                off: off.into(),
            },
        );
    }
    if reg.flags.has(Flags::USER) {
        let (name, off) = (name.into(), off.into());
        return refuse_reg(r, Fault::StructOfUser { name, off });
    }
    if reg.flags.has(Flags::PERCPU) {
        let (name, off) = (name.into(), off.into());
        return refuse_reg(r, Fault::StructPercpu { name, off });
    }
    let alloc = reg.flags.has(Flags::ALLOC);
    if write && !alloc {
        return super::btf_write::check(vm, btf, id, r, off, size).map(|()| Loaded::UNKNOWN);
    }
    if write && reg.flags.has(Flags::UNTRUSTED) {
        return refuse_reg(r, Fault::StructReadOnly);
    }
    if alloc && let Some(field) = btf_record::overlap(&vm.env, src, id, off, size) {
        return refuse_reg(r, Fault::FieldOfObject { field });
    }
    let found = match walk(
        btf,
        id,
        off as u32,
        size,
        vm.env.target.behaviour().unions_read_freely(),
    ) {
        Ok(found) => found,
        Err(fault) => return refuse_reg(r, fault),
    };
    Ok(match found {
        Found::Scalar => Loaded::UNKNOWN,
        Found::Memory => memory(vm),
        Found::Struct { .. } if alloc => Loaded::UNKNOWN,
        Found::Struct { id, flags, field } => {
            let flags = trust(vm, reg, flags, name, &field);
            Loaded::pointer(Kind::Btf { btf: src, id }, flags)
        }
    })
}

/// A pointer to what is no struct: to memory read with faults handled, or a number.
fn memory(vm: &Vm) -> Loaded {
    if !vm.env.target.behaviour().untrusted_mem() {
        return Loaded::UNKNOWN;
    }
    let kind = Kind::Mem {
        size: 0,
        dynptr_id: 0,
    };
    Loaded {
        reg: Reg::pointer(kind, Flags::RDONLY.with(Flags::UNTRUSTED)),
        fresh_id: false,
        narrows: false,
    }
}

/// How far a pointer loaded from member `field` (however deep) of struct
/// `holder` may be trusted, when `parent` led there and the member's own tags are `tags`.
fn trust(vm: &Vm, parent: &Reg, tags: Flags, holder: &str, field: &str) -> Flags {
    const TRUST: Flags = Flags::TRUSTED.with(Flags::UNTRUSTED).with(Flags::RCU);
    if parent.flags.has(Flags::UNTRUSTED) {
        return Flags::UNTRUSTED;
    }
    let rcu_parent = parent.flags.has(Flags::RCU);
    if !vm.is_trusted(parent) && !rcu_parent {
        return tags.without(TRUST);
    }
    let safe = SAFE_FIELDS
        .iter()
        .find(|(s, f, _)| *s == holder && *f == field)
        .map(|t| t.2);
    match safe {
        Some(Safe::Trusted) => return tags.with(Flags::TRUSTED),
        Some(Safe::TrustedOrNull) => return tags.with(Flags::TRUSTED).with(Flags::MAYBE_NULL),
        _ => {}
    }
    if !vm.in_rcu_section() || parent.maybe_null() {
        return Flags::UNTRUSTED;
    }
    match safe {
        Some(Safe::Rcu) => tags.with(Flags::RCU),
        Some(Safe::RcuOrNull) => tags
            .without(Flags::UNTRUSTED)
            .with(Flags::RCU)
            .with(Flags::MAYBE_NULL),
        _ if tags.has(Flags::RCU) => tags.with(Flags::MAYBE_NULL),
        _ if tags.has(Flags::PERCPU.with(Flags::USER)) => tags,
        _ => tags.without(TRUST),
    }
}

/// A load through a pointer to a map itself: its kernel struct's fields.
pub fn map_ptr_access(
    vm: &Vm,
    map: MapRef,
    r: u8,
    off: i32,
    size: u32,
    write: bool,
) -> Check<Loaded> {
    let Some(def) = vm.env.map(map) else {
        return unknown("map-pointer");
    };
    let Some(btf) = vm.env.types.real() else {
        return unknown("no-kernel-btf");
    };
    let name = crate::helpers_spec::map_type::kernel_struct(def.map_type);
    let Some(id) = btf.find_struct(name) else {
        let map_type = def.map_type.into();
        return refuse_reg(r, Fault::MapPointerAccessed { map_type });
    };
    if vm.env.confined {
        return refuse(Fault::StructPrivileged { name: name.into() });
    }
    if off < 0 {
        let (name, off) = (name.into(), off.into());
        return refuse_reg(r, Fault::MapStructNegative { name, off });
    }
    if write {
        return refuse_reg(r, Fault::MapStructWritten { name: name.into() });
    }
    match walk(
        btf,
        id,
        off as u32,
        size,
        vm.env.target.behaviour().unions_read_freely(),
    ) {
        Err(fault) => refuse_reg(r, fault),
        Ok(Found::Scalar) => Ok(Loaded::UNKNOWN),
        Ok(Found::Memory) => Ok(memory(vm)),
        Ok(Found::Struct { id, flags, .. }) => Ok(Loaded::pointer(
            Kind::Btf {
                btf: BtfSrc::Kernel,
                id,
            },
            flags,
        )),
    }
}
