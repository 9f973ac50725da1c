//! Loads and stores: which pointer kinds allow them, and what they yield.
//!
//! `check` decides on one access through a register, whatever its kind, and
//! says what the access does as an [`Effect`]; `transfer::mem` carries it out.
//! Each kind's own rules are in a sibling file; here is only the dispatch.
//!
//! Fidelity notes: the order of the checks (alignment, then kind, then bounds)
//! is the kernel's, since a program may break several rules at once and only
//! the first is reported.

use super::{align, btf_ptr, buffer, context, map_value, packet, secrecy, socket, stack};
use crate::abstract_interp::refusal::{Buffer, Fault, refuse, refuse_reg};
use crate::abstract_interp::value::{Flags, Kind, Reg};
use crate::abstract_interp::vm::{Check, Vm};
use crate::programs::insn::Op;

/// Which way data goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dir {
    /// From memory.
    Read,
    /// Into memory.
    Write,
}

/// What is stored, or where a load goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A register.
    Reg(u8),
    /// An immediate (stores only).
    Imm(i32),
    /// Something unknown is stored; what is loaded isn't kept.
    Unknown,
}

impl Value {
    /// The register, if one is loaded or stored.
    pub fn reg(self) -> Option<u8> {
        if let Value::Reg(r) = self {
            Some(r)
        } else {
            None
        }
    }
}

/// One access through a register of the innermost frame.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    /// The register that holds the pointer.
    pub reg: u8,
    /// The instruction's offset.
    pub off: i32,
    /// Bytes accessed: 1, 2, 4 or 8.
    pub size: u32,
    /// Read or write.
    pub dir: Dir,
    /// What is stored, or where what is loaded goes.
    pub value: Value,
    /// Whether the access must be aligned whatever the target's rule.
    pub strict: bool,
    /// Whether the load sign-extends.
    pub sx: bool,
}

impl Access {
    /// Whether data is written.
    pub fn is_write(&self) -> bool {
        self.dir == Dir::Write
    }
}

/// What a load puts into its register.
#[derive(Clone, Copy, Debug)]
pub struct Loaded {
    /// The register's new content, before truncation to the size loaded.
    pub reg: Reg,
    /// Whether it needs an id of its own (a pointer that may be null).
    pub fresh_id: bool,
    /// A number in a known range, into which some kernels narrow what the register held.
    pub narrows: bool,
}

impl Loaded {
    /// A number of which nothing is known.
    pub const UNKNOWN: Loaded = Loaded {
        reg: Reg::unknown(),
        fresh_id: false,
        narrows: false,
    };

    /// A pointer to the start of an object; one that may be null gets an id.
    pub fn pointer(kind: Kind, flags: Flags) -> Loaded {
        Loaded {
            reg: Reg::pointer(kind, flags),
            fresh_id: flags.has(Flags::MAYBE_NULL),
            narrows: false,
        }
    }
}

/// What an allowed access does.
#[derive(Clone, Copy, Debug)]
pub enum Effect {
    /// A store into memory whose content isn't tracked.
    Untracked,
    /// A load from memory other than the stack.
    Load(Loaded),
    /// Stack at a known offset (from the frame pointer).
    StackFixed {
        /// Whose stack.
        frame: usize,
        /// The lowest byte.
        off: i32,
    },
    /// Stack at an offset that is one of several.
    StackVar {
        /// Whose stack.
        frame: usize,
        /// The lowest byte that may be touched.
        min: i32,
        /// One past the highest.
        end: i32,
    },
}

/// Whether the access is allowed, and what it does.
pub fn check(vm: &Vm, access: &Access) -> Check<Effect> {
    let reg = vm.reg(access.reg);
    align::check(vm, reg, access.off, access.size, access.strict)?;
    if vm.env.confined && reg.flags == Flags::NONE {
        secrecy::stored_first(vm, access, reg)?;
    }
    let off = reg.off.wrapping_add(access.off);
    let effect = match reg.kind {
        Kind::MapKey { map, .. } if reg.flags == Flags::NONE => {
            map_value::key_access(vm, map, access, off)?
        }
        Kind::MapValue { map, .. } if reg.flags == Flags::NONE => {
            map_value::access(vm, map, access, off)?
        }
        Kind::Mem { .. } => buffer::mem_access(vm, access, off)?,
        Kind::Ctx if reg.flags == Flags::NONE => context::access(vm, access, off)?,
        Kind::Stack { frame } if reg.flags == Flags::NONE => {
            stack::access(vm, frame as usize, access, off)?
        }
        Kind::Packet | Kind::PacketMeta if reg.flags == Flags::NONE => {
            packet::access(vm, access, off)?
        }
        Kind::FlowKeys if reg.flags == Flags::NONE => {
            let checked = vm.env.target.behaviour().flow_keys_offset_checked();
            packet::flow_keys(if checked { off } else { access.off }, access.size)?
        }
        Kind::Socket | Kind::SockCommon | Kind::TcpSock | Kind::XdpSock
            if reg.flags == Flags::NONE =>
        {
            socket::access(vm, access, off)?
        }
        Kind::TpBuffer if reg.flags == Flags::NONE => {
            buffer::within(reg, access.reg, Buffer::Tracepoint, off, access.size)?;
            Effect::Load(Loaded::UNKNOWN)
        }
        Kind::Btf { .. } if !reg.maybe_null() => Effect::Load(btf_ptr::access(
            vm,
            reg,
            access.reg,
            off,
            access.size,
            access.is_write(),
        )?),
        Kind::ConstMap { map, .. } if reg.flags == Flags::NONE => Effect::Load(
            btf_ptr::map_ptr_access(vm, map, access.reg, off, access.size, access.is_write())?,
        ),
        Kind::Buf if !reg.maybe_null() || !vm.env.target.behaviour().buffers_checked_for_null() => {
            buffer::buf_access(access, reg, off)?
        }
        Kind::Arena if reg.flags == Flags::NONE => Effect::Load(Loaded::UNKNOWN),
        _ => {
            return refuse_reg(access.reg, Fault::NotMemory { held: *reg });
        }
    };
    Ok(match effect {
        Effect::Load(_) if access.is_write() => Effect::Untracked,
        other => other,
    })
}

