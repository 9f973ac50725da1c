//! Memory of known size: map values, map keys, and other bounded regions.
//!
//! An access at `off + [smin, umax]` of `size` bytes must lie inside
//! `0..limit` at both ends. Values may hold fields that only helpers or kfuncs
//! may touch (locks, timers, kptrs, collections); see `btf_record`.

use super::access::{Access, Dir, Effect, Loaded};
use super::kptr_field;
use super::mem_region::Region;
use crate::abstract_interp::btf_record::Field;
use crate::abstract_interp::refusal::{End, Fault, refuse, refuse_reg};
use crate::abstract_interp::value::{Kind, MapRef, Reg};
use crate::abstract_interp::vm::{Check, Vm, unknown};
use crate::helpers_spec::MapType;
use crate::object::MapDef;
use crate::target::Limits;

/// `BPF_F_WRONLY_PROG`: programs may not read the map.
const F_WRONLY_PROG: u32 = 1 << 8;

/// A pointer into memory of `limit` bytes.
pub struct Bounded<'a> {
    /// The pointer.
    pub reg: &'a Reg,
    /// The register that holds it.
    pub regno: u8,
    /// Bytes of the memory.
    pub limit: u32,
}

impl Bounded<'_> {
    /// Refuses an access that may be outside; `off` includes the pointer's fixed
    /// offset.
    pub fn check(&self, vm: &Vm, off: i32, size: u32, zero_allowed: bool) -> Check<()> {
        let (b, regno) = (&self.reg.bounds, self.regno);
        let low = b.smin.wrapping_add(off as i64);
        let (smin, umax) = ends(vm, self.reg);
        if smin < 0 && (smin == i64::MIN || low != low as i32 as i64 || low < 0) {
            return refuse_reg(regno, Fault::OffsetNegative { smin });
        }
        self.fits(low as i32, size, zero_allowed, End::Min)?;
        if umax >= Limits::VAR_OFF {
            return refuse_reg(regno, Fault::OffsetUnbounded { umax });
        }
        self.fits(
            (b.umax as i32).wrapping_add(off),
            size,
            zero_allowed,
            End::Max,
        )
    }

    fn fits(&self, off: i32, size: u32, zero_allowed: bool, end: End) -> Check<()> {
        if off >= 0 && (size > 0 || zero_allowed) && off as u64 + size as u64 <= self.limit as u64 {
            return Ok(());
        }
        let (off, size, limit) = (off.into(), size.into(), self.limit.into());
        let fault = match self.reg.kind {
            Kind::MapKey { .. } => Fault::MapKeyOutside {
                end,
                off,
                size,
                limit,
            },
            Kind::MapValue { .. } => Fault::MapValueOutside {
                end,
                off,
                size,
                limit,
            },
            _ => Fault::MemoryOutside {
                end,
                off,
                size,
                limit,
            },
        };
        refuse_reg(self.regno, fault)
    }
}

/// The ends of a pointer's offset, as far as it counts as unknown.
pub fn ends(vm: &Vm, reg: &Reg) -> (i64, u64) {
    let (smin, umax) = (reg.bounds.smin, reg.bounds.umax);
    if !vm.env.target.behaviour().offsets_joined() {
        return (smin, umax);
    }
    let fixed = i64::from(reg.off);
    (
        smin.saturating_add(fixed),
        umax.saturating_add_signed(fixed),
    )
}

fn def<'a>(vm: &Vm<'a>, map: MapRef) -> Check<&'a MapDef> {
    vm.env.map(map).map_or_else(|| unknown("map:missing"), Ok)
}

/// A load or store through a pointer to a map's key.
pub fn key_access(vm: &Vm, map: MapRef, access: &Access, off: i32) -> Check<Effect> {
    if access.is_write() {
        return refuse_reg(access.reg, Fault::MapKeyWritten);
    }
    let limit = def(vm, map)?.key_size;
    let at = Bounded {
        reg: vm.reg(access.reg),
        regno: access.reg,
        limit,
    };
    at.check(vm, off, access.size, false)?;
    Ok(Effect::Load(Loaded::UNKNOWN))
}

/// A callee reads from a map's key.
pub fn key_region(vm: &Vm, map: MapRef, reg: &Reg, region: Region) -> Check<()> {
    let limit = def(vm, map)?.key_size;
    Bounded {
        reg,
        regno: region.reg,
        limit,
    }
    .check(vm, reg.off, region.size, false)
}

/// A load of a jump table's entry: the place in the table is kept.
fn entry(reg: &Reg, map: MapRef, access: &Access, off: i32) -> Check<Effect> {
    if access.size != 8 {
        let size = access.size.into();
        return refuse_reg(access.reg, Fault::JumpTableWidth { size });
    }
    Ok(Effect::Load(Loaded {
        reg: Reg {
            kind: Kind::Insn { map },
            off,
            ..*reg
        },
        fresh_id: false,
        narrows: false,
    }))
}

