//! The folder of a cache.
//!
//! A result is a file: a checksum of the rest, a line that says what it was made of, the
//! result. Files appear whole or not at all, by a rename, and nobody waits for anybody: two
//! runs that keep the same result write the same file. A file that is damaged, cut or
//! someone else's in any way is as if it were not there.
//!
//! Who can write a cache can write reports. So the folder is used only if it belongs to who
//! runs the tool and nobody else may write it; all folders below are made by the tool, for
//! its user alone. The folder stays below a size: what was not used for longest goes first.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::{hex, sum};
use crate::limits::{CACHE_BYTES, CACHE_ENTRY_BYTES};
use crate::untrusted::{Untrusted, text};

/// Of the format: others lie beside it.
const VERSION: &str = "v1";

/// How long a file of a run that died may lie around, and after which a use counts anew.
const HOUR: Duration = Duration::from_secs(3600);

pub(super) struct Store {
    folder: PathBuf,
}

impl Store {
    /// The folder, made if it is not there; or why it is not trusted.
    pub(super) fn open(folder: &Path) -> Result<Store, Untrusted> {
        let told = |e: &dyn std::fmt::Display| {
            text!(
                "{}: {}",
                Untrusted::from(folder.display().to_string()),
                e.to_string()
            )
        };
        make(folder).map_err(|e| told(&e))?;
        let folder = folder.canonicalize().map_err(|e| told(&e))?;
        own(&folder).map_err(|why| told(&why))?;
        let folder = folder.join(VERSION);
        make(&folder).map_err(|e| told(&e))?;
        own(&folder).map_err(|why| told(&why))?;
        Ok(Store { folder })
    }

    /// What tells this build of the tool from all others: the sum of its file, which is kept
    /// by what the file system says of it.
    pub(super) fn tool(&self) -> Option<String> {
        let path = std::env::current_exe().ok()?;
        let meta = fs::metadata(&path).ok()?;
        let seen = sum(format!("{path:?} {}", stamp(&meta)).as_bytes());
        let known = self.folder.join(format!("tool-{seen}"));
        if let Some(sum) = read(&known).and_then(|b| String::from_utf8(b).ok()) {
            return Some(sum);
        }
        let mut hash = Sha256::new();
        let mut file = File::open(&path).ok()?;
        let mut piece = vec![0; 1 << 16];
        loop {
            match file.read(&mut piece).ok()? {
                0 => break,
                n => hash.update(piece.get(..n)?),
            }
        }
        let sum = hex(&hash.finalize());
        let _ = write(&known, &[sum.as_bytes()]);
        Some(sum)
    }

    fn path(&self, key: &str) -> Option<PathBuf> {
        let (first, rest) = key.split_at_checked(2)?;
        Some(self.folder.join(first).join(rest))
    }

    /// What is kept under a key: what it was made of, and itself.
    pub(super) fn get<Made: DeserializeOwned>(&self, key: &str) -> Option<(Made, Vec<u8>)> {
        let path = self.path(key)?;
        let bytes = read(&path)?;
        let (head, rest) = bytes.split_at_checked(64)?;
        let rest = rest.strip_prefix(b"\n")?;
        if sum(rest).as_bytes() != head {
            return None;
        }
        let end = rest.iter().position(|b| *b == b'\n')?;
        let made = serde_json::from_slice(rest.get(..end)?).ok()?;
        let body = rest.get(end + 1..)?.to_vec();
        touch(&path);
        Some((made, body))
    }

    /// Keeps something; whether it is kept.
    pub(super) fn put<Made: Serialize>(&self, key: &str, made: &Made, body: &str) -> bool {
        let Some(path) = self.path(key) else {
            return false;
        };
        let Ok(made) = serde_json::to_string(made) else {
            return false;
        };
        let rest = format!("{made}\n{body}");
        if rest.len() as u64 > CACHE_ENTRY_BYTES {
            return false;
        }
        let head = sum(rest.as_bytes());
        let parent = path.parent().unwrap_or(&self.folder);
        make(parent).is_ok() && write(&path, &[head.as_bytes(), b"\n", rest.as_bytes()]).is_ok()
    }