/// Refuses a pointer that was moved: always if backwards or by an unknown amount,
/// and at all unless `fixed_ok`.
pub fn unmodified(reg: &Reg, regno: u8, fixed_ok: bool) -> Check<()> {
    let (held, off) = (*reg, reg.off.into());
    if reg.off < 0 {
        return refuse_reg(regno, Fault::PointerNegative { held, off });
    }
    if !fixed_ok && reg.off != 0 {
        return refuse_reg(regno, Fault::PointerModified { held, off });
    }
    if !reg.var_off_is_zero() {
        let var = reg.bounds.tnum;
        return refuse_reg(regno, Fault::PointerVariable { held, var });
    }
    Ok(())
}

/// The kernel rewrites a load or store by the kind of its pointer, so all paths
/// through an instruction must agree on it where the rewrites differ. Gives the
/// class to remember for the instruction.
///
/// `may_weaken`: a plain load may meet trusted and untrusted kernel pointers;
/// it is then rewritten for the weaker.
pub fn merge_class(reg: &Reg, before: PointerClass, may_weaken: bool) -> Check<PointerClass> {
    let now = PointerClass::of(reg);
    if before == PointerClass::NONE {
        return Ok(now);
    }
    if now == before || (now.is_plain() && before.is_plain()) {
        return Ok(before);
    }
    if may_weaken && now.is_mem_or_btf() && before.is_mem_or_btf() {
        return Ok(now.weaken(before));
    }
    refuse(Fault::MixedPointers)
}

/// Once all is explored, refuses loads from arenas that extend the sign, where kernels
/// have no such load.
pub fn arena_loads(vm: &Vm) -> Check<()> {
    let extends = |op: &Op| matches!(op, Op::Load { sx: true, .. });
    let mut loads = vm.env.ops.iter().zip(&vm.aux);
    let some = loads.any(|(op, aux)| extends(op) && aux.seen && aux.pointer_class.is_arena());
    match some && !vm.env.target.behaviour().arena_loads_extend() {
        true => refuse(Fault::ArenaSignExtended),
        false => Ok(()),
    }
}

/// The part of a pointer's kind that decides how an access is rewritten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PointerClass {
    base: u8,
    flags: Flags,
}

impl PointerClass {
    /// No access seen.
    pub const NONE: PointerClass = PointerClass {
        base: 0,
        flags: Flags::NONE,
    };
    const PLAIN: u8 = 1;
    const MEM: u8 = 2;
    const BTF: u8 = 3;
    const ARENA: u8 = 9;

    /// The class of a pointer.
    pub fn of(reg: &Reg) -> PointerClass {
        let base = match reg.kind {
            Kind::Mem { .. } => Self::MEM,
            Kind::Btf { .. } => Self::BTF,
            Kind::Ctx => 4,
            Kind::Socket => 5,
            Kind::SockCommon => 6,
            Kind::TcpSock => 7,
            Kind::XdpSock => 8,
            Kind::Arena => Self::ARENA,
            _ => Self::PLAIN,
        };
        PointerClass {
            base,
            flags: reg.flags,
        }
    }

    /// Whether it is that of pointers into an arena.
    pub fn is_arena(self) -> bool {
        self.base == Self::ARENA
    }
    fn is_plain(self) -> bool {
        matches!(self.base, Self::PLAIN | Self::MEM)
    }
    fn is_mem_or_btf(self) -> bool {
        matches!(self.base, Self::MEM | Self::BTF)
    }
    fn weaken(self, other: PointerClass) -> PointerClass {
        let mem = self.base == Self::MEM || other.base == Self::MEM;
        let both = self.flags.with(other.flags).0 & Flags::UNTRUSTED.with(Flags::RDONLY).0;
        PointerClass {
            base: if mem { Self::MEM } else { Self::BTF },
            flags: Flags(both),
        }
    }
}
