//! Where the report goes, and how it is dressed.

use std::io::{IsTerminal, Write};
use std::path::Path;

use super::Failure;
use crate::report::text::Style;

/// Writes a report to standard output or a file. A reader that went away
/// (`| head`) is no failure.
pub(super) fn write(text: &str, file: Option<&Path>) -> Result<(), Failure> {
    match file {
        Some(path) => std::fs::write(path, text)
            .map_err(|e| Failure::usage(format!("{}: {e}", path.display()))),
        None => {
            let mut out = std::io::stdout().lock();
            match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
                Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
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
    let terminal = file.is_none() && std::io::stdout().is_terminal();
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

/// Writes bytes to a file.
pub(super) fn write_bytes(bytes: &[u8], path: &Path) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(|e| Failure::usage(format!("{}: {e}", path.display())))
}
