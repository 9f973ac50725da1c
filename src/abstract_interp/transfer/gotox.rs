//! Indirect jumps through a table.
//!
//! The register holds an entry of a map of instructions: which one, its offset
//! into the map says, exactly or within bounds. Every target that the bounds
//! allow is walked, in ascending order but for the last, which comes first.

use crate::abstract_interp::refusal::{Fault, refuse_reg};
use crate::abstract_interp::value::{Flags, Kind};
use crate::abstract_interp::vm::{Check, Next, Vm, unknown};

/// Bytes of one entry.
const ENTRY: u64 = 8;

/// Carries out `gotox r`.
pub fn step(vm: &mut Vm<'_>, r: u8) -> Check<Next> {
    let reg = *vm.reg(r);
    let map = match reg.kind {
        Kind::Insn { map } if reg.flags == Flags::NONE => map,
        _ => {
            return refuse_reg(r, Fault::JumpRegister { held: reg });
        }
    };
    let Some(table) = vm.env.map(map).map(|m| m.jump_targets.clone()) else {
        return unknown("map:missing");
    };
    let place = |bound: u64| bound.wrapping_add(reg.off as i64 as u64);
    let (low, high) = (place(reg.bounds.umin), place(reg.bounds.umax));
    if let Some(far) = [low, high]
        .into_iter()
        .find(|b| *b > u64::from(u32::MAX) * ENTRY)
    {
        return refuse_reg(r, Fault::JumpOffset { bound: far });
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
    let Some((&last, rest)) = targets.split_last() else {
        return refuse_reg(r, Fault::NoEntry);
    };
    for &target in rest {
        vm.push_branch(target as usize)?;
    }
    Ok(Next::Goto(last as usize))
}
