//! The arguments of a helper call, one by one.
//!
//! Each argument has a type that says which registers it takes, and flags: may
//! be null, is written, needn't be initialised, is given back. Some arguments
//! say something of later ones or of the result (the map of a key, the size of
//! a memory, the type of a kptr): that is gathered in [`Facts`]. The caller
//! carries out [`Touched`] after each argument, so that the next one is
//! checked against the changed stack, as in the kernel.

use super::access::Dir;
use super::arg_pointer::{ArgOff, of_struct, reg_off};
use super::dynptr::Dynptr;
use super::helper_allowed::id;
use super::locks::{self, LockFact, LockOp};
use super::mem_region::{self, Region, Touched};
use super::{align, const_str, dynptr, map_args, operand, packet, reg_kind, secrecy};
use crate::abstract_interp::refusal::{Fault, StackObject, refuse_reg};
use crate::abstract_interp::state::RefKind;
use crate::abstract_interp::value::{BtfSrc, DynptrType, Flags, Kind, MapRef, RefId, Reg};
use crate::abstract_interp::vm::{Check, Vm, unknown};
use crate::helpers_spec::{ArgSpec, ArgType, HelperProto, TypeFlags};

/// What the arguments checked so far say of the call.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The map that the call works on, and the uid of the lookup it came from.
    pub map: Option<(MapRef, u32)>,
    /// The register whose reference is given back.
    pub release: Option<u8>,
    /// The one reference among the arguments; 0 is none.
    pub ref_id: RefId,
    /// Memory to overwrite once all arguments have passed.
    pub raw: Option<Touched>,
    /// The memory argument in front of a size needn't be initialised.
    raw_mode: bool,
    /// The size of the memory that is returned.
    pub mem_size: u32,
    /// The greatest value of the size argument.
    pub len_max: u64,
    /// The key, when it is a constant.
    pub const_key: Option<u64>,
    /// The stack slot that holds the constant key: its value is relied on.
    pub key_slot: Option<(usize, usize)>,
    /// The callback.
    pub subprog: Option<u32>,
    /// `bpf_kptr_xchg`: the field, by its offset in the record of argument 1.
    pub kptr: Option<map_args::KptrDest>,
    /// The BTF type of the per-CPU variable.
    pub percpu: Option<(BtfSrc, u32)>,
    /// A lock operation.
    pub lock: Option<LockFact>,
    /// What is done to a dynptr.
    pub dynptr: Option<DynptrFact>,
    /// Which argument (from 0) the dynptr is.
    pub dynptr_arg: Option<usize>,
}

/// What a call does to the dynptr among its arguments.
#[derive(Clone, Copy, Debug)]
pub enum DynptrFact {
    /// Makes one in two slots, the lower at `at`.
    Make {
        /// Whose stack.
        frame: usize,
        /// The slot at the lower address.
        at: usize,
        /// Its kind.
        ty: DynptrType,
    },
    /// Looks into it.
    Read(Dynptr),
}

/// Checks argument `n` (0 to 4) of a call of `proto`.
pub fn check(
    vm: &Vm<'_>,
    helper: i32,
    proto: &HelperProto,
    n: usize,
    facts: &mut Facts,
) -> Check<Touched> {
    let r = n as u8 + 1;
    let Some(spec) = proto.args.get(n) else {
        return Ok(Touched::Nothing);
    };
    if spec.base == ArgType::DontCare {
        return Ok(Touched::Nothing);
    }
    operand::read_ok(vm, r)?;
    if spec.base == ArgType::Anything {
        secrecy::keep(vm, r, Fault::AddressIntoHelper)?;
        return Ok(Touched::Nothing);
    }
    let reg = vm.reg(r);
    if reg.is_packet()
        && reg.flags == Flags::NONE
        && !packet::may_access(vm, Some(proto.pkt_access), false)
    {
        return refuse_reg(r, Fault::ArgumentPacket);
    }
    let (base, flags) = map_args::resolve_value(vm, helper, spec, facts)?;
    let arg = Arg {
        helper,
        spec,
        base,
        flags,
        r,
    };
    if reg.is_null() && arg.has(TypeFlags::MAYBE_NULL) {
        if vm.env.target.behaviour().null_args_precise() {
            vm.need_precise(r);
        }
    } else {
        arg.check_type(vm, proto, facts)?;
        arg.check_off(vm)?;
    }
    arg.check_reference(vm, facts)?;
    arg.check_meaning(vm, proto, n, facts)
}

/// One argument of a call.
struct Arg<'s> {
    helper: i32,
    spec: &'s ArgSpec,
    /// The argument's type and flags, after the map's type had its say.
    base: ArgType,
    flags: TypeFlags,
    r: u8,
}

