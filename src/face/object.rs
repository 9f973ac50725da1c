//! An object to ask about.

use crate::object::{self, ObjectError};

/// An eBPF object file, as clang, gcc, bpf-linker or Aya make them.
#[derive(Clone, Debug)]
pub struct Object {
    name: String,
    bytes: Vec<u8>,
    license: String,
    maps: Vec<String>,
}

impl Object {
    /// Reads an ELF object. `name` is how reports call it.
    ///
    /// # Errors
    ///
    /// If it is no eBPF object or contradicts itself: section, offset and reason.
    pub fn parse(
        name: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
    ) -> Result<Object, ObjectError> {
        let bytes = bytes.into();
        let read = object::Object::parse(&bytes)?;
        Ok(Object {
            name: name.into(),
            license: read.license,
            maps: read.maps.iter().map(|m| m.name.to_string()).collect(),
            bytes,
        })
    }

    /// How reports call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its licence; empty if it states none.
    pub fn license(&self) -> &str {
        &self.license
    }

    /// Names of its maps, in the order in which loaders create them.
    pub fn maps(&self) -> impl Iterator<Item = &str> {
        self.maps.iter().map(String::as_str)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
