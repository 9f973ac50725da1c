//! What becomes of functions that no path enters.
//!
//! Once every path is walked the kernel takes out what none reached. A function
//! whose address is loaded but that nothing calls goes, too, and the load keeps
//! the address: whatever moved there stands for the function. That is the next
//! function, if the dead one stood alone and another follows; else no function
//! begins there and the program cannot be translated. A program that has only
//! its main function left isn't translated function by function: nobody looks.
//!
//! An address is the slot of the function's first instruction. Taking out the
//! slots `a..b` moves what lies at `b` or beyond down by `b - a`; addresses in
//! `a..b` stay.

use crate::abstract_interp::refusal::{Fault, refuse};
use crate::abstract_interp::vm::{Check, Vm};
use crate::prelude::*;
use crate::programs::insn::{ImmRef, Op};

/// Refuses what loads the address of a function that is taken out and that none
/// replaces.
pub fn check(vm: &Vm<'_>) -> Check<()> {
    let seen = |slot: usize| vm.aux.get(slot).is_some_and(|aux| aux.seen);
    let starts = vm.env.program.subprogs.iter().map(|s| s.start as usize);
    let live: Vec<usize> = starts.filter(|&start| seen(start)).collect();
    if live.len() < 2 {
        return Ok(());
    }
    let runs = unreached(vm.env.ops, seen);
    for (slot, op) in vm.env.ops.iter().enumerate() {
        let Op::LdImm64 {
            src: ImmRef::Func(rel),
            ..
        } = op
        else {
            continue;
        };
        let Ok(address) = usize::try_from(slot as i64 + 1 + i64::from(*rel)) else {
            continue;
        };
        if !seen(slot) || seen(address) {
            continue;
        }
        let after = moved(address, &runs);
        if !live.iter().any(|&start| moved(start, &runs) == after) {
            let slot = after as u64;
            return refuse(Fault::AddressDead { slot });
        }
    }
    Ok(())
}

/// The runs of slots that no path reached: first slot, one past the last.
fn unreached(ops: &[Op], seen: impl Fn(usize) -> bool) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    let mut slot = 0;
    while slot < ops.len() {
        let width = match ops[slot] {
            Op::LdImm64 { .. } => 2,
            _ => 1,
        };
        let end = (slot + width).min(ops.len());
        if !seen(slot) {
            match runs.last_mut() {
                Some(run) if run.1 == slot => run.1 = end,
                _ => runs.push((slot, end)),
            }
        }
        slot = end;
    }
    runs
}

/// Where an address leads once the runs are taken out.
fn moved(address: usize, runs: &[(usize, usize)]) -> usize {
    let gone = runs.iter().take_while(|run| run.1 <= address);
    address - gone.map(|run| run.1 - run.0).sum::<usize>()
}
