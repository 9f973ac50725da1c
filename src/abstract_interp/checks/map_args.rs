//! Arguments that have to do with maps: the map itself, its keys and values,
//! timers and kptrs that live in its values; and whether a helper works on a
//! map of this type at all.

use super::access::Dir;
use super::arg_pointer::unmodified;
use super::helper_allowed::id;
use super::helper_args::Facts;
use super::mem_region::{self, Region, Touched};
use super::struct_match;
use crate::abstract_interp::btf_record::{self, FieldKind};
use crate::abstract_interp::refusal::{Fault, Owner, refuse, refuse_reg};
use crate::abstract_interp::stack::{Byte, SLOT, spi};
use crate::abstract_interp::value::{BtfSrc, Flags, Kind, MapRef, Reg};
use crate::abstract_interp::vm::{Check, Vm, unknown};
use crate::helpers_spec::{
    self, ArgSpec, ArgType, AttachType, HelperProto, MapType, ProgType, TypeFlags,
};
use crate::object::MapDef;

/// The kptr that `bpf_kptr_xchg` swaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KptrDest {
    /// Its kind.
    pub kind: FieldKind,
    /// What it points to.
    pub btf: BtfSrc,
    /// Its type id there.
    pub id: u32,
}

fn def<'a>(vm: &Vm<'a>, map: MapRef) -> Check<&'a MapDef> {
    vm.env.map(map).map_or_else(|| unknown("map:missing"), Ok)
}

fn map_of<'a>(vm: &Vm<'a>, facts: &Facts) -> Check<&'a MapDef> {
    match facts.map {
        Some((map, _)) => def(vm, map),
        None => unknown("helper:map-argument-missing"),
    }
}

/// The type of a value argument: what a map stores decides it for some.
pub fn resolve_value(
    vm: &Vm<'_>,
    helper: i32,
    spec: &ArgSpec,
    facts: &Facts,
) -> Check<(ArgType, TypeFlags)> {
    if spec.base != ArgType::MapValue {
        return Ok((spec.base, spec.flags));
    }
    match MapType::from_id(map_of(vm, facts)?.map_type) {
        Some(MapType::Sockmap | MapType::Sockhash) => {
            // What a helper fills in is no socket.
            if helper == id::MAP_UPDATE_ELEM || spec.flags == TypeFlags::NONE {
                Ok((ArgType::BtfIdSockCommon, TypeFlags::NONE))
            } else {
                refuse(Fault::SockmapValue)
            }
        }
        // A bloom filter's peek asks about a value instead of giving one.
        Some(MapType::BloomFilter) if helper == id::MAP_PEEK_ELEM => {
            Ok((ArgType::MapValue, TypeFlags::NONE))
        }
        _ => Ok((ArgType::MapValue, spec.flags)),
    }
}

/// A map argument; a timer before it must live in the same map.
pub fn map_pointer(r: u8, reg: &Reg, facts: &mut Facts) -> Check<()> {
    let Kind::ConstMap { map, uid } = reg.kind else {
        return unknown("helper:map-argument");
    };
    if let Some((first, first_uid)) = facts.map
        && (first != map || first_uid != uid)
    {
        let fault = Fault::TimerOfOtherMap {
            uid: first_uid.into(),
            other: uid.into(),
        };
        return refuse_reg(r, fault);
    }
    facts.map = Some((map, uid));
    Ok(())
}

/// A key: readable, and perhaps a known constant.
pub fn key(vm: &Vm<'_>, r: u8, facts: &mut Facts) -> Check<Touched> {
    let map = map_of(vm, facts)?;
    let size = map.key_size;
    let region = Region {
        reg: r,
        size,
        dir: Dir::Read,
        zero_allowed: false,
        raw: false,
    };
    let touched = mem_region::check(vm, region)?;
    if vm.env.target.behaviour().const_map_key() && indexes_fixed(vm, map) {
        constant_key(vm, r, size, facts);
    }
    Ok(touched)
}

/// `BPF_F_INNER_MAP`: the inner maps of an array of maps may differ in size.
const F_INNER_MAP: u32 = 1 << 12;

/// Maps whose lookup cannot fail for a key in range.
pub fn indexes_fixed(vm: &Vm<'_>, map: &MapDef) -> bool {
    (map.flags & F_INNER_MAP == 0 || !vm.env.target.behaviour().inner_keys_vary())
        && matches!(
            MapType::from_id(map.map_type),
            Some(MapType::Array | MapType::PercpuArray)
        )
}

