//! The BTF of measured Linux kernels, packed.
//!
//! ```
//! let blob = bpfassay_kernel_types::unpack("6.18").unwrap();
//! assert_eq!(blob[..2], [0x9f, 0xeb]);
//! ```

#![no_std]

extern crate alloc;

pub mod archive;
mod kernel;
pub mod layout;
pub mod records;
mod series;

pub use archive::Archive;
pub use kernel::Kernel;
pub use series::{SERIES, Series};

use alloc::vec::Vec;

/// The archive, one entry for each row of [`SERIES`] in their order.
static PACKED: &[u8] = include_bytes!("../data/types.pack");

/// The types of a series (`6.18`), to be asked one by one; `None` if there is no such row.
pub fn open(series: &str) -> Option<Kernel<'static>> {
    let at = SERIES.iter().position(|s| s.name == series)?;
    Kernel::open(Archive::parse(PACKED)?, at)
}

/// The BTF blob of a series (`6.18`), little-endian; `None` if there is no such row.
pub fn unpack(series: &str) -> Option<Vec<u8>> {
    open(series)?.unpack()
}
