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

    /// What the program hangs on, as `helpers_spec` names it: a function, a hook,
    /// or the struct and member of a struct_ops program.
    pub fn hook_name(&self) -> Option<std::borrow::Cow<'_, str>> {
        match &self.program.struct_ops {
            Some(slot) => Some(format!("{}/{}", slot.structure, slot.member).into()),
            None => self.program.attach_to.as_deref().map(Into::into),
        }
    }

    /// Whether every access must be aligned.
    pub fn strict_alignment(&self) -> bool {
        self.program.prog_flags & F_STRICT_ALIGNMENT != 0
    }

    /// Whether the program refers to an arena.
    pub fn has_arena(&self) -> bool {
        self.ops.iter().any(|op| match op {
            Op::LdImm64 {
                src: ImmRef::MapIdx(idx) | ImmRef::MapIdxValue { idx, .. },
                ..
            } => self
                .program
                .maps
                .get(*idx as usize)
                .is_some_and(|m| m.map_type == ARENA),
            _ => false,
        })
    }
}
