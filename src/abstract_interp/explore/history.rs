//! What a path remembers of how it came here.
//!
//! Between two kept states a path is straight but for the jumps it took. A
//! history entry is written at each instruction that is not simply preceded by
//! the one before it in the text, at accesses to spilled registers, and where
//! linked scalars gained a range together: what walking back needs to know.

use alloc::rc::Rc;

use smallvec::SmallVec;

/// How many linked registers one entry remembers; the rest lose their link.
pub const MAX_LINKED: usize = 6;

/// A register or stack slot of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Frame number.
    pub frame: u8,
    /// Whether `index` is a register (else a stack slot).
    pub is_reg: bool,
    /// Register number or slot index.
    pub index: u8,
}

/// Registers and slots that share an unknown.
pub type Linked = SmallVec<[Place; MAX_LINKED]>;

/// One entry.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The instruction.
    pub insn: u32,
    /// The one processed before it on this path.
    pub prev: i32,
    /// The stack slot it accessed through a register: frame, slot.
    pub stack: Option<(u8, u8)>,
    /// The destination register of a comparison is a stack pointer.
    pub dst_is_stack: bool,
    /// The source register of a comparison is a stack pointer.
    pub src_is_stack: bool,
    /// Scalars that gained a range together at this comparison.
    pub linked: Option<Rc<Linked>>,
}

impl Entry {
    /// An entry for `insn` after `prev`.
    pub fn new(insn: usize, prev: i32) -> Entry {
        Entry {
            insn: insn as u32,
            prev,
            stack: None,
            dst_is_stack: false,
            src_is_stack: false,
            linked: None,
        }
    }
}

/// A cursor that walks a history backwards, from a last instruction.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    first: u32,
    entries: &'a [Entry],
}

impl<'a> Cursor<'a> {
    /// Over the entries since a kept state at instruction `first`.
    pub fn new(first: u32, entries: &'a [Entry]) -> Cursor<'a> {
        Cursor { first, entries }
    }

    /// The entry of instruction `insn`, if the walk stands on it.
    pub fn entry(&self, insn: i32) -> Option<&'a Entry> {
        self.entries.last().filter(|e| e.insn as i32 == insn)
    }

    /// The instruction before `insn`; `None` at the beginning.
    pub fn prev(&mut self, insn: i32) -> Option<i32> {
        if insn == self.first as i32 {
            match self.entries {
                [] => return None,
                [only] if only.insn as i32 == insn => return None,
                _ => {}
            }
        }
        match self.entries.split_last() {
            Some((last, rest)) if last.insn as i32 == insn => {
                self.entries = rest;
                Some(last.prev)
            }
            _ => Some(insn - 1),
        }
    }
}
