//! The place of a state in the tree of explored paths.

use super::NodeId;
use super::history::Entry;
use super::marks::Writes;
use crate::prelude::*;

/// Where a state stands on its path.
#[derive(Clone, Debug)]
pub struct Track {
    /// The kept state before it.
    pub parent: Option<NodeId>,
    /// Paths from here that are not walked to their end yet.
    pub branches: u32,
    /// The instruction it is at.
    pub insn: u32,
    /// The instruction of the kept state before it.
    pub first_insn: u32,
    /// The instruction processed before `insn` (-1 at the entry).
    pub last_insn: i32,
    /// Kept states before it on its path.
    pub depth: u32,
    /// History since the kept state before it.
    pub history: Vec<Entry>,
    /// What was written since that state, where reads are marked.
    pub written: Writes,
    /// The outermost kept state of the loop that it is part of, where loops are told
    /// by their entry.
    pub loop_entry: Option<NodeId>,
}

impl Track {
    /// A path that begins at `insn`.
    pub fn start(insn: usize) -> Track {
        Track {
            parent: None,
            branches: 1,
            insn: insn as u32,
            first_insn: insn as u32,
            last_insn: -1,
            depth: 0,
            history: Vec::new(),
            written: Writes::new(),
            loop_entry: None,
        }
    }
}
