//! Fields of sockets as programs see them: `struct bpf_sock` and its relatives.
//!
//! Programs may only read. `sock_common` is a prefix view of `sock`.

use super::access::{Access, Effect, Loaded};
use crate::abstract_interp::refusal::{Fault, refuse_reg};
use crate::abstract_interp::value::{Kind, Reg};
use crate::abstract_interp::vm::{Check, Vm};

/// A load through a socket pointer; `off` includes the pointer's fixed offset.
pub fn access(vm: &Vm, access: &Access, off: i32) -> Check<Effect> {
    let (reg, regno) = (vm.reg(access.reg), access.reg);
    if access.is_write() {
        return refuse_reg(regno, Fault::ReadOnlyMemory { held: *reg });
    }
    if reg.bounds.smin < 0 {
        let smin = reg.bounds.smin;
        return refuse_reg(regno, Fault::OffsetNegative { smin });
    }
    if readable(reg, off, access.size) {
        return Ok(Effect::Load(Loaded::UNKNOWN));
    }
    let fault = Fault::SocketField {
        held: *reg,
        off: off.into(),
        size: access.size.into(),
    };
    refuse_reg(regno, fault)
}

fn readable(reg: &Reg, off: i32, size: u32) -> bool {
    let Ok(off) = u32::try_from(off) else {
        return false;
    };
    if off % size != 0 {
        return false;
    }
    match reg.kind {
        Kind::Socket => sock_field(off, size),
        // The type, protocol, mark and priority are those of full sockets only.
        Kind::SockCommon => !(8..24).contains(&off) && sock_field(off, size),
        Kind::TcpSock => match off {
            80 | 88 => size == 8,
            // The upper halves of those two pass for fields at first, but there is
            // nothing that the load could be rewritten to.
            84 | 92 => false,
            _ => off < 112 && size == 4,
        },
        Kind::XdpSock => off < 4 && size == 4,
        _ => false,
    }
}

/// Whether `struct bpf_sock` has a readable field there.
fn sock_field(off: u32, size: u32) -> bool {
    // A part of a field that is 4 bytes wide, aligned.
    let narrow = off % 4 + size <= 4;
    match off {
        // family, type, protocol, src_port, state, rx_queue_mapping: from their start
        4 | 8 | 12 | 44 | 72 | 76 => narrow,
        // addresses
        24..44 | 52..72 => narrow,
        // dst_port: two bytes, or all four with padding
        48..50 => size == 4 && off == 48 || off % 2 + size <= 2,
        // bound_dev_if, mark, priority
        0..80 => size == 4 && matches!(off, 0 | 16 | 20),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(kind: Kind) -> usize {
        let reg = Reg::pointer(kind, crate::abstract_interp::value::Flags::NONE);
        let sizes = [1, 2, 4, 8];
        (0..128)
            .map(|off| sizes.iter().filter(|s| readable(&reg, off, **s)).count())
            .sum()
    }

    #[test]
    fn as_many_fields_as_measured() {
        let counts = [Kind::SockCommon, Kind::Socket, Kind::TcpSock, Kind::XdpSock].map(count);
        assert_eq!(counts, [87, 95, 26, 1]);
    }
}
