//! Live registers before each instruction.
//!
//! The least solution of `in(i) = use(i) ∪ (out(i) \ def(i))` with
//! `out(i) = ⋃ in(s)` over the successors, per subprogram; `use` and `def` are the
//! registers read and written of [`Op::effects`]. A call uses as many arguments as
//! its prototype has. As kernels see it, a legacy packet load uses everything.

use super::Cfg;
use super::facts::InsnFacts;
use crate::prelude::*;
use crate::programs::effects::{Control, Effects, Regs};
use crate::programs::insn::Op;

const ALL: u16 = Regs::ALL.bits();

impl Cfg {
    pub(super) fn liveness(&mut self, ops: &[Op], facts: &dyn InsnFacts) {
        let effects: Vec<(u16, u16)> = ops
            .iter()
            .enumerate()
            .map(|(at, op)| {
                let Effects {
                    mut reads,
                    writes,
                    control,
                    ..
                } = op.effects();
                match (op, control) {
                    (Op::LdAbs { .. } | Op::LdInd { .. }, _) => return (ALL, 0),
                    (_, Control::Call(_)) => {
                        if let Some(count) = facts.call(at).args {
                            reads = Regs::arguments(count);
                        }
                    }
                    _ => {}
                }
                (reads.bits(), writes.bits())
            })
            .collect();
        let mut live = vec![0u16; ops.len()];
        let mut changed = true;
        while changed {
            changed = false;
            for &at in &self.postorder {
                let at = at as usize;
                let out = self.successors(at).iter().fold(0, |out, &next| {
                    out | live.get(next as usize).copied().unwrap_or(0)
                });
                let (uses, defs) = effects.get(at).copied().unwrap_or((ALL, 0));
                let before = uses | (out & !defs);
                if let Some(old) = live.get_mut(at).filter(|old| **old != before) {
                    *old = before;
                    changed = true;
                }
            }
        }
        self.live = live;
        self.effects = effects;
    }
}
