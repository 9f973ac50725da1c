//! What `LD_IMM64` may refer to, checked before the program is explored: maps
//! (how many, of which types, with which program type), offsets into map
//! values, kernel variables.

use super::rights;
use crate::abstract_interp::btf_record::{FieldKind, Record};
use crate::abstract_interp::refusal::{Fault, refuse};
use crate::abstract_interp::value::{BtfSrc, Flags, Kind, MapRef, Reg};
use crate::abstract_interp::vm::{Check, Env, Vm, unknown};
use crate::helpers_spec::{MapType, ProgType};
use crate::object::MapDef;
use crate::object::btf::Type;
use crate::prelude::*;
use crate::programs::insn::{ImmRef, Op};
use crate::target::Limits;

/// Checks every reference of the program, in the order of its instructions.
pub fn check(env: &Env<'_>) -> Check<()> {
    let mut used: Vec<u32> = Vec::new();
    for (insn, op) in env.ops.iter().enumerate() {
        let Op::LdImm64 { src, .. } = *op else {
            continue;
        };
        one(env, src, &mut used).map_err(|halt| at(halt, insn))?;
    }
    Ok(())
}

fn at(halt: crate::abstract_interp::vm::Halt, insn: usize) -> crate::abstract_interp::vm::Halt {
    use crate::abstract_interp::vm::Halt;
    match halt {
        Halt::Refusal(v) => Halt::Refusal(v.at(insn)),
        other => other,
    }
}

fn one(env: &Env<'_>, src: ImmRef, used: &mut Vec<u32>) -> Check<()> {
    match src {
        ImmRef::MapIdx(index) => use_map(env, index, used),
        ImmRef::MapIdxValue { idx, off } => {
            use_map(env, idx, used)?;
            value_offset(env, idx, off)
        }
        ImmRef::BtfId { imm, .. } => ksym(env, imm).map(|_| ()),
        ImmRef::Const(_) | ImmRef::Func(_) => Ok(()),
        ImmRef::Map(fd) | ImmRef::MapValue { map: fd, .. } => {
            refuse(Fault::MapFd { fd: fd.into() })
        }
        _ => no_reference(),
    }
}

fn use_map(env: &Env<'_>, index: u32, used: &mut Vec<u32>) -> Check<()> {
    if used.contains(&index) {
        return Ok(());
    }
    let limit = env.target.limits().used_maps();
    if used.len() >= limit as usize {
        let limit = limit.into();
        return refuse(Fault::TooManyMaps { limit });
    }
    let map = MapRef::new(index);
    let Some(def) = env.map(map) else {
        return unknown("map:missing");
    };
    rights::arena(env, def)?;
    fits_program(env, def, env.records.of_map(map), used)?;
    used.push(index);
    Ok(())
}

/// What about a map keeps some programs from using it.
#[derive(Clone, Copy)]
enum Trait {
    /// It holds lists or trees.
    Collections,
    /// It holds a lock of either kind.
    Lock,
    /// It holds such a field.
    Field(FieldKind),
}

impl Trait {
    fn of(self, record: &Record) -> bool {
        match self {
            Trait::Collections => record.fields.iter().any(|f| f.kind.is_root()),
            Trait::Lock => record.lock().is_some(),
            Trait::Field(kind) => record.has(kind),
        }
    }
}

/// Programs that a map's trait bars.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Barred {
    /// Those that may run at any instruction of the kernel.
    Tracing,
    /// The same, until kernels made it safe there.
    TracingOnce,
    /// Socket filters.
    SocketFilter,
}

impl Barred {
    fn is(self, env: &Env<'_>) -> bool {
        let ty = env.program.prog_type;
        let tracing = matches!(
            ty,
            ProgType::Kprobe
                | ProgType::Tracepoint
                | ProgType::PerfEvent
                | ProgType::RawTracepoint
                | ProgType::RawTracepointWritable
        );
        match self {
            Barred::Tracing => tracing,
            Barred::TracingOnce => tracing && !env.target.behaviour().tracing_timers(),
            Barred::SocketFilter => ty == ProgType::SocketFilter,
        }
    }
}

/// Which trait bars which programs; the first that holds is told.
const BARS: &[(Barred, Trait)] = &[
    (Barred::Tracing, Trait::Collections),
    (Barred::SocketFilter, Trait::Lock),
    (Barred::Tracing, Trait::Field(FieldKind::SpinLock)),
    (Barred::TracingOnce, Trait::Field(FieldKind::ResSpinLock)),
    (Barred::TracingOnce, Trait::Field(FieldKind::Timer)),
    (Barred::TracingOnce, Trait::Field(FieldKind::Wq)),
];

/// The bar that a program meets at a map, if any.
fn barred(env: &Env<'_>, record: &Record) -> Option<Fault> {
    let met = BARS
        .iter()
        .find(|(who, what)| what.of(record) && who.is(env));
    met.map(|(_, what)| match *what {
        Trait::Collections => Fault::MapOfTracingCollections,
        Trait::Lock => Fault::MapOfSocketFilter,
        Trait::Field(field) => Fault::MapOfTracing { field },
    })
}

