//! Structural faults, in the words of no kernel: the engine gives them codes.

use core::fmt;

use crate::programs::insn::DecodeFault;

/// Why a program is refused before it is explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "`insn` is the slot at fault, the other fields say their name"
)]
pub enum Fault {
    /// No slots at all.
    Empty,
    /// More slots than allowed for this privilege.
    TooLarge { insns: usize, max: usize },
    /// Calls and function references need a capability.
    CallNotAllowed { insn: u32 },
    /// A call or function reference out of the program.
    CallOutOfRange { insn: u32, target: i64 },
    /// More subprograms than a program may have.
    TooManySubprogs { insn: u32, max: usize },
    /// [`super::InsnFacts::call_refused`] spoke.
    CallRefused { insn: u32 },
    /// A jump out of its subprogram; the target may lie in another.
    JumpOutOfRange { insn: u32, target: i64 },
    /// The last slot of a subprogram neither exits nor jumps.
    FallThrough { insn: u32 },
    /// A slot without meaning, found before exploration.
    Decode { insn: u32, fault: DecodeFault },
    /// No path from an entry leads here (the lowest such slot).
    Unreachable { insn: u32 },
    /// A path leads into the second slot of the wide load at `insn`.
    IntoWide { insn: u32 },
    /// A loop where none is allowed.
    BackEdge { insn: u32, target: u32 },
    /// An indirect jump without a jump table.
    NoJumpTable { insn: u32 },
    /// A jump table that leads out of its subprogram.
    JumpTableRange { insn: u32, target: u32 },
}

impl Fault {
    /// Whether it is found only after what wide loads refer to was looked at: slots
    /// are read with it, one after the other, and walked then.
    pub const fn follows_references(&self) -> bool {
        matches!(
            self,
            Fault::Decode { .. }
                | Fault::Unreachable { .. }
                | Fault::IntoWide { .. }
                | Fault::BackEdge { .. }
                | Fault::NoJumpTable { .. }
                | Fault::JumpTableRange { .. }
        )
    }

    /// The slot at fault; the first for faults of the whole program.
    pub const fn insn(&self) -> u32 {
        match *self {
            Fault::Empty | Fault::TooLarge { .. } => 0,
            Fault::CallNotAllowed { insn }
            | Fault::CallOutOfRange { insn, .. }
            | Fault::TooManySubprogs { insn, .. }
            | Fault::CallRefused { insn }
            | Fault::JumpOutOfRange { insn, .. }
            | Fault::FallThrough { insn }
            | Fault::Decode { insn, .. }
            | Fault::Unreachable { insn }
            | Fault::IntoWide { insn }
            | Fault::BackEdge { insn, .. }
            | Fault::NoJumpTable { insn }
            | Fault::JumpTableRange { insn, .. } => insn,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Fault::Empty => write!(f, "the program is empty"),
            Fault::TooLarge { insns, max } => write!(f, "{insns} slots, at most {max} allowed"),
            Fault::CallNotAllowed { insn } => {
                write!(f, "calling functions needs CAP_BPF (insn {insn})")
            }
            Fault::CallOutOfRange { insn, target } => {
                write!(f, "call to invalid destination {target} from insn {insn}")
            }
            Fault::TooManySubprogs { max, .. } => write!(f, "too many subprograms (over {max})"),
            Fault::CallRefused { insn } => write!(f, "call refused at insn {insn}"),
            Fault::JumpOutOfRange { insn, target } => {
                write!(f, "jump out of range from insn {insn} to {target}")
            }
            Fault::FallThrough { insn } => {
                write!(f, "last insn is not an exit or jmp (insn {insn})")
            }
            Fault::Decode { insn, fault } => write!(f, "{fault} (insn {insn})"),
            Fault::Unreachable { insn } => write!(f, "unreachable insn {insn}"),
            Fault::IntoWide { insn } => {
                write!(f, "jump into the middle of ldimm64 insn {insn}")
            }
            Fault::BackEdge { insn, target } => {
                write!(f, "back-edge from insn {insn} to {target}")
            }
            Fault::NoJumpTable { insn } => write!(f, "no jump tables found for insn {insn}"),
            Fault::JumpTableRange { insn, target } => {
                write!(
                    f,
                    "jump table for insn {insn} points outside of the subprog, to {target}"
                )
            }
        }
    }
}
