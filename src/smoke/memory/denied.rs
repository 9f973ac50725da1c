//! Accesses that are refused, and why.

use std::fmt;

use super::Kind;

/// Why an access is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessError {
    /// First byte accessed.
    pub addr: u64,
    /// Bytes accessed.
    pub size: u32,
    /// It was a write.
    pub write: bool,
    /// The object meant, with the offset in it, if the address is near one.
    pub object: Option<(Kind, i64)>,
    /// What is wrong.
    pub why: Denied,
}

/// What is wrong with an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The address is in no object.
    Nowhere,
    /// The address is null or close to it.
    Null,
    /// Some byte is outside the object's bounds.
    Bounds,
    /// The object is gone.
    Freed,
    /// The object may only be read.
    ReadOnly,
    /// Nothing is wrong with it, but the run's bytes are spent.
    Spent,
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.write { "write" } else { "read" };
        write!(f, "{what} of {} bytes ", self.size)?;
        match self.object {
            Some((kind, off)) => write!(f, "at offset {off} of a {}", kind.word())?,
            None => write!(f, "at {:#x}", self.addr)?,
        }
        f.write_str(match self.why {
            Denied::Nowhere => ": no object is there",
            Denied::Null => ": null pointer",
            Denied::Bounds => ": outside its bounds",
            Denied::Freed => ": it was freed",
            Denied::ReadOnly => ": it is read-only",
            Denied::Spent => ": the byte budget is spent",
        })
    }
}