/// A load or store through a pointer to a map's value.
pub fn access(vm: &Vm, map: MapRef, access: &Access, off: i32) -> Check<Effect> {
    let reg = vm.reg(access.reg);
    let def = def(vm, map)?;
    permitted(def, off, access.size, access.dir)?;
    let table = MapType::from_id(def.map_type) == Some(MapType::InsnArray);
    let at = Bounded {
        reg,
        regno: access.reg,
        // A jump table is one stretch of memory.
        limit: if table {
            def.max_entries.saturating_mul(8)
        } else {
            def.value_size
        },
    };
    if table && access.is_write() {
        let fault = Fault::JumpTableWritten {
            off: off.into(),
            size: access.size.into(),
        };
        return refuse_reg(access.reg, fault);
    }
    at.check(vm, off, access.size, false)?;
    if table {
        return entry(reg, map, access, off);
    }
    let record = vm.env.records.of_map(map);
    special_fields(&record.fields, reg, off, access.size, true)?;
    let Some(var) = reg.bounds.is_const() else {
        return Ok(Effect::Load(Loaded::UNKNOWN));
    };
    let place = off.wrapping_add(var as i32) as u32;
    if let Some(field) = record.at(place).filter(|f| f.kind.is_kptr()) {
        return kptr_field::access(vm, access, field).map(Effect::Load);
    }
    if !access.is_write()
        && let Some(value) = constant(def, place, access.size, access.sx)
    {
        return Ok(Effect::Load(Loaded {
            reg: Reg::constant(value),
            fresh_id: false,
            narrows: false,
        }));
    }
    Ok(Effect::Load(Loaded::UNKNOWN))
}

/// A callee's memory in a map's value.
pub fn helper_region(vm: &Vm, map: MapRef, reg: &Reg, region: Region) -> Check<()> {
    let def = def(vm, map)?;
    permitted(def, reg.off, region.size, region.dir)?;
    let at = Bounded {
        reg,
        regno: region.reg,
        limit: def.value_size,
    };
    at.check(vm, reg.off, region.size, region.zero_allowed)?;
    special_fields(
        &vm.env.records.of_map(map).fields,
        reg,
        reg.off,
        region.size,
        false,
    )
}

/// Whether a pointer into a map's value leads to a byte of plain data there.
pub fn leads_inside(vm: &Vm, map: MapRef, reg: &Reg, regno: u8) -> Check<()> {
    let limit = def(vm, map)?.value_size;
    Bounded { reg, regno, limit }.check(vm, reg.off, 1, false)?;
    let fields = &vm.env.records.of_map(map).fields;
    special_fields(fields, reg, reg.off, 1, false)
}

/// Whether the map's flags let programs read or write it.
pub fn permitted(def: &MapDef, off: i32, size: u32, dir: Dir) -> Check<()> {
    let rdonly = def.is_read_only();
    let wronly = !rdonly && def.flags & F_WRONLY_PROG != 0;
    let (limit, off, size) = (def.value_size.into(), off.into(), size.into());
    match dir {
        Dir::Write if rdonly => refuse(Fault::MapReadOnly { limit, off, size }),
        Dir::Read if wronly => refuse(Fault::MapWriteOnly { limit, off, size }),
        _ => Ok(()),
    }
}

/// Refuses an access that may touch a field that isn't plain data. `direct`: by
/// an instruction, which may load and store kptrs.
fn special_fields(fields: &[Field], reg: &Reg, off: i32, size: u32, direct: bool) -> Check<()> {
    let low = reg.bounds.smin.wrapping_add(off as i64);
    let high = (reg.bounds.umax as i64)
        .wrapping_add(off as i64)
        .wrapping_add(size as i64);
    for field in fields {
        let (start, end) = (field.off as i64, field.off as i64 + field.size as i64);
        if low >= end || start >= high {
            continue;
        }
        let kind = field.kind;
        if !kind.is_kptr() {
            return refuse(Fault::FieldAccessed { field: kind });
        }
        if !direct {
            return refuse(Fault::FieldPassed { field: kind });
        }
        let Some(var) = reg.bounds.is_const() else {
            return refuse(Fault::FieldVariable { field: kind });
        };
        let place = (off as i64).wrapping_add(var as i64);
        if place != start {
            return refuse(Fault::FieldMisaligned {
                field: kind,
                expected: start,
                off: place,
            });
        }
        if size != 8 {
            let size = size.into();
            return refuse(Fault::FieldWidth { field: kind, size });
        }
    }
    Ok(())
}

/// The number that a load of a constant map's only value gives.
pub fn constant(def: &MapDef, off: u32, size: u32, sx: bool) -> Option<u64> {
    if !def.is_constant() || def.max_entries != 1 {
        return None;
    }
    let at = off as usize;
    let mut le = [0u8; 8];
    // A map that its loader never filled is zero.
    if let Some(data) = &def.initial {
        let have = data.get(at..).unwrap_or(&[]);
        let n = have.len().min(size as usize);
        le[..n].copy_from_slice(&have[..n]);
    }
    let value = u64::from_le_bytes(le);
    let unused = 64 - 8 * size.min(8);
    Some(if sx {
        ((value << unused) as i64 >> unused) as u64
    } else {
        value << unused >> unused
    })
}
