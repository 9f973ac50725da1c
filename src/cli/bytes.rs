//! The bytes of an input, whatever it is: bounded in size and in time.
//!
//! A regular file tells its size, and gives no more than that. What is none (a pipe,
//! a device) may give bytes for ever or never begin: it is read by a thread of its own
//! that nobody waits for longer than [`limits::STREAM_SECONDS`].
#![warn(clippy::arithmetic_side_effects)]

use std::fs::File;
use std::io::{Read, Seek as _};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use super::Failure;
use crate::limits;

/// Reads an input.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let fail = |e: &dyn std::fmt::Display| Failure::usage(format!("{}: {e}", path.display()));
    let meta = std::fs::metadata(path).map_err(|e| fail(&e))?;
    if meta.is_dir() {
        return Err(fail(&"is a directory"));
    }
    if !meta.is_file() {
        return stream(path).map_err(|e| fail(&e));
    }
    let file = File::open(path).map_err(|e| fail(&e))?;
    let size = file.metadata().map_err(|e| fail(&e))?.len();
    if size > limits::MAX_INPUT_BYTES {
        return Err(fail(&"too large"));
    }
    // A sparse file costs its maker nothing, and whoever reads it all of its size.
    if size > limits::MAX_STREAM_BYTES {
        let mut head = [0; 16];
        (&file).read_exact(&mut head).map_err(|e| fail(&e))?;
        (&file).rewind().map_err(|e| fail(&e))?;
        if head == [0; 16] {
            return Err(fail(&"large, and begins with zeros"));
        }
    }
    let bytes = bounded(file, size).map_err(|e| fail(&e))?;
    // Files of the kernel tell no size.
    if bytes.len() as u64 > size && size > 0 {
        return Err(fail(&"grows while it is read"));
    }
    Ok(bytes)
}

/// Reads what is no regular file.
fn stream(path: &Path) -> Result<Vec<u8>, String> {
    let (send, receive) = mpsc::channel();
    let path = path.to_owned();
    let reader = move || {
        let bytes = File::open(path)
            .map_err(|e| e.to_string())
            .and_then(|file| bounded(file, limits::MAX_STREAM_BYTES));
        // Who waited may have gone.
        let _ = send.send(bytes);
    };
    std::thread::Builder::new()
        .spawn(reader)
        .map_err(|e| e.to_string())?;
    let bytes = receive
        .recv_timeout(Duration::from_secs(limits::STREAM_SECONDS))
        .map_err(|_| format!("does not end within {} s", limits::STREAM_SECONDS))??;
    if bytes.len() as u64 > limits::MAX_STREAM_BYTES {
        return Err(format!(
            "is no regular file and gives more than {} MiB",
            limits::MAX_STREAM_BYTES >> 20
        ));
    }
    Ok(bytes)
}

/// What standard input gives: as long as whoever writes takes, as much as a stream may.
pub(super) fn standard_input() -> Result<Vec<u8>, String> {
    let most = limits::MAX_STREAM_BYTES;
    let bytes = bounded(std::io::stdin(), most)?;
    match bytes.len() as u64 > most {
        true => Err(format!("gives more than {} MiB", most >> 20)),
        false => Ok(bytes),
    }
}

/// Reads about so many bytes: one more tells that there are more. A size of 0 is one that
/// is not known.
pub(super) fn bounded(from: impl Read, size: u64) -> Result<Vec<u8>, String> {
    let most = match size {
        0 => limits::MAX_STREAM_BYTES,
        known => known,
    };
    let mut from = from.take(most.saturating_add(1));
    let mut bytes = Vec::new();
    let mut room = usize::try_from(most.min(1 << 20))
        .unwrap_or(0)
        .saturating_add(1);
    loop {
        bytes.try_reserve(room).map_err(|e| e.to_string())?;
        let before = bytes.len();
        let part = (&mut from).take(room as u64).read_to_end(&mut bytes);
        part.map_err(|e| e.to_string())?;
        if bytes.len().saturating_sub(before) < room {
            return Ok(bytes);
        }
        room = bytes.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endless_inputs_end() {
        let bytes = bounded(std::io::repeat(7), 3_000_000).unwrap();
        assert_eq!(bytes.len(), 3_000_001);
        assert_eq!(bounded(&b"abc"[..], 3).unwrap(), b"abc");
        assert_eq!(bounded(&b"abc"[..], 0).unwrap(), b"abc");
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_one_error() {
        let error = read(Path::new("/dev/zero"))
            .err()
            .map(|f| f.text.into_data());
        let words = "/dev/zero: is no regular file and gives more than 64 MiB";
        assert_eq!(error.as_deref(), Some(words));
        assert!(read(Path::new("/dev/null")).is_ok_and(|b| b.is_empty()));
    }
}
