//! Rebuilds the committed objects, by the script that stands beside them.

use std::path::Path;
use std::process::Command;

/// Runs `scripts/build-corpus.sh` with the given words.
pub(crate) fn run(words: &[String]) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("no root folder")?;
    let status = Command::new("bash")
        .arg(root.join("scripts/build-corpus.sh"))
        .args(words)
        .current_dir(root)
        .status()
        .map_err(|e| format!("bash: {e}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("build-corpus.sh: {status}"))
    }
}
