//! Memory of known size: map values, map keys, and other bounded regions.
//!
//! An access at `off + [smin, umax]` of `size` bytes must lie inside
//! `0..limit` at both ends. Values may hold fields that only helpers or kfuncs
//! may touch (locks, timers, kptrs, collections); see `btf_record`.

use super::access::{Access, Dir, Effect, Loaded};
use super::kptr_field;
use super::mem_region::Region;
use crate::abstract_interp::btf_record::Field;
use crate::abstract_interp::value::{Kind, MapRef, Reg};
use crate::abstract_interp::violation::Code;
use crate::abstract_interp::vm::{Check, Vm, refuse, refuse_reg, unknown};
use crate::helpers_spec::MapType;
use crate::object::MapDef;

/// Variable offsets at or beyond this are unbounded.
const MAX_VAR_OFF: u64 = 1 << 29;

/// `BPF_F_RDONLY_PROG`: programs may not write the map.
const F_RDONLY_PROG: u32 = 1 << 7;
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
    pub fn check(&self, off: i32, size: u32, zero_allowed: bool) -> Check<()> {
        let (b, regno) = (&self.reg.bounds, self.regno);
        let low = b.smin.wrapping_add(off as i64);
        if b.smin < 0 && (b.smin == i64::MIN || low != low as i32 as i64 || low < 0) {
            return refuse_reg(
                Code::MinNegative,
                regno,
                format!("R{regno} min value is negative, either use unsigned index or check it"),
            );
        }
        self.fits(low as i32, size, zero_allowed, "min value")?;
        if b.umax >= MAX_VAR_OFF {
            return refuse_reg(
                Code::Unbounded,
                regno,
                format!("R{regno} unbounded memory access, make sure to bounds check it"),
            );
        }
        self.fits(
            (b.umax as i32).wrapping_add(off),
            size,
            zero_allowed,
            "max value",
        )
    }

    fn fits(&self, off: i32, size: u32, zero_allowed: bool, end: &str) -> Check<()> {
        if off >= 0 && (size > 0 || zero_allowed) && off as u64 + size as u64 <= self.limit as u64 {
            return Ok(());
        }
        let (limit, regno) = (self.limit, self.regno);
        let (code, words) = match self.reg.kind {
            Kind::MapKey { .. } => (
                Code::MapValueOob,
                format!("invalid access to map key, key_size={limit} off={off} size={size}"),
            ),
            Kind::MapValue { .. } => (
                Code::MapValueOob,
                format!("invalid access to map value, value_size={limit} off={off} size={size}"),
            ),
            _ => (
                Code::MemRegionOob,
                format!("invalid access to memory, mem_size={limit} off={off} size={size}"),
            ),
        };
        let words = format!("{words}\nR{regno} {end} is outside of the allowed memory range");
        refuse_reg(code, regno, words)
    }
}

fn def<'a>(vm: &Vm<'a>, map: MapRef) -> Check<&'a MapDef> {
    vm.env.map(map).map_or_else(|| unknown("map:missing"), Ok)
}

/// A load or store through a pointer to a map's key.
pub fn key_access(vm: &Vm, map: MapRef, access: &Access, off: i32) -> Check<Effect> {
    if access.is_write() {
        let words = format!("write to change key R{} not allowed", access.reg);
        return refuse_reg(Code::ReadOnlyWrite, access.reg, words);
    }
    let limit = def(vm, map)?.key_size;
    let at = Bounded {
        reg: vm.reg(access.reg),
        regno: access.reg,
        limit,
    };
    at.check(off, access.size, false)?;
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
    .check(reg.off, region.size, false)
}

/// A load of a jump table's entry: the place in the table is kept.
fn entry(reg: &Reg, map: MapRef, access: &Access, off: i32) -> Check<Effect> {
    if access.size != 8 {
        let words = format!("Invalid read of {} bytes from insn_array", access.size);
        return refuse_reg(Code::JumpTable, access.reg, words);
    }
    Ok(Effect::Load(Loaded {
        reg: Reg {
            kind: Kind::Insn { map },
            off,
            ..*reg
        },
        fresh_id: false,
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
        let words = format!("write into map forbidden, off={off} size={}", access.size);
        return refuse_reg(Code::ReadOnlyWrite, access.reg, words);
    }
    at.check(off, access.size, false)?;
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
    at.check(reg.off, region.size, region.zero_allowed)?;
    special_fields(
        &vm.env.records.of_map(map).fields,
        reg,
        reg.off,
        region.size,
        false,
    )
}

/// Whether the map's flags let programs read or write it.
pub fn permitted(def: &MapDef, off: i32, size: u32, dir: Dir) -> Check<()> {
    let rdonly = def.flags & F_RDONLY_PROG != 0;
    let wronly = !rdonly && def.flags & F_WRONLY_PROG != 0;
    let verb = match dir {
        Dir::Write if rdonly => "write into",
        Dir::Read if wronly => "read from",
        _ => return Ok(()),
    };
    refuse(
        Code::ReadOnlyWrite,
        format!(
            "{verb} map forbidden, value_size={} off={off} size={size}",
            def.value_size
        ),
    )
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
        let name = field.kind.name();
        if !field.kind.is_kptr() {
            return refuse(
                field_code(name),
                format!("{name} cannot be accessed directly by load/store"),
            );
        }
        if !direct {
            return refuse(
                Code::Kptr,
                format!("{name} cannot be accessed indirectly by helper"),
            );
        }
        let Some(var) = reg.bounds.is_const() else {
            return refuse(
                Code::Kptr,
                format!("{name} access cannot have variable offset"),
            );
        };
        let place = (off as i64).wrapping_add(var as i64);
        if place != start {
            return refuse(
                Code::Misaligned,
                format!("{name} access misaligned expected={start} off={place}"),
            );
        }
        if size != 8 {
            return refuse(Code::Kptr, format!("{name} access size must be BPF_DW"));
        }
    }
    Ok(())
}

/// The code whose message class a field's name falls in.
fn field_code(name: &str) -> Code {
    if name.contains("spin_lock") {
        Code::SpinLock
    } else if name.contains("list_") || name.contains("rb_node") {
        Code::Graph
    } else if ["bpf_timer", "bpf_wq", "bpf_task_work"].contains(&name) {
        Code::TimerWq
    } else {
        Code::SpecialField
    }
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
