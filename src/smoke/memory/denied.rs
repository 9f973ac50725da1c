//! Accesses that are refused, and why.

use std::fmt;

use super::Kind;
use crate::smoke::packet::bytes_at;

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
        let (what, size) = (if self.write { "write" } else { "read" }, self.size);
        match self.object {
            Some((Kind::Packet, off)) => {
                write!(f, "{what} of {} of a packet", bytes_at(off, size))?
            }
            Some((kind, off)) => {
                write!(
                    f,
                    "{what} of {size} bytes at offset {off} of a {}",
                    kind.word()
                )?;
            }
            None => write!(f, "{what} of {size} bytes at {:#x}", self.addr)?,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_packets_are_counted_from_their_first_byte() {
        let check = |kind: Kind, off: i64, size: u32, expect: &str| {
            let error = AccessError {
                addr: 0,
                size,
                write: false,
                object: Some((kind, off)),
                why: Denied::Bounds,
            };
            assert_eq!(
                error.to_string(),
                format!("read of {expect}: outside its bounds")
            );
        };
        check(Kind::Packet, 256 + 14, 1, "byte 14 of a packet");
        check(Kind::Packet, 256 + 14, 4, "bytes 14 to 17 of a packet");
        check(Kind::Packet, 252, 4, "bytes -4 to -1 of a packet");
        check(Kind::Context, 14, 4, "4 bytes at offset 14 of a context");
    }
}
