//! The `programs` room.

pub mod decode;
pub mod insn;
pub mod isa;

pub use decode::{decode, decode_with};
pub use insn::{Endian, Insn, Op};
