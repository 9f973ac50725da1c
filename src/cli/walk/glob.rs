//! Patterns over paths, as shells have them: `*` and `?` within a name, `**` for any number
//! of directories. Links to directories are not followed, hidden names only matched by
//! patterns that begin with a dot.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::config::Glob;
use crate::limits;

/// Whether a text can match more than one path.
pub(in crate::cli) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// The paths that match, in order; no more than a directory may give.
pub(in crate::cli) fn matches(pattern: &str) -> Vec<PathBuf> {
    matches_in(pattern, &|_| true)
}

/// The same, of directories that may be looked into.
pub(in crate::cli) fn matches_in(pattern: &str, enter: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
    let parts: Vec<&str> = pattern.split('/').filter(|p| !p.is_empty()).collect();
    let start = if pattern.starts_with('/') { "/" } else { "" };
    let mut search = Search {
        out: Vec::new(),
        enter,
        seen: HashSet::new(),
    };
    search.descend(Path::new(start), &parts, 0);
    search.out
}

struct Search<'a> {
    out: Vec<PathBuf>,
    enter: &'a dyn Fn(&Path) -> bool,
    /// Directories with the number of parts that were left: several `**` lead to one
    /// directory in many ways.
    seen: HashSet<(PathBuf, usize)>,
}

impl Search<'_> {
    fn descend(&mut self, dir: &Path, parts: &[&str], depth: usize) {
        if depth > limits::MAX_DIR_DEPTH
            || self.out.len() >= limits::MAX_DIR_OBJECTS
            || !self.seen.insert((dir.to_path_buf(), parts.len()))
        {
            return;
        }
        let Some((part, rest)) = parts.split_first() else {
            self.out.push(dir.to_path_buf());
            return;
        };
        if !(self.enter)(or_here(dir)) {
            return;
        }
        if *part == "**" {
            let files = if rest.is_empty() { &["*"][..] } else { rest };
            self.descend(dir, files, depth);
            for path in children(dir).iter().filter(|p| is_own_folder(p)) {
                self.descend(path, parts, depth + 1);
            }
            return;
        }
        if !is_pattern(part) {
            let path = dir.join(part);
            if path.symlink_metadata().is_ok() {
                self.descend(&path, rest, depth);
            }
            return;
        }
        let glob = Glob::new(part);
        for path in children(dir) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let hidden = name.starts_with('.') && !part.starts_with('.');
            if !hidden && glob.matches(&name) && (rest.is_empty() || path.is_dir()) {
                self.descend(&path, rest, depth);
            }
        }
    }
}

/// The directory, or the current one.
fn or_here(dir: &Path) -> &Path {
    match dir.as_os_str().is_empty() {
        true => Path::new("."),
        false => dir,
    }
}

fn children(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(or_here(dir))
        .into_iter()
        .flatten()
        .flatten();
    let mut paths: Vec<PathBuf> = entries.map(|e| dir.join(e.file_name())).collect();
    paths.sort();
    paths
}

fn is_own_folder(path: &Path) -> bool {
    let hidden = path
        .file_name()
        .is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
    !hidden && path.symlink_metadata().is_ok_and(|m| m.is_dir())
}
