//! Where an indirect jump may lead.
//!
//! The register holds an entry of a map of instructions; which one, its offset into the
//! map says: an interval `[low, high]` of entries, every one of which must exist.

use crate::abstract_interp::refusal::{Fault, refuse_reg};
use crate::abstract_interp::value::{Flags, Kind};
use crate::abstract_interp::vm::{Check, Vm, unknown};
use crate::prelude::*;

/// Bytes of one entry.
const ENTRY: u64 = 8;

/// Destinations of `gotox r`, ascending, each once, and at least one.
pub fn targets(vm: &Vm<'_>, r: u8) -> Check<Vec<u32>> {
    let reg = *vm.reg(r);
    let map = match reg.kind {
        Kind::Insn { map } if reg.flags == Flags::NONE => map,
        _ => return refuse_reg(r, Fault::JumpRegister { held: reg }),
    };
    let Some(def) = vm.env.map(map) else {
        return unknown("map:missing");
    };
    let table = &def.jump_targets;
    let place = |bound: u64| bound.wrapping_add(reg.off as i64 as u64);
    let (low, high) = (place(reg.bounds.umin), place(reg.bounds.umax));
    let far = |bound: &u64| *bound > u64::from(u32::MAX) * ENTRY;
    if let Some(bound) = [low, high].into_iter().find(far) {
        return refuse_reg(r, Fault::JumpOffset { bound });
    }
    let (low, high) = ((low / ENTRY) as usize, (high / ENTRY) as usize);
    let Some(entries) = table.get(low..=high) else {
        let fault = Fault::JumpIndex {
            low: low as u64,
            high: high as u64,
            entries: table.len() as u64,
        };
        return refuse_reg(r, fault);
    };
    let mut targets = entries.to_vec();
    targets.sort_unstable();
    targets.dedup();
    match targets.is_empty() {
        true => refuse_reg(r, Fault::NoEntry),
        false => Ok(targets),
    }
}
