//! `check --watch`: again whenever something changed.
//!
//! Inputs are looked at twice a second: their names, sizes and times. What a directory or a
//! pattern stands for is looked up anew each time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::args::CheckArgs;
use super::walk::matches;
use super::{Failure, check, console, signals};
use crate::limits;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// Files with their sizes and times.
type Files = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

/// Runs the verb until a signal comes.
#[expect(
    clippy::disallowed_methods,
    reason = "between two looks there is nothing to do"
)]
pub(super) fn run(args: &CheckArgs) -> Result<u8, Failure> {
    loop {
        let before = files(args);
        let result = check::once(args);
        if signals::exit_code().is_some() {
            return result;
        }
        if let Err(failure) = &result {
            console::say(&failure.text);
        }
        console::raw("bpfassay: waiting for a change (Ctrl-C ends)");
        while files(args) == before {
            std::thread::sleep(PAUSE);
            if signals::exit_code().is_some() {
                return result;
            }
        }
    }
}

/// What the arguments stand for now, and the configuration.
fn files(args: &CheckArgs) -> Files {
    let mut all = Files::new();
    let config = args.rules.config.iter().cloned();
    let config = config.chain([PathBuf::from(super::config::NAME)]);
    for path in args.objects.iter().cloned().chain(config) {
        look(&mut all, &path, 0);
        let pattern = path.to_str().filter(|_| !path.exists());
        for found in pattern.map(matches).unwrap_or_default() {
            look(&mut all, &found, 0);
        }
    }
    all
}

fn look(all: &mut Files, path: &Path, depth: usize) {
    let Ok(meta) = path.metadata() else { return };
    if all.len() >= limits::MAX_DIR_OBJECTS || depth > limits::MAX_DIR_DEPTH {
        return;
    }
    if !meta.is_dir() {
        all.insert(path.to_path_buf(), (meta.len(), meta.modified().ok()));
        return;
    }
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|t| !t.is_symlink()) {
            look(all, &entry.path(), depth + 1);
        }
    }
}