/// Notes the key at `r` if the stack says what it is.
fn constant_key(vm: &Vm<'_>, r: u8, size: u32, facts: &mut Facts) {
    facts.const_key = None;
    facts.key_slot = None;
    let reg = vm.reg(r);
    let Kind::Stack { frame } = reg.kind else {
        return;
    };
    let Some(var) = reg.bounds.is_const() else {
        return;
    };
    let off = reg.off.wrapping_add(var as i32);
    if off >= 0 {
        return;
    }
    let Some(stack) = vm.cur.frames.get(frame as usize).map(|f| &f.stack) else {
        return;
    };
    let at = spi(off);
    let Some(slot) = stack.get(at) else { return };
    // Bytes from the key's first upwards are at falling indices.
    let first = ((-off - 1) as u32 % SLOT) as usize;
    let run = |byte| {
        slot.kinds[..=first]
            .iter()
            .rev()
            .take_while(|k| **k == byte)
            .count() as u32
    };
    if run(Byte::Zero) >= size {
        facts.const_key = Some(0);
        return;
    }
    if !slot.is_scalar_spill() || run(Byte::Spill) != size {
        return;
    }
    if let Some(value) = slot.spill.const_value() {
        facts.const_key = Some(value);
        facts.key_slot = Some((frame as usize, at));
    }
}

/// The size of the values of the call's map.
pub fn value_size(vm: &Vm<'_>, facts: &Facts) -> Check<u32> {
    Ok(map_of(vm, facts)?.value_size)
}

/// Register `r` points to the field of kind `kind` of a map's value.
pub fn field(vm: &Vm<'_>, r: u8, kind: FieldKind) -> Check<(MapRef, u32)> {
    let reg = vm.reg(r);
    let Kind::MapValue { map, uid } = reg.kind else {
        return refuse_reg(r, Fault::FieldNotInMap { field: kind });
    };
    let Some(var) = reg.bounds.is_const() else {
        return refuse_reg(r, Fault::FieldOffset { field: kind });
    };
    let map_name = vm.env.map(map).map_or("", |m| &*m.name);
    if !vm.env.map_has_btf(map) {
        let (field, map) = (kind, map_name.into());
        return refuse_reg(r, Fault::FieldUntypedMap { field, map });
    }
    let Some(field) = btf_record::of_reg(&vm.env, reg).only(kind) else {
        let owner = Owner::Map(map_name.into());
        return refuse_reg(r, Fault::FieldAbsent { field: kind, owner });
    };
    let at = (var as i64).wrapping_add(i64::from(reg.off));
    if at != i64::from(field.off) {
        let fault = Fault::FieldElsewhere {
            field: kind,
            off: at,
            expected: field.off.into(),
        };
        return refuse_reg(r, fault);
    }
    Ok((map, uid))
}

/// A timer argument: it names the call's map.
pub fn timer(vm: &Vm<'_>, r: u8, facts: &mut Facts) -> Check<()> {
    facts.map = Some(field(vm, r, FieldKind::Timer)?);
    Ok(())
}

/// The kptr that register `r` points to: a place (an object whose fields are known, and a
/// distance into it that is known too), and the owned pointer that lies there.
pub fn kptr_dest(vm: &Vm<'_>, r: u8) -> Check<KptrDest> {
    let off = field_distance(vm, r, FieldKind::KptrRef)?;
    let record = btf_record::of_reg(&vm.env, vm.reg(r));
    let kptrs = || record.fields.iter().filter(|f| f.kind.is_kptr());
    let at = off.into();
    let fault = match kptrs().find(|f| f.off == off) {
        None if kptrs().next().is_none() => Fault::KptrAbsent,
        None => Fault::KptrElsewhere { off: at },
        // One that owns nothing is loaded and stored, not exchanged.
        Some(field) if matches!(field.kind, FieldKind::KptrUnref | FieldKind::Uptr) => {
            Fault::KptrUnreferenced { off: at }
        }
        Some(field) => {
            let Some((btf, id)) = field.pointee else {
                return unknown("kptr-target");
            };
            let kind = field.kind;
            return Ok(KptrDest { kind, btf, id });
        }
    };
    refuse_reg(r, fault)
}

/// How far into an object with typed fields register `r` points.
fn field_distance(vm: &Vm<'_>, r: u8, field: FieldKind) -> Check<u32> {
    let reg = vm.reg(r);
    let untyped = match reg.kind {
        Kind::MapValue { map, .. } if !vm.env.map_has_btf(map) => vm.env.map(map),
        _ => None,
    };
    match (untyped, reg.bounds.is_const()) {
        (Some(def), _) => {
            let map = (*def.name).into();
            refuse_reg(r, Fault::FieldUntypedMap { field, map })
        }
        (None, None) => refuse_reg(r, Fault::FieldOffset { field }),
        (None, Some(var)) => Ok((var as u32).wrapping_add(reg.off as u32)),
    }
}

