//! The program's context.
//!
//! Which bytes may be read or written, and what a read gives, depends on the
//! program's type and attach type: fixed tables where the context is a struct
//! that the kernel lays out for programs, BTF where it is the arguments of a
//! kernel function.

use super::access::{Access, Dir, Effect, Loaded, unmodified};
use super::btf_ctx;
use super::map_value::Bounded;
use super::mem_region::Region;
use crate::abstract_interp::refusal::{Fault, refuse_reg};
use crate::abstract_interp::value::{Flags, Kind, Reg};
use crate::abstract_interp::vm::{Check, Vm};
use crate::helpers_spec::{CtxKind, ProgType};

/// A load or store; `off` includes the pointer's fixed offset.
pub fn access(vm: &Vm, access: &Access, off: i32) -> Check<Effect> {
    let off = offset(vm, access.reg, off, access.size)?;
    let loaded = field(vm, access.reg, off, access.size, access.dir)?;
    // The kernel rewrites a load of a packet pointer into one of another size;
    // with a sign to extend it would make another address.
    if access.sx
        && matches!(
            loaded.reg.kind,
            Kind::Packet | Kind::PacketMeta | Kind::PacketEnd
        )
    {
        let (off, size) = (off.into(), access.size.into());
        return refuse_reg(access.reg, Fault::ContextField { off, size });
    }
    Ok(Effect::Load(loaded))
}

/// Whether a constant may be stored into what `base` points to: older kernels can't
/// rewrite such a store to a context.
pub fn immediate(vm: &Vm<'_>, base: u8) -> Check<()> {
    let takes = vm.env.target.behaviour().immediate_context_stores();
    match vm.reg(base).kind == Kind::Ctx && !takes {
        true => refuse_reg(base, Fault::ContextImmediate),
        false => Ok(()),
    }
}

/// The field that an access touches; refuses what the layout doesn't allow.
fn field(vm: &Vm, regno: u8, off: i32, size: u32, dir: Dir) -> Check<Loaded> {
    let prog_type = vm.env.prog_type();
    if takes_btf_arguments(prog_type) {
        return btf_ctx::access(vm, regno, off, size, dir == Dir::Write);
    }
    if prog_type == ProgType::Tracepoint && off < 0 && off % size as i32 == 0 && dir == Dir::Read {
        // The kernel compares the offset with an unsigned number.
        return Ok(Loaded::UNKNOWN);
    }
    let probe = prog_type == ProgType::Kprobe;
    if probe && dir == Dir::Write && !writes_registers(vm) {
        let (off, size) = (off.into(), size.into());
        return refuse_reg(regno, Fault::ContextField { off, size });
    }
    // Registers may be written wherever they may be read.
    let dir = if probe { Dir::Read } else { dir };
    let (program, write) = (vm.env.program, dir == Dir::Write);
    let found = u32::try_from(off).ok().and_then(|off| {
        vm.env
            .target
            .context(program, off, size, write, vm.env.capable)
    });
    match found {
        Some(field) => Ok(loaded(field.kind, field.nullable)),
        None => {
            let (off, size) = (off.into(), size.into());
            refuse_reg(regno, Fault::ContextField { off, size })
        }
    }
}

/// Whether programs on probes may change registers.
fn writes_registers(vm: &Vm) -> bool {
    vm.env.target.behaviour().probe_registers_writable() && vm.env.target.config().kprobes()
}

/// Where an access at `off` (the pointer's fixed offset included) may be: a
/// context may be moved only where the kernel doesn't translate accesses, and
/// by an unknown amount only where it is the program's own memory.
fn offset(vm: &Vm, regno: u8, off: i32, size: u32) -> Check<i32> {
    const LARGEST: u32 = u16::MAX as u32;
    let reg = vm.reg(regno);
    if !vm.env.target.behaviour().contexts_movable() || !is_plain_buffer(vm) {
        unmodified(reg, regno, false)?;
        return Ok(off);
    }
    if vm.env.prog_type() != ProgType::Syscall {
        unmodified(reg, regno, true)?;
        return Ok(off);
    }
    let region = Bounded {
        reg,
        regno,
        limit: LARGEST,
    };
    region.check(vm, off, size, false)?;
    Ok(off.wrapping_add(reg.bounds.umax as i32))
}

/// Whether the context is the arguments of a kernel function, described by BTF.
fn takes_btf_arguments(prog_type: ProgType) -> bool {
    matches!(
        prog_type,
        ProgType::Tracing
            | ProgType::Lsm
            | ProgType::StructOps
            | ProgType::Ext
            | ProgType::Netfilter
    )
}

fn loaded(kind: CtxKind, nullable: bool) -> Loaded {
    let kind = match kind {
        CtxKind::Scalar => return Loaded::UNKNOWN,
        CtxKind::Packet => Kind::Packet,
        CtxKind::PacketMeta => Kind::PacketMeta,
        CtxKind::PacketEnd => Kind::PacketEnd,
        CtxKind::Socket => Kind::Socket,
        CtxKind::SockCommon => Kind::SockCommon,
        CtxKind::FlowKeys => Kind::FlowKeys,
        CtxKind::TpBuffer => Kind::TpBuffer,
    };
    Loaded::pointer(
        kind,
        if nullable {
            Flags::MAYBE_NULL
        } else {
            Flags::NONE
        },
    )
}

/// Whether callees may read and write the context as memory: it is handed to the
/// program as it is, not through a layout that the kernel translates.
pub fn is_plain_buffer(vm: &Vm) -> bool {
    matches!(
        vm.env.prog_type(),
        ProgType::Kprobe
            | ProgType::Tracepoint
            | ProgType::RawTracepoint
            | ProgType::RawTracepointWritable
            | ProgType::Tracing
            | ProgType::Lsm
            | ProgType::StructOps
            | ProgType::Ext
            | ProgType::Syscall
            | ProgType::Netfilter
            | ProgType::LircMode2
            | ProgType::CgroupDevice
    )
}

/// A callee's access to such a context: its last byte is looked at.
pub fn last_byte(vm: &Vm, reg: &Reg, region: Region) -> Check<()> {
    super::align::check(vm, reg, region.size.wrapping_sub(1) as i32, 1, false)?;
    let last = (region.size as i32).wrapping_sub(1);
    let last = offset(vm, region.reg, reg.off.wrapping_add(last), 1)?;
    field(vm, region.reg, last, 1, region.dir).map(|_| ())
}
