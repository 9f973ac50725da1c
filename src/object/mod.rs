//! The `object` room: bytes of an ELF file → [`Object`], never a panic.
//!
//! Everything a file says is checked against the file's own bounds when it is
//! read; what refers to something absent is an [`ObjectError`] that names the
//! section, the offset and the reason.

pub mod btf;

pub use btf::{Btf, BtfError, Kind, Type};
