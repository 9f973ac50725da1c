//! Loops: strongly connected components of the instructions.
//!
//! Tarjan's algorithm with an explicit stack, in Pearce's form: one `low` number
//! per slot, raised above all others once its component is known. Only
//! components with a cycle get an id; ids count from 1 in order of completion.
//! Calls go on after themselves, so components never cross subprograms; a call
//! that runs callbacks may count as a cycle of its own.

use super::Cfg;
use super::facts::CfgRules;
use crate::prelude::*;

const DONE: u32 = u32::MAX;

impl Cfg {
    pub(super) fn components(&mut self, rules: &CfgRules) {
        let count = self.len();
        let mut order = vec![0u32; count];
        let mut low = vec![0u32; count];
        let mut scc = vec![0u32; count];
        let mut open: Vec<u32> = Vec::new();
        let mut path: Vec<(u32, u32)> = Vec::new();
        let (mut next_number, mut next_id) = (1u32, 1u32);
        let roots = (0..count)
            .filter(|at| !self.is_second_slot(*at))
            .map(|at| at as u32);
        for root in roots {
            if order.get(root as usize).is_none_or(|number| *number != 0) {
                continue;
            }
            path.push((root, 0));
            while let Some(&mut (at, ref mut taken)) = path.last_mut() {
                let here = at as usize;
                if order[here] == 0 {
                    order[here] = next_number;
                    low[here] = next_number;
                    next_number += 1;
                    open.push(at);
                }
                let successors = self.successors(here);
                let edge = *taken as usize;
                if let Some(&to) = successors.get(edge) {
                    match order.get(to as usize) {
                        Some(0) => path.push((to, 0)), // comes back to the same edge
                        Some(_) => {
                            low[here] = low[here].min(low[to as usize]);
                            *taken += 1;
                        }
                        None => *taken += 1,
                    }
                    continue;
                }
                path.pop();
                if low[here] < order[here] {
                    continue;
                }
                let cyclic = open.last() != Some(&at)
                    || successors.contains(&at)
                    || (self.flags(here).calls_callback() && rules.switches.callback_loops());
                while let Some(member) = open.pop() {
                    low[member as usize] = DONE;
                    if cyclic {
                        scc[member as usize] = next_id;
                    }
                    if member == at {
                        break;
                    }
                }
                next_id += u32::from(cyclic);
            }
        }
        self.scc = scc;
        self.scc_count = next_id - 1;
    }

    /// True for the second slot of a wide load, which is no instruction.
    pub fn is_second_slot(&self, at: usize) -> bool {
        at.checked_sub(1)
            .is_some_and(|before| self.flow(before).fallthrough() == Some(2))
    }
}