fn fits_program(env: &Env<'_>, map: &MapDef, record: &Record, used: &[u32]) -> Check<()> {
    let ty = MapType::from_id(map.map_type);
    let by_type = || match ty {
        Some(MapType::StructOps) => Some(Fault::MapOfStructOps),
        _ if env.program.sleepable && !sleepable_may_use(env, ty) => Some(Fault::MapOfSleepable {
            map_type: map.map_type.into(),
        }),
        _ => None,
    };
    // Of some types a program has one map.
    let second = || {
        let like = used.iter().filter_map(|&i| env.map(MapRef::new(i)));
        let fault = match ty? {
            MapType::CgroupStorage | MapType::PercpuCgroupStorage => Fault::CgroupStorageTwice,
            MapType::Arena => Fault::ArenaTwice,
            _ => return None,
        };
        like.map(|m| m.map_type)
            .any(|other| other == map.map_type)
            .then_some(fault)
    };
    let fault = barred(env, record).or_else(by_type).or_else(second);
    fault.map_or(Ok(()), refuse)
}

fn sleepable_may_use(env: &Env<'_>, ty: Option<MapType>) -> bool {
    use MapType::{
        Arena, Array, ArrayOfMaps, CgrpStorage, Hash, HashOfMaps, InodeStorage, InsnArray, LpmTrie,
        LruHash, LruPercpuHash, PercpuArray, PercpuHash, ProgArray, Queue, Rhash, Ringbuf,
        SkStorage, Stack, TaskStorage, UserRingbuf,
    };
    let Some(ty) = ty else { return false };
    match ty {
        Hash | LruHash | Array => true,
        PercpuHash | PercpuArray | LruPercpuHash | ArrayOfMaps | HashOfMaps | Ringbuf => {
            env.target.behaviour().sleepable_uses_percpu()
        }
        UserRingbuf | InodeStorage | SkStorage | TaskStorage | CgrpStorage | Queue | Stack
        | Arena => env.target.behaviour().sleepable_uses_storage(),
        InsnArray | LpmTrie | ProgArray | Rhash => env.target.behaviour().sleepable_uses_tries(),
        _ => false,
    }
}

fn value_offset(env: &Env<'_>, index: u32, off: u32) -> Check<()> {
    let Some(map) = env.map(MapRef::new(index)) else {
        return unknown("map:missing");
    };
    let arena = MapType::from_id(map.map_type) == Some(MapType::Arena);
    if u64::from(off) >= Limits::VAR_OFF && !(arena && env.target.behaviour().arena_offsets_free())
    {
        return refuse(Fault::MapValueOffset { off: off.into() });
    }
    match MapType::from_id(map.map_type) {
        Some(MapType::Array) => {
            if map.max_entries == 1 && off < map.value_size {
                return Ok(());
            }
            refuse(Fault::MapValuePointer {
                limit: map.value_size.into(),
                off: off.into(),
            })
        }
        Some(MapType::Arena | MapType::InsnArray) => Ok(()),
        _ => refuse(Fault::MapNotDirect),
    }
}

/// The value of kernel symbol `index` of `Program::ksyms`.
pub fn ksym(env: &Env<'_>, index: i32) -> Check<Reg> {
    let sym = usize::try_from(index)
        .ok()
        .and_then(|i| env.program.ksyms.get(i));
    let Some(sym) = sym else {
        return unknown("ksym:missing");
    };
    if sym.weak && !sym.resolved {
        return Ok(Reg::constant(0));
    }
    let (Some(btf), Some(id)) = (env.types.any(), sym.kernel_id) else {
        return unknown(format!("ksym:{}", sym.name));
    };
    let untyped = |size| {
        let kind = Kind::Mem { size, dynptr_id: 0 };
        Ok(Reg::pointer(kind, Flags::RDONLY))
    };
    let ty = match btf.ty(id) {
        Some(Type::Func { .. }) if env.target.behaviour().ksym_functions() => return untyped(0),
        Some(Type::Var { ty, .. }) => ty,
        _ => {
            return refuse(Fault::KsymKind { id: id.into() });
        }
    };
    let object = |flags| {
        let kind = Kind::Btf {
            btf: BtfSrc::Kernel,
            id: ty,
        };
        Ok(Reg::pointer(kind, flags))
    };
    if is_percpu(env, id) {
        return object(Flags::PERCPU);
    }
    let plain = btf.skip_mods_typedefs(ty);
    if btf.ty(plain).is_some_and(|t| t.composite().is_some()) {
        return object(Flags::NONE);
    }
    match btf.resolve_size(plain) {
        Some(size) => untyped(size),
        None => {
            let name = btf.name(plain).into();
            refuse(Fault::KsymUnsized { name })
        }
    }
}

/// The function that is taken the address of, to be given as a callback: its number.
pub fn callback(vm: &Vm<'_>, rel: i32) -> Check<u32> {
    let at = (vm.insn as i64) + i64::from(rel) + 1;
    let program = vm.env.program;
    let found = u32::try_from(at)
        .ok()
        .and_then(|at| program.subprog_at(at))
        .and_then(|i| program.subprogs.get(i).map(|s| (i, s)));
    let Some((subprog, callee)) = found else {
        return refuse(Fault::CallNowhere);
    };
    if program.func_info.is_empty() {
        return refuse(Fault::FuncInfoMissing);
    }
    if callee.global {
        return refuse(Fault::CallbackGlobal);
    }
    Ok(subprog as u32)
}

/// A wide load of what no kernel knows.
pub fn no_reference<T>() -> Check<T> {
    refuse(Fault::ReferenceUnknown)
}

/// Whether a kernel variable has a copy on each CPU.
fn is_percpu(env: &Env<'_>, var: u32) -> bool {
    let Some(btf) = env.types.any() else {
        return false;
    };
    let section = btf.find(crate::object::btf::Kind::DataSec, ".data..percpu");
    match section.and_then(|id| btf.ty(id)) {
        Some(Type::DataSec { vars, .. }) => vars.iter().any(|v| v.ty == var),
        _ => false,
    }
}
