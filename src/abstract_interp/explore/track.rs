//! The place of a state in the tree of explored paths.

use super::NodeId;
use super::history::Entry;

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
        }
    }
}
