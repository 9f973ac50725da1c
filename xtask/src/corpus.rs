//! Rebuilds the committed objects, by the script that stands beside them.

use std::process::Command;

/// Runs `scripts/build-corpus.sh` with the given words.
pub(crate) fn run(words: &[String]) -> Result<(), String> {
    let root = crate::outside::root()?;
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
