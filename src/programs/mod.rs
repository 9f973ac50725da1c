//! The `programs` room.

pub mod asm;
pub mod decode;
pub mod disasm;
pub mod encode;
pub mod insn;
pub mod isa;

pub use decode::{decode, decode_with};
pub use insn::{Endian, Insn, Op};

#[cfg(test)]
mod tests;
