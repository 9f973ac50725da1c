//! The files below a folder, for who looks for something else than inputs.

use std::ops::ControlFlow;
use std::path::Path;

use crate::limits;

/// Visits the regular files below a folder, not through links, and not in folders of names that
/// are passed over: until so many entries were seen, or the visitor has enough.
pub(in crate::cli) fn files(
    root: &Path,
    passed_over: &[&str],
    most: usize,
    visit: &mut dyn FnMut(&Path) -> ControlFlow<()>,
) {
    let mut folders = vec![(root.to_owned(), 0)];
    let mut seen = 0;
    while let Some((folder, depth)) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            seen += 1;
            if seen > most {
                return;
            }
            let (path, Ok(kind)) = (entry.path(), entry.file_type()) else {
                continue;
            };
            let passed = passed_over.iter().any(|name| entry.file_name() == *name);
            if kind.is_dir() && !passed && depth < limits::MAX_DIR_DEPTH {
                folders.push((path, depth + 1));
            } else if kind.is_file() && visit(&path).is_break() {
                return;
            }
        }
    }
}
