//! Standard error: complaints and progress, one line each.
//!
//! `eprintln!` panics when standard error is closed or full, which would turn a verdict
//! into an exit code of its own. What cannot be said is left unsaid; the exit code and the
//! report tell the same.

use std::io::Write as _;

use crate::untrusted::{Foreign, is_invisible, terminal};

/// Says one line, under the tool's name. Whatever it is made of, it stays one line.
pub(super) fn say<T: Foreign + ?Sized>(what: &T) {
    raw(&format!("bpfassay: {}", terminal(what)));
}

/// Says lines that are shown already.
pub(super) fn raw(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// The same, ended as they are.
pub(super) fn raw_lines(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// A line in the place of the one before; none to clear it.
pub(super) fn over(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = write!(err, "\r{text}\x1b[K");
    let _ = err.flush();
}

/// What is wrong with the arguments, in colour where that is possible: names of files are
/// arguments too, and may hold anything.
pub(super) fn usage(error: &clap::Error) {
    let plain = error.to_string();
    if !error.use_stderr() || !plain.chars().any(|c| c != '\n' && is_invisible(c)) {
        let _ = error.print();
        return;
    }
    for line in plain.lines() {
        raw(&terminal(line));
    }
}

/// [`say`], with a format.
macro_rules! complain {
    ($($arg:tt)*) => { $crate::cli::console::say(&$crate::untrusted::text!($($arg)*)) };
}

pub(super) use complain;