/// The pointer in register `r` may be put into a kptr field.
pub fn kptr_matches(vm: &Vm<'_>, dest: KptrDest, reg: &Reg, r: u8) -> Check<()> {
    let bad = || refuse_reg(r, Fault::KptrExchangedType { held: *reg });
    let Kind::Btf { btf, id } = reg.kind else {
        return bad();
    };
    let mut allowed = Flags::MAYBE_NULL;
    if btf == BtfSrc::Kernel {
        allowed = allowed.with(Flags::TRUSTED).with(Flags::RCU);
        if dest.kind == FieldKind::KptrUnref {
            allowed = allowed.with(Flags::UNTRUSTED);
        }
    } else {
        allowed = allowed.with(Flags::ALLOC);
        if dest.kind == FieldKind::KptrPercpu {
            allowed = allowed.with(Flags::PERCPU);
        }
    }
    if reg.flags.without(allowed) != Flags::NONE {
        return bad();
    }
    unmodified(reg, r, true)?;
    let strict = dest.kind != FieldKind::KptrUnref;
    if struct_match::matches(vm, (btf, id), reg.off, (dest.btf, dest.id), strict) {
        Ok(())
    } else {
        bad()
    }
}

/// The helper works on maps of this type, and this map may be changed by it.
pub fn recorded(vm: &Vm<'_>, helper: i32, facts: &Facts) -> Check<()> {
    let records = [
        id::TAIL_CALL,
        id::MAP_LOOKUP_ELEM,
        id::MAP_UPDATE_ELEM,
        id::MAP_DELETE_ELEM,
        id::MAP_PUSH_ELEM,
        id::MAP_POP_ELEM,
        id::MAP_PEEK_ELEM,
        id::FOR_EACH_MAP_ELEM,
        id::REDIRECT_MAP,
        id::MAP_LOOKUP_PERCPU_ELEM,
    ];
    if !records.contains(&helper) {
        return Ok(());
    }
    let map = map_of(vm, facts)?;
    let changes = [
        id::MAP_DELETE_ELEM,
        id::MAP_UPDATE_ELEM,
        id::MAP_PUSH_ELEM,
        id::MAP_POP_ELEM,
    ];
    if map.is_read_only() && changes.contains(&helper) {
        return refuse(Fault::MapUnchangeable);
    }
    if helper == id::TAIL_CALL && map.map_type != MapType::ProgArray.id() {
        return refuse(Fault::TailCallMap);
    }
    Ok(())
}

/// The helper and the map's type go together.
pub fn compatible(vm: &Vm<'_>, helper: i32, proto: &HelperProto, facts: &Facts) -> Check<()> {
    let Some((map, _)) = facts.map else {
        return Ok(());
    };
    // Helpers that get to the map by a field of its value are limited by the
    // types that may have such fields.
    if !proto.args.iter().any(|a| a.base == ArgType::ConstMapPtr) {
        return Ok(());
    }
    let ty = def(vm, map)?.map_type;
    let target = vm.env.target;
    let name = helpers_spec::helper_name(helper as u32).unwrap_or("unknown");
    let (map_type, id) = (ty.into(), helper.into());
    let sock = matches!(
        MapType::from_id(ty),
        Some(MapType::Sockmap | MapType::Sockhash)
    );
    if sock && matches!(helper, id::MAP_UPDATE_ELEM | id::MAP_DELETE_ELEM) {
        if !may_update_sockmap(vm, helper) {
            let name = name.into();
            return refuse(Fault::SockmapUpdated { map_type, name, id });
        }
        return Ok(());
    }
    if !target.map_of_helper(ty, helper as u32) {
        let name = name.into();
        return refuse(Fault::MapOfHelper { map_type, name, id });
    }
    Ok(())
}

/// Programs in whose context a socket cannot be locked may change sockmaps.
fn may_update_sockmap(vm: &Vm<'_>, helper: i32) -> bool {
    let program = vm.env.program;
    let restricted = vm.env.target.behaviour().sockmap_updates_restricted();
    match program.prog_type {
        ProgType::Tracing => program.attach_type == Some(AttachType::TraceIter),
        ProgType::SockOps => helper == id::MAP_DELETE_ELEM,
        ProgType::SkReuseport | ProgType::SkLookup => true,
        ProgType::SocketFilter
        | ProgType::SchedCls
        | ProgType::SchedAct
        | ProgType::Xdp
        | ProgType::FlowDissector => !restricted,
        _ => false,
    }
}
