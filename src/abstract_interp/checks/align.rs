//! Alignment of accesses.
//!
//! Targets whose processor takes unaligned accesses check only the stack (where
//! tracking of spills needs it) and atomics. Others, and programs loaded with
//! the strict flag, check everything but arena memory.

use super::names::tnum_name;
use crate::abstract_interp::domain::Tnum;
use crate::abstract_interp::value::{Kind, MapRef, Reg};
use crate::abstract_interp::violation::Code;
use crate::abstract_interp::vm::{Check, Vm, refuse};
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
    let (what, strict, base) = match reg.kind {
        Kind::Packet | Kind::PacketMeta => ("packet ", strict, PACKET_ALIGN),
        Kind::FlowKeys => ("flow keys ", strict, 0),
        Kind::MapKey { .. } => ("key ", strict, 0),
        Kind::MapValue { map, .. } => ("value ", strict || is_jump_table(vm, map), 0),
        Kind::Ctx => ("context ", strict, 0),
        Kind::Stack { .. } => ("stack ", true, 0),
        Kind::Socket => ("sock ", strict, 0),
        Kind::SockCommon => ("sock_common ", strict, 0),
        Kind::TcpSock => ("tcp_sock ", strict, 0),
        Kind::XdpSock => ("xdp_sock ", strict, 0),
        Kind::Arena => return Ok(()),
        _ => ("", strict, 0),
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
    let var = tnum_name(reg.bounds.tnum.value, reg.bounds.tnum.mask);
    let base = if base == 0 {
        String::new()
    } else {
        format!("{base}+")
    };
    refuse(
        Code::Misaligned,
        format!(
            "misaligned {what}access off {base}{var}+{}+{off} size {size}",
            reg.off
        ),
    )
}
