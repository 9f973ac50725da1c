//! The files that a run opened, or looked for in vain: what `--watch` waits for.
//!
//! Whatever names a file (an option, the configuration, a variant of it), it is read by
//! [`inputs::read`](super::inputs::read), which notes it here; so nobody has to list who
//! names files. Nothing is kept before somebody asks for it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// What tells whether a file was written since; none of one that is not there.
pub(super) type Stamp = Option<(u64, Option<SystemTime>)>;

/// Files as they were when they were opened first.
pub(super) type Files = BTreeMap<PathBuf, Stamp>;

static OPENED: Mutex<Option<Files>> = Mutex::new(None);

fn lock() -> MutexGuard<'static, Option<Files>> {
    OPENED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes from now on.
pub(super) fn begin() {
    *lock() = Some(Files::new());
}

/// What was noted since it began.
pub(super) fn end() -> Files {
    lock().take().unwrap_or_default()
}

/// Somebody opens a file.
pub(super) fn note(path: &Path) {
    if let Some(files) = lock().as_mut()
        && !files.contains_key(path)
    {
        files.insert(path.to_path_buf(), stamp(path));
    }
}

/// How a file stands now. What the kernel makes up (`/proc`, `/sys`) is always the same.
pub(super) fn stamp(path: &Path) -> Stamp {
    let made_up = ["/proc", "/sys"].iter().any(|dir| path.starts_with(dir));
    let meta = path.metadata().ok().filter(|m| m.is_file() && !made_up)?;
    Some((meta.len(), meta.modified().ok()))
}
