//! From bytes to offsets: the one walk over all records.

use super::{Blob, Btf, Kind};
use crate::prelude::*;
use alloc::sync::Arc;

const MAGIC: u16 = 0xeb9f;
const HEADER_LEN: usize = 24;
/// The kernel's own ceiling for the type and string sections (16 MiB) is for
/// programs' BTF; vmlinux blobs are smaller than this one.
const MAX_BLOB: usize = 256 << 20;

/// Why a BTF blob cannot be read: where, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("BTF, offset {offset}: {reason}")]
pub struct BtfError {
    /// Offset from the start of the blob.
    pub offset: u64,
    /// What is wrong.
    pub reason: String,
}

fn err<T>(offset: usize, reason: impl Into<String>) -> Result<T, BtfError> {
    Err(BtfError {
        offset: offset as u64,
        reason: reason.into(),
    })
}

/// Length of what follows the common record of a kind.
fn tail_len(kind: Kind, vlen: usize) -> usize {
    match kind {
        Kind::Int | Kind::Var | Kind::DeclTag => 4,
        Kind::Array => 12,
        Kind::Struct | Kind::Union | Kind::DataSec | Kind::Enum64 => vlen.saturating_mul(12),
        Kind::Enum | Kind::FuncProto => vlen.saturating_mul(8),
        _ => 0,
    }
}

/// A header's fields that matter.
struct Header {
    types: (usize, usize),
    strings: (usize, usize),
}

fn read_header(bytes: &[u8], big: bool) -> Result<Header, BtfError> {
    let word = |at: usize| -> usize {
        let b = bytes
            .get(at..at.saturating_add(4))
            .and_then(|b| <[u8; 4]>::try_from(b).ok())
            .unwrap_or([0; 4]);
        (if big {
            u32::from_be_bytes(b)
        } else {
            u32::from_le_bytes(b)
        }) as usize
    };
    if bytes.len() < HEADER_LEN {
        return err(0, "shorter than its header");
    }
    if bytes.len() > MAX_BLOB {
        return err(0, "too large");
    }
    let hdr_len = word(4);
    if hdr_len < HEADER_LEN || hdr_len > bytes.len() {
        return err(4, "impossible header length");
    }
    let section = |off: usize, len: usize, at: usize| {
        let start = hdr_len.saturating_add(off);
        let end = start.saturating_add(len);
        if end > bytes.len() {
            err(at, "section outside the blob")
        } else {
            Ok((start, end))
        }
    };
    let types = section(word(8), word(12), 8)?;
    let strings = section(word(16), word(20), 16)?;
    if types.0 % 4 != 0 {
        return err(8, "type section is not aligned");
    }
    if types.0 < strings.1 && strings.0 < types.1 {
        return err(16, "type and string sections overlap");
    }
    if strings.0 == strings.1
        || bytes.get(strings.0) != Some(&0)
        || bytes.get(strings.1.saturating_sub(1)) != Some(&0)
    {
        return err(strings.0, "string section does not begin and end with NUL");
    }
    Ok(Header { types, strings })
}

/// Swaps a big-endian blob in place, record by record.
fn swap(bytes: &mut [u8], header: &Header) {
    let swap_words = |bytes: &mut [u8], from: usize, to: usize| {
        if let Some(range) = bytes.get_mut(from..to) {
            for word in range.chunks_exact_mut(4) {
                word.reverse();
            }
        }
    };
    if let Some(magic) = bytes.get_mut(0..2) {
        magic.reverse();
    }
    swap_words(bytes, 4, HEADER_LEN);
    let (mut at, end) = header.types;
    while at.saturating_add(12) <= end {
        swap_words(bytes, at, at.saturating_add(12));
        let info = bytes
            .get(at.saturating_add(4)..at.saturating_add(8))
            .and_then(|b| <[u8; 4]>::try_from(b).ok())
            .map_or(0, u32::from_le_bytes);
        let Some(kind) = Kind::from_info(info) else {
            return;
        };
        let next = at
            .saturating_add(12)
            .saturating_add(tail_len(kind, (info & 0xffff) as usize));
        swap_words(bytes, at.saturating_add(12), next.min(end));
        at = next;
    }
}

impl Btf {
    /// Reads a blob. Only the records' extents and name offsets are checked
    /// here; what a record refers to is checked when it is followed.
    pub fn parse(bytes: Arc<[u8]>) -> Result<Btf, BtfError> {
        Blob::parse(bytes).map(Btf::of)
    }
}

impl Blob {
    pub(super) fn parse(bytes: Arc<[u8]>) -> Result<Blob, BtfError> {
        let big = match bytes.get(0..2) {
            Some([a, b]) if u16::from_le_bytes([*a, *b]) == MAGIC => false,
            Some([a, b]) if u16::from_be_bytes([*a, *b]) == MAGIC => true,
            _ => return err(0, "no BTF magic"),
        };
        let header = read_header(&bytes, big)?;
        let bytes = if big {
            let mut swapped = bytes.to_vec();
            swap(&mut swapped, &header);
            Arc::from(swapped)
        } else {
            bytes
        };
        let mut blob = Blob {
            bytes,
            offsets: Vec::with_capacity(
                (header.types.1.saturating_sub(header.types.0) / 24).saturating_add(1),
            ),
            strings: (header.strings.0 as u32, header.strings.1 as u32),
        };
        blob.offsets.push(0);
        let strings_len = header.strings.1.saturating_sub(header.strings.0) as u32;
        let (mut at, end) = header.types;
        while at < end {
            if at.saturating_add(12) > end {
                return err(at, "record is cut off");
            }
            let info = blob.u32_at(at.saturating_add(4));
            let Some(kind) = Kind::from_info(info) else {
                return err(
                    at.saturating_add(4),
                    format!("unknown kind {}", (info >> 24) & 0x1f),
                );
            };
            if blob.u32_at(at) >= strings_len {
                return err(at, "name outside the string section");
            }
            let next = at
                .saturating_add(12)
                .saturating_add(tail_len(kind, (info & 0xffff) as usize));
            if next > end {
                return err(at, "record is cut off");
            }
            blob.offsets.push(at as u32);
            at = next;
        }
        Ok(blob)
    }
}
