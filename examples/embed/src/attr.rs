//! The attributes of a command, and the memory that they point into.

use alloc::vec;
use alloc::vec::Vec;

use crate::errno::Errno;

/// The memory of whoever asks.
pub trait UserMemory {
    /// Copies from it.
    ///
    /// # Errors
    ///
    /// `EFAULT` where it has no such bytes.
    fn read(&self, address: u64, into: &mut [u8]) -> Result<(), Errno>;

    /// Copies to it.
    ///
    /// # Errors
    ///
    /// `EFAULT` where it has no such bytes.
    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Errno>;
}

/// So many bytes of the caller's memory.
pub fn bytes(user: &dyn UserMemory, address: u64, len: usize) -> Result<Vec<u8>, Errno> {
    let mut out = vec![0; len];
    user.read(address, &mut out)?;
    Ok(out)
}

/// A string of at most `most` bytes that ends with NUL.
pub fn string(user: &dyn UserMemory, address: u64, most: usize) -> Result<Vec<u8>, Errno> {
    let mut out = Vec::new();
    for at in 0..most as u64 {
        let mut byte = [0];
        user.read(address.checked_add(at).ok_or(Errno::EFAULT)?, &mut byte)?;
        if byte == [0] {
            return Ok(out);
        }
        out.push(byte[0]);
    }
    Err(Errno::EINVAL)
}

/// A structure of attributes. As with `bpf(2)`, what a caller leaves off is zero.
#[derive(Clone, Copy)]
pub struct Attr<'a>(pub &'a [u8]);

impl Attr<'_> {
    fn field<const N: usize>(self, at: usize) -> [u8; N] {
        let mut out = [0; N];
        let given = self.0.get(at..).unwrap_or(&[]);
        for (to, from) in out.iter_mut().zip(given) {
            *to = *from;
        }
        out
    }

    /// A field of four bytes.
    pub fn u32(self, at: usize) -> u32 {
        u32::from_ne_bytes(self.field(at))
    }

    /// A field of eight bytes.
    pub fn u64(self, at: usize) -> u64 {
        u64::from_ne_bytes(self.field(at))
    }

    /// A name of sixteen bytes.
    pub fn name(self, at: usize) -> ([u8; 16], usize) {
        let name: [u8; 16] = self.field(at);
        (name, name.iter().position(|b| *b == 0).unwrap_or(16))
    }
}
