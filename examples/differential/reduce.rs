//! Delta debugging: what can go, goes, as long as the answers differ in the same way.

use bpfassay::programs::{Program, insert};

/// Askings that one program is worth.
const MOST_TRIES: usize = 600;

/// Without these slots, and without functions of which nothing is left.
fn without(program: &Program, at: usize, count: usize) -> Option<Program> {
    let mut out = insert::insert(program, at, count, &[], false)?;
    if out.subprogs.first().is_none_or(|s| s.start == s.end) {
        return None;
    }
    let mut subprogs = out.subprogs.to_vec();
    let gone: Vec<usize> = (0..subprogs.len())
        .filter(|i| subprogs[*i].start >= subprogs[*i].end)
        .collect();
    for i in gone.into_iter().rev() {
        subprogs.remove(i);
        if out.func_info.len() > i {
            out.func_info.remove(i);
        }
    }
    out.subprogs = subprogs.into();
    Some(out)
}

/// The smallest program found that `same` holds for.
pub fn reduce(program: &Program, mut same: impl FnMut(&Program) -> bool) -> Program {
    let mut best = program.clone();
    let mut tries = 0;
    let mut chunk = (best.insns.len() / 2).max(1);
    loop {
        let mut changed = false;
        let mut at = 0;
        while at < best.insns.len() && tries < MOST_TRIES {
            let splits = |slot: usize| {
                slot > 0 && best.insns.get(slot - 1).is_some_and(|i| i.opcode == 0x18)
            };
            if splits(at) {
                at += 1;
                continue;
            }
            let mut end = (at + chunk).min(best.insns.len());
            if splits(end) {
                end += 1;
            }
            tries += 1;
            match without(&best, at, end - at).filter(|p| same(p)) {
                Some(smaller) => {
                    best = smaller;
                    changed = true;
                }
                None => at = end,
            }
        }
        if tries >= MOST_TRIES || chunk == 1 && !changed {
            return best;
        }
        if !changed || chunk > 1 {
            chunk = (chunk / 2).max(1);
        }
    }
}