impl Arg<'_> {
    fn has(&self, flag: TypeFlags) -> bool {
        self.flags.has(flag)
    }
    fn releases(&self) -> bool {
        self.has(TypeFlags::RELEASE)
    }

    fn check_type(&self, vm: &Vm<'_>, proto: &HelperProto, facts: &Facts) -> Check<()> {
        let r = self.r;
        let reg = vm.reg(r);
        let list = reg_kind::accepted(vm, self.base)?;
        let mut waived = Flags::NONE;
        if self.has(TypeFlags::RDONLY) {
            waived = waived.with(Flags::RDONLY);
        }
        if self.has(TypeFlags::MAYBE_NULL) {
            waived = waived.with(Flags::MAYBE_NULL);
        }
        if self.base == ArgType::Mem {
            waived = waived.with(Flags::DYNPTR_SLICE);
        }
        if self.helper == id::KPTR_XCHG && r == 2 && reg.flags.has(Flags::ALLOC) {
            waived = waived.with(Flags::ALLOC).with(Flags::PERCPU);
        }
        if !reg_kind::matches(list, reg, waived) {
            return refuse_reg(r, reg_kind::mismatch(list, reg));
        }
        if !matches!(reg.kind, Kind::Btf { .. }) {
            return Ok(());
        }
        if matches!(
            self.base,
            ArgType::Mem | ArgType::MapKey | ArgType::MapValue
        ) {
            if !self.has(TypeFlags::RDONLY) {
                let fault = Fault::ArgumentWritten {
                    name: proto.name.into(),
                    held: *reg,
                };
                return refuse_reg(r, fault);
            }
            return Ok(());
        }
        self.check_struct(vm, reg, facts)
    }

    /// A BTF object of the right struct.
    fn check_struct(&self, vm: &Vm<'_>, reg: &Reg, facts: &Facts) -> Check<()> {
        let r = self.r;
        if reg.flags.has(Flags::ALLOC) {
            return match facts.kptr {
                Some(dest) if r == 2 => map_args::kptr_matches(vm, dest, reg, r),
                _ => Ok(()),
            };
        }
        if reg.flags.has(Flags::PERCPU) {
            return Ok(());
        }
        if reg.maybe_null() && (!self.has(TypeFlags::MAYBE_NULL) || self.releases()) {
            return refuse_reg(r, Fault::ArgumentNull);
        }
        if self.helper == id::KPTR_XCHG {
            return match facts.kptr {
                Some(dest) => map_args::kptr_matches(vm, dest, reg, r),
                None => unknown("kptr-xchg"),
            };
        }
        let want = match self.base {
            ArgType::BtfIdSockCommon => "sock_common",
            _ => match self.spec.btf {
                Some(name) => name,
                None => return unknown("helper-btf-argument"),
            },
        };
        let strict = self.releases() && self.helper != id::SK_RELEASE;
        of_struct(vm, reg, r, want, strict)
    }

    fn check_off(&self, vm: &Vm<'_>) -> Check<()> {
        let dynptr = self.base == ArgType::Dynptr;
        let how = match (self.releases(), dynptr) {
            (true, true) => ArgOff::ReleaseDynptr,
            (true, false) => ArgOff::Release,
            (false, true) => ArgOff::Dynptr,
            (false, false) => ArgOff::Any,
        };
        reg_off(vm, self.r, how)
    }

    fn check_reference(&self, vm: &Vm<'_>, facts: &mut Facts) -> Check<()> {
        let r = self.r;
        let reg = vm.reg(r);
        if self.releases() {
            if self.base == ArgType::Dynptr {
                releasable_dynptr(vm, r)?;
            } else if reg.ref_id.is_none() && !reg.is_null() {
                return refuse_reg(r, Fault::ArgumentUnreferenced);
            }
            facts.release = Some(r);
        }
        if reg.ref_id.is_some() && self.base != ArgType::KptrXchgDest {
            if facts.ref_id.is_some() && vm.env.target.behaviour().one_reference_argument() {
                let fault = Fault::ArgumentsReferenced {
                    id: reg.ref_id.into(),
                    other: facts.ref_id.into(),
                };
                return refuse_reg(r, fault);
            }
            facts.ref_id = reg.ref_id;
        }
        Ok(())
    }

    fn check_meaning(
        &self,
        vm: &Vm<'_>,
        proto: &HelperProto,
        n: usize,
        facts: &mut Facts,
    ) -> Check<Touched> {
        let r = self.r;
        let reg = vm.reg(r);
        let dir = if self.has(TypeFlags::WRITE) {
            Dir::Write
        } else {
            Dir::Read
        };
        match self.base {
            ArgType::ConstMapPtr => map_args::map_pointer(r, reg, facts)?,
            ArgType::MapKey => return map_args::key(vm, r, facts),
            ArgType::MapValue => {
                if reg.is_null() && self.has(TypeFlags::MAYBE_NULL) {
                    return Ok(Touched::Nothing);
                }
                let size = map_args::value_size(vm, facts)?;
                facts.raw_mode = self.has(TypeFlags::UNINIT);
                return self.region(vm, size, dir, facts);
            }
            ArgType::Mem => {
                facts.raw_mode = self.has(TypeFlags::UNINIT);
                if let Some(size) = self.spec.fixed_size {
                    let touched = self.region(vm, size, dir, facts)?;
                    if self.has(TypeFlags::ALIGNED) {
                        align::check(vm, reg, 0, size, true)?;
                    }
                    return Ok(touched);
                }
            }
            ArgType::ConstSize | ArgType::ConstSizeOrZero => {
                let written = n > 0 && proto.args[n - 1].flags.has(TypeFlags::WRITE);
                let region = Region {
                    reg: r - 1,
                    size: 0,
                    dir: if written { Dir::Write } else { Dir::Read },
                    zero_allowed: self.base == ArgType::ConstSizeOrZero,
                    raw: facts.raw_mode,
                };
                facts.len_max = reg.bounds.umax;
                let (touched, _) = mem_region::check_sized(vm, region, r)?;
                return Ok(keep_raw(touched, facts));
            }
            ArgType::ConstAllocSizeOrZero => {
                let Some(size) = reg.const_value() else {
                    return refuse_reg(r, Fault::ArgumentSizeNotKnown);
                };
                vm.need_precise(r);
                facts.mem_size = size as u32;
            }
            ArgType::PercpuBtfId => {
                if let Kind::Btf { btf, id } = reg.kind {
                    facts.percpu = Some((btf, id));
                }
            }
            ArgType::SpinLock => {
                if locks::in_node_callback(vm) {
                    return refuse_reg(r, Fault::LockedInNodeCallback);
                }
                let op = LockOp {
                    take: self.helper == id::SPIN_LOCK,
                    kind: RefKind::Lock,
                };
                facts.lock = Some(locks::check(vm, r, op)?);
            }
            ArgType::Timer => map_args::timer(vm, r, facts)?,
            ArgType::Func => {
                if let Kind::Func { subprog } = reg.kind {
                    facts.subprog = Some(subprog);
                }
            }
            ArgType::Dynptr => {
                facts.dynptr = Some(self.dynptr(vm)?);
                facts.dynptr_arg = Some(n);
            }
            ArgType::ConstStr => const_str::check(vm, r)?,
            ArgType::KptrXchgDest => {
                facts.kptr = Some(map_args::kptr_dest(vm, r)?);
                if let Kind::MapValue { map, uid } = reg.kind {
                    facts.map = Some((map, uid));
                }
            }
            _ => {}
        }
        Ok(Touched::Nothing)
    }

    fn dynptr(&self, vm: &Vm<'_>) -> Check<DynptrFact> {
        let want = dynptr_type(self.flags);
        let whole = vm.env.target.behaviour().const_dynptrs_passed_whole();
        if let (Kind::ConstDynptr { .. }, false) = (vm.reg(self.r).kind, whole) {
            return Ok(DynptrFact::Read(dynptr::check_init(
                vm, self.r, None, false,
            )?));
        }
        if self.has(TypeFlags::UNINIT) {
            let (frame, at) = dynptr::check_uninit(vm, self.r)?;
            return match want {
                Some(ty) => Ok(DynptrFact::Make { frame, at, ty }),
                None => unknown("dynptr-type"),
            };
        }
        let mutates = !self.has(TypeFlags::RDONLY);
        Ok(DynptrFact::Read(dynptr::check_init(
            vm, self.r, want, mutates,
        )?))
    }

    fn region(&self, vm: &Vm<'_>, size: u32, dir: Dir, facts: &mut Facts) -> Check<Touched> {
        let region = Region {
            reg: self.r,
            size,
            dir,
            zero_allowed: false,
            raw: facts.raw_mode,
        };
        Ok(keep_raw(mem_region::check(vm, region)?, facts))
    }
}

fn dynptr_type(flags: TypeFlags) -> Option<DynptrType> {
    [
        (TypeFlags::DYNPTR_LOCAL, DynptrType::Local),
        (TypeFlags::DYNPTR_RINGBUF, DynptrType::Ringbuf),
    ]
    .into_iter()
    .find(|(flag, _)| flags.has(*flag))
    .map(|(_, ty)| ty)
}

/// The dynptr in register `r` holds a reference that may be given back.
fn releasable_dynptr(vm: &Vm<'_>, r: u8) -> Check<()> {
    if !matches!(vm.reg(r).kind, Kind::Stack { .. }) {
        return refuse_reg(r, Fault::DynptrConstReleased);
    }
    let (frame, at) = dynptr::place(vm, r, StackObject::Dynptr, 2)?;
    let held = vm.cur.frames[frame]
        .stack
        .get(at)
        .is_some_and(|s| s.spill.ref_id.is_some());
    if held {
        Ok(())
    } else {
        refuse_reg(r, Fault::ArgumentUnacquired)
    }
}

fn keep_raw(touched: Touched, facts: &mut Facts) -> Touched {
    if matches!(touched, Touched::Raw { .. }) {
        facts.raw = Some(touched);
        return Touched::Nothing;
    }
    touched
}
