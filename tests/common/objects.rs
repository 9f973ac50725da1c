//! Where objects lie: asked by tests, and by the examples that measure.

use std::path::{Path, PathBuf};

/// The object at a path, or every object below it, in the order of their paths.
pub fn objects(path: &Path, out: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        out.push(path.to_owned());
        return Ok(());
    }
    let entries = std::fs::read_dir(path)?.map(|entry| Ok(entry?.path()));
    let mut entries = entries.collect::<std::io::Result<Vec<PathBuf>>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() || path.extension().is_some_and(|e| e == "o") {
            objects(&path, out)?;
        }
    }
    Ok(())
}
