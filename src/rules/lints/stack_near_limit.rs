//! `stack-near-limit`: a chain of calls uses nearly all the stack that a kernel
//! allows, so that another compiler, or one more variable, tips it over.
//!
//! The depth of the whole is the verification's own (rounded as the target
//! rounds). With tail calls the callers of the tail-calling function must stay
//! below a lower limit; their frames are measured by what the code addresses
//! through r10, which is what the verification would find, too, except for
//! accesses through pointers with a variable offset.

use super::facts::{Called, Facts};
use super::{Hit, Lint, Scope, rule};
use crate::cfg::{CallGraph, Cfg, frame_size};
use crate::helpers_spec::helper;
use crate::prelude::*;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

/// Nine tenths.
const fn near(depth: u32, limit: u32) -> bool {
    depth as u64 * 10 >= limit as u64 * 9
}

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let limits = &facts.target.limits;
    let depth = facts.verification.stats.stack_depth;
    if !near(depth, limits.stack) && !tail_calls_below(facts) {
        return;
    }
    let Some(cfg) = facts.cfg else { return };
    let chains = Chains::of(facts, cfg);
    let entry = |s: usize| {
        facts
            .program
            .subprogs
            .get(s)
            .map_or(0, |s| s.start as usize)
    };
    let with_frames = |mut hit: Hit, chain: &[usize]| {
        for &s in chain {
            let frame = chains.frames.get(s).copied().unwrap_or(0);
            hit = hit.and(entry(s), format!("uses {frame} bytes"));
        }
        hit
    };
    if near(depth, limits.stack) {
        let (chain, _) = chains.deepest(|_| true);
        let names = names(facts, &chain);
        let what = format!(
            "{depth} of {} bytes of stack are used ({names})",
            limits.stack
        );
        hits.push(with_frames(Hit::at(LINT.rule, 0, what), &chain));
    }
    let (chain, above) = chains.deepest(|s| s != 0 && facts.tail_calls(s));
    // The last one's own frame does not count.
    let above = above.saturating_sub(chain.last().map_or(0, |s| chains.rounded(*s)));
    if chain.len() > 1 && near(above, limits.tail_call_caller_stack) {
        let names = names(facts, &chain);
        let what = format!(
            "{above} of {} bytes of stack are used by the callers of a function with tail calls ({names})",
            limits.tail_call_caller_stack
        );
        hits.push(with_frames(Hit::at(LINT.rule, 0, what), &chain));
    }
}

fn names(facts: &Facts<'_>, chain: &[usize]) -> String {
    let name = |s: &usize| facts.program.subprogs.get(*s).map_or("?", |s| &*s.name);
    chain.iter().map(name).collect::<Vec<_>>().join(" → ")
}

fn tail_calls_below(facts: &Facts<'_>) -> bool {
    (1..facts.program.subprogs.len()).any(|s| facts.tail_calls(s))
}

impl Facts<'_> {
    /// Whether a function makes tail calls itself.
    fn tail_calls(&self, subprog: usize) -> bool {
        let range = self
            .program
            .subprogs
            .get(subprog)
            .map_or(0..0, |s| s.start as usize..s.end as usize);
        self.calls
            .iter()
            .any(|c| c.callee == Called::Helper(helper::TAIL_CALL) && range.contains(&c.insn))
    }
}

/// Frames, and who calls whom.
struct Chains {
    frames: Vec<u32>,
    graph: CallGraph,
}

impl Chains {
    fn of(facts: &Facts<'_>, cfg: &Cfg) -> Chains {
        let subprogs = facts.program.subprogs.iter();
        let frames = subprogs.map(|s| {
            let ops = facts.ops.get(s.start as usize..s.end as usize);
            ops.map_or(0, frame_size)
        });
        Chains {
            frames: frames.collect(),
            graph: cfg.call_graph(),
        }
    }

    fn rounded(&self, subprog: usize) -> u32 {
        let frame = self.frames.get(subprog).copied().unwrap_or(0);
        frame.next_multiple_of(16)
    }

    /// The chain of calls with the largest sum that ends in a function that fits.
    fn deepest(&self, last: impl Fn(usize) -> bool) -> (Vec<usize>, u32) {
        let (chain, sum) = self.graph.deepest(|s| self.rounded(s), last);
        (chain.into_iter().map(|(s, _)| s).collect(), sum)
    }
}
