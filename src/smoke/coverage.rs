//! How much of a program its runs reached.
//!
//! Counted is what can be reached: the instructions and blocks that verification went
//! through, where it is known; code that constants switch off is none of a program's.

use std::collections::BTreeSet;

use crate::programs::Program;
use crate::programs::insn::{Op, decode};

/// Reached, and all that can be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Instructions.
    pub insns: (usize, usize),
    /// Basic blocks.
    pub blocks: (usize, usize),
}

impl Coverage {
    /// Counts what `seen` marks of the slots that are `reachable`.
    pub fn of(program: &Program, seen: &[bool], reachable: Option<&[bool]>) -> Coverage {
        let ops = decode(&program.insns);
        let mut coverage = Coverage::default();
        let count = |(reached, all): &mut (usize, usize), at: usize| {
            *reached += usize::from(seen.get(at).copied().unwrap_or(false));
            *all += 1;
        };
        let starts = starts(program, &ops);
        for (at, op) in ops.iter().enumerate() {
            if *op == Op::Second || !can_reach(reachable, at) {
                continue;
            }
            count(&mut coverage.insns, at);
            if starts.contains(&at) {
                count(&mut coverage.blocks, at);
            }
        }
        coverage
    }

    /// Whether anything was counted.
    pub fn is_known(&self) -> bool {
        self.blocks.1 > 0
    }

    /// Blocks reached, of a hundred; rounded down, so that 100 is all of them.
    pub fn percent(&self) -> usize {
        let (reached, all) = self.blocks;
        (reached * 100).checked_div(all).unwrap_or(0)
    }
}

/// Whether a slot can be reached.
pub fn can_reach(reachable: Option<&[bool]>, at: usize) -> bool {
    reachable.is_none_or(|all| all.get(at).copied().unwrap_or(false))
}

/// Where blocks begin: functions, targets of jumps, and what follows a jump.
fn starts(program: &Program, ops: &[Op]) -> BTreeSet<usize> {
    let mut starts: BTreeSet<usize> = program.subprogs.iter().map(|s| s.start as usize).collect();
    starts.insert(0);
    for (at, op) in ops.iter().enumerate() {
        let next = at.saturating_add(1);
        match op {
            Op::Jmp { .. } | Op::Ja { .. } | Op::MayGoto { .. } => {
                let off = op.jump_offset().unwrap_or(0) as isize;
                starts.extend(next.checked_add_signed(off));
                starts.insert(next);
            }
            Op::Exit | Op::Gotox { .. } => {
                starts.insert(next);
            }
            _ => {}
        }
    }
    let tables = program.maps.iter().flat_map(|m| m.jump_targets.iter());
    starts.extend(tables.map(|target| *target as usize));
    starts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smoke::tests::program;

    #[test]
    fn only_what_can_be_reached_is_counted() {
        let p = program("r0 = 0\nif r1 == 0 goto out\nr0 = 1\nr0 = 2\nout:\nexit");
        let seen = [true, true, true, true, true];
        let all = Coverage::of(&p, &seen, None);
        assert_eq!(
            (all.insns, all.blocks, all.percent()),
            ((5, 5), (3, 3), 100)
        );
        let some = Coverage::of(&p, &[true, true, false, false, true], None);
        assert_eq!(
            (some.insns, some.blocks, some.percent()),
            ((3, 5), (2, 3), 66)
        );
        let reachable = [true, true, false, false, true];
        let dead = Coverage::of(&p, &reachable, Some(&reachable));
        assert_eq!((dead.insns, dead.blocks), ((3, 3), (2, 2)));
        assert!(!Coverage::default().is_known());
    }
}
