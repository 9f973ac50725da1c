//! Facts of the program and target that several checks ask for.

use crate::abstract_interp::vm::Env;
use crate::helpers_spec::ProgType;
use crate::programs::insn::{ImmRef, Op};

/// `BPF_MAP_TYPE_ARENA`.
const ARENA: u32 = 33;
/// `BPF_F_STRICT_ALIGNMENT`.
const F_STRICT_ALIGNMENT: u32 = 1;

impl Env<'_> {
    /// The program's type; for an extension, that of the program it extends.
    pub fn prog_type(&self) -> ProgType {
        self.program.prog_type
    }

    /// Whether every access must be aligned.
    pub fn strict_alignment(&self) -> bool {
        self.program.prog_flags & F_STRICT_ALIGNMENT != 0
    }

    /// Whether the program refers to an arena.
    pub fn has_arena(&self) -> bool {
        self.ops.iter().any(|op| match op {
            Op::LdImm64 { src: ImmRef::MapIdx(idx) | ImmRef::MapIdxValue { idx, .. }, .. } => {
                self.program.maps.get(*idx as usize).is_some_and(|m| m.map_type == ARENA)
            }
            _ => false,
        })
    }
}
