//! The committed corpus: the fewest inputs that reach what all reach.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Harness, Places};

/// Bytes of one harness's committed corpus: the whole stays at a few hundred
/// kilobytes.
const MOST: u64 = 32 << 10;

/// Inputs of one harness: a folder that can be looked through.
const COUNT: usize = 150;

/// Writes a harness's committed corpus anew.
pub(super) fn minimise(places: &Places, harness: &Harness) -> Result<(), String> {
    let working = places.working(harness);
    let merged = working.with_extension("merged");
    let _ = fs::remove_dir_all(&merged);
    let fail = |path: &Path| {
        let path = path.display().to_string();
        move |e: std::io::Error| format!("{path}: {e}")
    };
    fs::create_dir_all(&merged).map_err(fail(&merged))?;
    let status = Command::new(places.programs.join(harness.name))
        .args(["-set_cover_merge=1", "-timeout=25", "-rss_limit_mb=2048"])
        .arg(format!("-max_len={}", harness.max_len))
        .args([&merged, &working])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|e| e.to_string())?;
    if !status.success() {
        return Err(format!("{}: merging: {status}", harness.name));
    }
    let mut inputs: Vec<(u64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(&merged).map_err(fail(&merged))? {
        let entry = entry.map_err(fail(&merged))?;
        let size = entry.metadata().map_err(fail(&merged))?.len();
        inputs.push((size, entry.path()));
    }
    // Of every size, small ones first.
    inputs.sort();
    let step = inputs.len().div_ceil(COUNT).max(1);
    let committed = places.committed(harness);
    let _ = fs::remove_dir_all(&committed);
    fs::create_dir_all(&committed).map_err(fail(&committed))?;
    let (mut kept, mut bytes) = (0, 0);
    for (size, path) in inputs.iter().step_by(step) {
        if bytes + size > MOST {
            continue;
        }
        let name = path.file_name().unwrap_or_default();
        fs::copy(path, committed.join(name)).map_err(fail(path))?;
        kept += 1;
        bytes += size;
    }
    eprintln!(
        "{}: {kept} of {} inputs committed, {bytes} bytes",
        harness.name,
        inputs.len()
    );
    fs::remove_dir_all(&merged).map_err(fail(&merged))
}
