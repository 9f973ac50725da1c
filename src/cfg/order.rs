//! Post-order of the instructions of each subprogram.
//!
//! A slot is opened when first seen as a successor and emitted once everything
//! opened above it is: for acyclic code every successor comes before its
//! predecessors, so that backward analyses settle in one pass.

use super::Cfg;
use crate::prelude::*;

const SEEN: u8 = 1;
const EXPANDED: u8 = 2;

impl Cfg {
    pub(super) fn order(&mut self) {
        let mut state = vec![0u8; self.len()];
        let mut stack: Vec<u32> = Vec::new();
        for subprog in 0..self.subprogs().len() {
            stack.push(self.subprog_start(subprog) as u32);
            while let Some(&top) = stack.last() {
                let seen = state.get(top as usize).copied().unwrap_or(EXPANDED);
                if seen & EXPANDED != 0 {
                    self.postorder.push(top);
                    stack.pop();
                    continue;
                }
                for &next in self.successors(top as usize).iter() {
                    if let Some(seen) = state.get_mut(next as usize).filter(|seen| **seen == 0) {
                        *seen = SEEN;
                        stack.push(next);
                    }
                }
                if let Some(seen) = state.get_mut(top as usize) {
                    *seen = SEEN | EXPANDED;
                }
            }
            self.postorder_ends.push(self.postorder.len());
        }
    }
}
