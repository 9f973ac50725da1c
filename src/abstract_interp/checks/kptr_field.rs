//! Plain loads and stores of kptr fields in map values.
//!
//! A load gives a pointer that may be null: protected by RCU where its type and
//! the section allow, else untrusted. Only unreferenced kptrs may be stored;
//! referenced ones change hands by exchange.

use super::access::{Access, Loaded, unmodified};
use super::btf_ptr::btf_of;
use super::struct_match;
use crate::abstract_interp::btf_record::{Field, FieldKind};
use crate::abstract_interp::refusal::{Fault, refuse, refuse_reg};
use crate::abstract_interp::value::{BtfSrc, Flags, Kind, Reg};
use crate::abstract_interp::vm::{Check, Vm, unknown};
use crate::programs::insn::{Op, Src};

/// Kernel types whose objects live on until readers in RCU sections are done.
const RCU_PROTECTED: &[&str] = &[
    "task_struct",
    "cgroup",
    "bpf_cpumask",
    "bpf_crypto_ctx",
    "prog_test_ref_kfunc",
];

/// A load or store of `field`, aligned and of its size.
pub fn access(vm: &Vm, access: &Access, field: &Field) -> Check<Loaded> {
    match vm.op() {
        Op::Load { .. } => load(vm, field),
        Op::Store { src, .. } => {
            match field.kind {
                FieldKind::KptrRef | FieldKind::KptrPercpu => {
                    return refuse(Fault::KptrStored);
                }
                FieldKind::Uptr => return refuse(Fault::UptrStored),
                _ => {}
            }
            match src {
                Src::Imm(0) => Ok(Loaded::UNKNOWN),
                Src::Imm(_) => refuse(Fault::KptrImmediate {
                    off: field.off.into(),
                }),
                Src::Reg(r) => {
                    let value = vm.reg(r);
                    if !value.is_null() {
                        storable(vm, value, r, field)?;
                    }
                    Ok(Loaded::UNKNOWN)
                }
            }
        }
        _ => {
            let _ = access;
            refuse(Fault::KptrMode)
        }
    }
}

fn load(vm: &Vm, field: &Field) -> Check<Loaded> {
    let Some((src, id)) = field.pointee else {
        return unknown("kptr:target");
    };
    if field.kind == FieldKind::Uptr {
        let Some(size) = btf_of(vm, src).and_then(|btf| btf.resolve_size(id)) else {
            return unknown("uptr:size");
        };
        return Ok(Loaded::pointer(
            Kind::Mem { size, dynptr_id: 0 },
            Flags::MAYBE_NULL,
        ));
    }
    Ok(Loaded::pointer(
        Kind::Btf { btf: src, id },
        loaded_flags(vm, field, src, id),
    ))
}

/// How far a kptr just loaded may be trusted.
fn loaded_flags(vm: &Vm, field: &Field, src: BtfSrc, id: u32) -> Flags {
    let protected = match field.kind {
        FieldKind::KptrPercpu => true,
        FieldKind::KptrRef => match src {
            BtfSrc::Program => true,
            BtfSrc::Kernel => {
                btf_of(vm, src).is_some_and(|btf| RCU_PROTECTED.contains(&btf.name(id)))
            }
        },
        _ => false,
    };
    if !protected || !vm.in_rcu_section() {
        return Flags::MAYBE_NULL.with(Flags::UNTRUSTED);
    }
    let mut flags = Flags::MAYBE_NULL.with(Flags::RCU);
    if field.kind == FieldKind::KptrPercpu {
        flags = flags.with(Flags::PERCPU);
    } else if src == BtfSrc::Program {
        flags = flags.with(Flags::ALLOC);
    }
    if src == BtfSrc::Program {
        let record = vm.env.records.of_type(id);
        if record.has(FieldKind::ListNode) || record.has(FieldKind::RbNode) {
            flags = flags.with(Flags::NON_OWN_REF);
        }
    }
    flags
}

/// Refuses a register whose pointer is not what the field holds. Also used when
/// a kptr is exchanged.
pub fn storable(vm: &Vm, reg: &Reg, regno: u8, field: &Field) -> Check<()> {
    let bad = || refuse_reg(regno, Fault::KptrStoredType { held: *reg });
    let (Kind::Btf { btf, id }, Some(want)) = (reg.kind, field.pointee) else {
        return bad();
    };
    let allowed = match btf {
        BtfSrc::Kernel if field.kind == FieldKind::KptrUnref => Flags::MAYBE_NULL
            .with(Flags::TRUSTED)
            .with(Flags::RCU)
            .with(Flags::UNTRUSTED),
        BtfSrc::Kernel => Flags::MAYBE_NULL.with(Flags::TRUSTED).with(Flags::RCU),
        BtfSrc::Program if field.kind == FieldKind::KptrPercpu => {
            Flags::MAYBE_NULL.with(Flags::ALLOC).with(Flags::PERCPU)
        }
        BtfSrc::Program => Flags::MAYBE_NULL.with(Flags::ALLOC),
    };
    if reg.flags.without(allowed) != Flags::NONE {
        return bad();
    }
    unmodified(reg, regno, true)?;
    let strict = field.kind != FieldKind::KptrUnref;
    if struct_match::matches(vm, (btf, id), reg.off, want, strict) {
        Ok(())
    } else {
        bad()
    }
}
