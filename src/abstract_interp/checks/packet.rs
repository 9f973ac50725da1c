//! Packet data and metadata, and the flow dissector's keys.
//!
//! A packet pointer may be read `Reg::range` bytes from where its variable
//! offset ends; comparisons with the packet's end set the range.

use super::access::{Access, Effect, Loaded};
use super::map_value::ends;
use super::secrecy;
use crate::abstract_interp::refusal::{Fault, refuse, refuse_reg};
use crate::abstract_interp::value::Reg;
use crate::abstract_interp::vm::{Check, Vm};
use crate::helpers_spec::ProgType;

/// Bytes in `struct bpf_flow_keys`.
const FLOW_KEYS_SIZE: u64 = 56;

/// Whether the program may read (or write) packet data: directly if `helper` is
/// none, else through a helper that does or doesn't take packet pointers.
pub fn may_access(vm: &Vm, helper: Option<bool>, write: bool) -> bool {
    let read_only = match vm.env.prog_type() {
        ProgType::LwtIn
        | ProgType::LwtOut
        | ProgType::LwtSeg6local
        | ProgType::SkReuseport
        | ProgType::FlowDissector
        | ProgType::CgroupSkb => true,
        ProgType::SchedCls
        | ProgType::SchedAct
        | ProgType::Xdp
        | ProgType::LwtXmit
        | ProgType::SkSkb
        | ProgType::SkMsg => false,
        ProgType::CgroupSockopt => return true,
        _ => return false,
    };
    if read_only && write {
        false
    } else {
        helper.unwrap_or(true)
    }
}

/// A load or store; `off` includes the pointer's fixed offset.
pub fn access(vm: &Vm, access: &Access, off: i32) -> Check<Effect> {
    if access.is_write() && !may_access(vm, None, true) {
        return refuse_reg(access.reg, Fault::PacketReadOnly);
    }
    secrecy::stored(vm, access, Fault::AddressIntoPacket)?;
    within(
        vm,
        vm.reg(access.reg),
        access.reg,
        off,
        (access.size, false),
    )?;
    Ok(Effect::Load(Loaded::UNKNOWN))
}

/// Refuses an access beyond the bytes that comparisons with the packet's end
/// have shown to exist.
pub fn within(
    vm: &Vm,
    reg: &Reg,
    regno: u8,
    off: i32,
    (size, zero_allowed): (u32, bool),
) -> Check<()> {
    let (smin, _) = ends(vm, reg);
    if smin < 0 {
        return refuse_reg(regno, Fault::OffsetNegative { smin });
    }
    if reg.range < 0 {
        return refuse_reg(regno, Fault::PacketUnchecked);
    }
    let size_ok = size > 0 || zero_allowed;
    if off >= 0 && size_ok && off as u64 + size as u64 <= reg.range as u64 {
        return Ok(());
    }
    let fault = Fault::PacketOutside {
        off: off.into(),
        size: size.into(),
        range: reg.range.into(),
    };
    refuse_reg(regno, fault)
}

/// A load or store of the flow dissector's keys.
///
/// `off` includes the pointer's fixed offset, unless the target takes no notice of that.
pub fn flow_keys(off: i32, size: u32) -> Check<Effect> {
    if off < 0 || off as u64 + size as u64 > FLOW_KEYS_SIZE {
        return refuse(Fault::FlowKeysOutside {
            off: off.into(),
            size: size.into(),
        });
    }
    Ok(Effect::Load(Loaded::UNKNOWN))
}
