//! The `programs` room: instructions, and linking an object's functions into
//! programs as a loader does.

mod alike;
pub mod asm;
mod classes;
mod core;
pub mod decode;
pub mod disasm;
pub mod effects;
pub mod encode;
pub mod fault;
pub mod insert;
pub mod insn;
pub mod isa;
mod lines;
pub mod link;
pub mod program;
pub mod raw;

pub use classes::classes;
pub use decode::{decode, decode_with};
pub use insn::{Endian, Insn, Op};
pub use lines::{Line, LineTable, Lines};
pub use link::{
    Assumption, AttachTo, Extended, InnerSetting, Json, LinkOptions, Linked, Loader, Manifest,
    ManifestFault, MapFault, MapSetting, Part, Pinned, ProgramSetting, link, link_raw, near,
    part_at, sketches, usual_kconfig,
};
pub use program::{
    CoreOutcome, CoreRecord, KfuncRef, KsymRef, LineInfo, LoadError, LoadErrorKind, MAX_LINE,
    Place, Program, StructOpsSlot, Subprog,
};

#[cfg(test)]
mod tests;
