//! The `object` room: bytes of an ELF file → [`Object`], never a panic.
//!
//! Everything a file says is checked against the file's own bounds when it is
//! read; what refers to something absent is an [`ObjectError`] that names the
//! section, the offset and the reason.

pub mod btf;
mod map;

pub use btf::{Btf, BtfError, Kind, Type};
pub use map::{
    F_LINK, F_MMAPABLE, F_RDONLY_PROG, MapDef, MapOrigin, SlotTarget, Span, StructOpsDef,
};

/// Why a file is no object of ours: where, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("section {section}, offset {offset:#x}: {reason}")]
pub struct ObjectError {
    /// Name of the section, or of the part of the file.
    pub section: String,
    /// Offset in that section (in the file, if it is none).
    pub offset: u64,
    /// What is wrong.
    pub reason: String,
}

/// An object file, read.
#[derive(Clone, Debug)]
pub struct Object {}

impl Object {
    /// Reads an object.
    pub fn parse(bytes: &[u8]) -> Result<Object, ObjectError> {
        let _ = bytes;
        Err(ObjectError {
            section: "file".into(),
            offset: 0,
            reason: "not read yet".into(),
        })
    }
}
