//! gzip, xz and zstd, unpacked within bounds: of the result, and of what a decoder keeps
//! while it works, which the file itself asks for.

use std::io::Read;

use super::Kind;
use crate::limits;

/// The bytes that a compressed file stands for; no more than `most`.
pub(super) fn unpacked(kind: Kind, bytes: &[u8], most: u64) -> Result<Vec<u8>, String> {
    let window = limits::MAX_WINDOW_BYTES;
    match kind {
        Kind::Xz => {
            let kib = u32::try_from(window >> 10).unwrap_or(u32::MAX);
            bounded(lzma_rust2::XzReader::new_mem_limit(bytes, true, kib), most)
        }
        Kind::Zstd => {
            let decoder =
                ruzstd::decoding::StreamingDecoder::new_with_max_window_size(bytes, window);
            bounded(decoder.map_err(|e| damaged(&e))?, most)
        }
        _ => bounded(flate2::read::MultiGzDecoder::new(bytes), most),
    }
}

fn damaged(why: &dyn std::fmt::Display) -> String {
    format!("cannot be unpacked: {why}")
}

fn bounded(from: impl Read, most: u64) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let read = from.take(most.saturating_add(1)).read_to_end(&mut out);
    read.map_err(|e| damaged(&e))?;
    if out.len() as u64 > most {
        return Err(format!("unpacks to more than {} MiB", most >> 20));
    }
    Ok(out)
}

/// A file's name without the extension that says how it is compressed.
pub fn plain_name(name: &str) -> &str {
    let stripped = [".gz", ".xz", ".zst", ".zstd"]
        .iter()
        .find_map(|extension| name.strip_suffix(extension));
    stripped.unwrap_or(name)
}
