//! Alignment of accesses.
//!
//! Targets whose processor takes unaligned accesses check only the stack (where
//! tracking of spills needs it) and atomics. Others, and programs loaded with
//! the strict flag, check everything but arena memory.

use crate::abstract_interp::domain::Tnum;
use crate::abstract_interp::refusal::{Fault, refuse};
use crate::abstract_interp::value::{Kind, MapRef, Reg};
use crate::abstract_interp::vm::{Check, Vm};
use crate::helpers_spec::MapType;

/// Where a packet starts relative to an aligned address, when strict.
const PACKET_ALIGN: i32 = 2;

/// Entries of jump tables are read whole.
fn is_jump_table(vm: &Vm, map: MapRef) -> bool {
    vm.env
        .map(map)
        .is_some_and(|m| MapType::from_id(m.map_type) == Some(MapType::InsnArray))
}

/// Refuses an access of `size` bytes at `off` from `reg` that may be misaligned.
/// `off` doesn't include the pointer's fixed offset.
pub fn check(vm: &Vm, reg: &Reg, off: i32, size: u32, strict: bool) -> Check<()> {
    let strict = strict || vm.env.strict_alignment();
    let (strict, base) = match reg.kind {
        Kind::Packet | Kind::PacketMeta => (strict, PACKET_ALIGN),
        Kind::FlowKeys => (strict, 0),
        Kind::MapKey { .. } => (strict, 0),
        Kind::MapValue { map, .. } => (strict || is_jump_table(vm, map), 0),
        Kind::Ctx => (strict, 0),
        Kind::Stack { .. } => (true, 0),
        Kind::Socket => (strict, 0),
        Kind::SockCommon => (strict, 0),
        Kind::TcpSock => (strict, 0),
        Kind::XdpSock => (strict, 0),
        Kind::Arena => return Ok(()),
        _ => (strict, 0),
    };
    // Kinds with qualifiers are described in general terms, packets excepted.
    if !strict || size <= 1 {
        return Ok(());
    }
    let fixed = (base + reg.off).wrapping_add(off);
    let place = reg.bounds.tnum.add(Tnum::constant(fixed as i64 as u64));
    if (place.value | place.mask) & (size as u64 - 1) == 0 {
        return Ok(());
    }
    refuse(Fault::Misaligned {
        held: *reg,
        var: reg.bounds.tnum,
        off: fixed.into(),
        size: size.into(),
    })
}
