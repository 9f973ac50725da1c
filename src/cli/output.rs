//! Where the report goes, and how it is dressed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::Failure;
use crate::report::text::Style;
use crate::untrusted::terminal;

/// Writes a report to standard output or a file. A reader that went away
/// (`| head`) is no failure.
pub(super) fn write(text: &str, file: Option<&Path>) -> Result<(), Failure> {
    match file {
        Some(path) => write_bytes(text.as_bytes(), path),
        None => {
            let mut out = io::stdout().lock();
            match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
                Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
                    Err(Failure::usage(format!("standard output: {e}")))
                }
                _ => Ok(()),
            }
        }
    }
}

/// Colour on a terminal only, and never with `NO_COLOR` set.
pub(super) fn style(file: Option<&Path>) -> Style {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|t| t == "dumb");
    let terminal = file.is_none() && io::stdout().is_terminal();
    let width = std::env::var("COLUMNS")
        .ok()
        .and_then(|c| c.parse().ok())
        .unwrap_or(100);
    Style {
        color: terminal && !no_color && !dumb,
        width: usize::clamp(width, 60, 160),
        ..Style::default()
    }
}

/// Writes bytes to a file: whole, or not at all.
pub(super) fn write_bytes(bytes: &[u8], path: &Path) -> Result<(), Failure> {
    replace(bytes, path).map_err(|e| {
        let name = path.display().to_string();
        Failure::usage(format!("{}: {e}", terminal(&name)))
    })
}

/// A new file beside the old one takes its place once it is complete, so that nobody
/// reads half a report and a full disk leaves what was there. What is no regular file
/// (a pipe, a device) is written as it stands.
fn replace(bytes: &[u8], path: &Path) -> io::Result<()> {
    // A link is kept: the file that it leads to is replaced.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let old = fs::metadata(&target).ok();
    if old.as_ref().is_some_and(|m| !m.is_file()) {
        let mut file = OpenOptions::new().write(true).open(&target)?;
        return file.write_all(bytes).and_then(|()| file.flush());
    }
    let (mut file, beside) = beside(&target)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.flush())
        .and_then(|()| match &old {
            Some(old) => file.set_permissions(old.permissions()),
            None => Ok(()),
        });
    drop(file);
    let done = written.and_then(|()| fs::rename(&beside, &target));
    if done.is_err() {
        let _ = fs::remove_file(&beside);
    }
    done
}

/// A new file in the same folder.
fn beside(path: &Path) -> io::Result<(File, PathBuf)> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for n in 0..16 {
        let short: String = name.chars().take(32).collect();
        let temporary = format!(".{short}.{}-{n}.tmp", std::process::id());
        let temporary = path.with_file_name(temporary);
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&temporary)
        {
            Ok(file) => return Ok((file, temporary)),
            Err(e) => last = e,
        }
        if last.kind() != io::ErrorKind::AlreadyExists {
            break;
        }
    }
    Err(last)
}
