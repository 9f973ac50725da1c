//! Where the report goes, and how it is dressed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::Failure;
use super::args::Color;
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

/// Writes reports: the main one, if it is not written already, and further ones. A file that
/// cannot be written does not keep the others from being written.
pub(super) fn reports<F: Copy>(
    main: Option<(F, Option<&Path>)>,
    more: &[(F, PathBuf)],
    render: &dyn Fn(F, Option<&Path>) -> String,
) -> Result<(), Failure> {
    let more = more.iter();
    let more = more.map(|(format, file)| (*format, Some(file.as_path())));
    let all = main.into_iter().chain(more);
    Failure::first_of(all.map(|(format, file)| write(&render(format, file), file)))
}

/// What `--color` says.
static COLOR: OnceLock<Color> = OnceLock::new();

/// Takes what `--color` says, once.
pub(super) fn set_color(color: Color) {
    let _ = COLOR.set(color);
}

/// Columns of text that goes nowhere in particular.
const USUAL_WIDTH: usize = 100;

/// How text is dressed: in colour if it is asked for, or on a terminal that is not told
/// otherwise; as wide as the terminal, within what can be read.
pub(super) fn style(file: Option<&Path>) -> Style {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    let terminal = file.is_none() && io::stdout().is_terminal();
    let color = match COLOR.get() {
        Some(Color::Always) => true,
        Some(Color::Never) => false,
        Some(Color::Auto) | None if set("NO_COLOR").is_some() => false,
        _ if set("CLICOLOR_FORCE").is_some_and(|v| v != "0") => true,
        _ => terminal && set("TERM").is_none_or(|t| t != "dumb"),
    };
    let width = set("COLUMNS").and_then(|c| c.to_str()?.parse().ok());
    let seen = || terminal_size::terminal_size().filter(|_| terminal);
    let width = width.or_else(|| seen().map(|(columns, _)| usize::from(columns.0)));
    Style {
        color,
        width: usize::clamp(width.unwrap_or(USUAL_WIDTH), 80, 200),
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
pub(super) fn beside(path: &Path) -> io::Result<(File, PathBuf)> {
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