    /// Removes what was not used for longest, until there is room again.
    pub(super) fn make_room(&self) {
        let mut all = Vec::new();
        let mut total = 0u64;
        for folder in folders(&self.folder) {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let Ok(meta) = entry.metadata() else { continue };
                let used = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                let temporary = entry.file_name().to_string_lossy().starts_with('.');
                if temporary && used.elapsed().is_ok_and(|age| age > HOUR) {
                    let _ = fs::remove_file(entry.path());
                } else if meta.is_file() {
                    total = total.saturating_add(meta.len());
                    all.push((used, meta.len(), entry.path()));
                }
            }
        }
        if total <= CACHE_BYTES {
            return;
        }
        all.sort();
        for (_, len, path) in all {
            if total <= CACHE_BYTES / 4 * 3 {
                return;
            }
            if fs::remove_file(path).is_ok() {
                total = total.saturating_sub(len);
            }
        }
    }
}

/// The folder itself and those in it.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let below = fs::read_dir(folder).into_iter().flatten().flatten();
    let below = below.filter(|e| e.file_type().is_ok_and(|t| t.is_dir()));
    std::iter::once(folder.to_path_buf())
        .chain(below.map(|e| e.path()))
        .collect()
}

/// Reads a file of bounded size.
fn read(path: &Path) -> Option<Vec<u8>> {
    let file = File::open(path).ok()?;
    let meta = file.metadata().ok()?;
    if !meta.is_file() || meta.len() > CACHE_ENTRY_BYTES + 65 {
        return None;
    }
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).ok()?);
    file.take(CACHE_ENTRY_BYTES + 65)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(bytes)
}

/// Writes a file, whole.
fn write(path: &Path, parts: &[&[u8]]) -> std::io::Result<()> {
    let (mut file, beside) = crate::cli::output::beside(path)?;
    let written = parts.iter().try_for_each(|part| file.write_all(part));
    drop(file);
    let done = written.and_then(|()| fs::rename(&beside, path));
    if done.is_err() {
        let _ = fs::remove_file(&beside);
    }
    done
}

/// Says that a file was used, once an hour.
fn touch(path: &Path) {
    let Ok(file) = File::open(path) else { return };
    let used = file.metadata().and_then(|m| m.modified());
    if used.is_ok_and(|used| used.elapsed().is_ok_and(|age| age > HOUR)) {
        let _ = file.set_modified(SystemTime::now());
    }
}

/// A folder for its user alone.
#[cfg(unix)]
fn make(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)
}

/// Whether a folder is the user's own, and nobody else may write it.
#[cfg(unix)]
fn own(folder: &Path) -> Result<(), &'static str> {
    use std::os::unix::fs::MetadataExt as _;
    let meta = fs::symlink_metadata(folder).map_err(|_| "cannot be looked at")?;
    if !meta.is_dir() {
        return Err("not a folder");
    }
    if meta.mode() & 0o022 != 0 {
        return Err("others may write it");
    }
    match user(folder) {
        Some(user) if user == meta.uid() => Ok(()),
        _ => Err("it belongs to somebody else"),
    }
}

#[cfg(not(unix))]
fn own(_folder: &Path) -> Result<(), &'static str> {
    Err("whose it is cannot be told on this system")
}

/// Who runs this: the owner of its process, or of a file that it makes.
#[cfg(unix)]
fn user(folder: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    if let Ok(meta) = fs::metadata("/proc/self") {
        return Some(meta.uid());
    }
    let (file, path) = crate::cli::output::beside(&folder.join("owner")).ok()?;
    let uid = file.metadata().map(|m| m.uid());
    let _ = fs::remove_file(path);
    uid.ok()
}

/// What changes with a file.
#[cfg(unix)]
fn stamp(meta: &fs::Metadata) -> String {
    use std::os::unix::fs::MetadataExt as _;
    format!(
        "{} {} {} {}.{} {}.{}",
        meta.dev(),
        meta.ino(),
        meta.len(),
        meta.mtime(),
        meta.mtime_nsec(),
        meta.ctime(),
        meta.ctime_nsec()
    )
}

#[cfg(not(unix))]
fn stamp(meta: &fs::Metadata) -> String {
    format!("{} {:?}", meta.len(), meta.modified())
}
