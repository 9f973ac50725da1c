//! Source files of the machine, for the lines that a report shows.
//!
//! Line information is the object's, so whoever made the object chooses what files it
//! names. A file is read only if all of this holds:
//!
//! - its canonical path lies below a root: those of `--source-root`, else the repository's
//!   root, else the object's own folder; so no link and no `..` leads out of it;
//! - no part of that path is `.git`, and none below the root is hidden;
//! - it is a regular file of bounded size, in UTF-8.
//!
//! Which of its lines may be shown, [`Sources`](crate::diagnostics) decides: those that the
//! object carries itself, word for word.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::cache::{self, Sum};
use crate::diagnostics::Text;
use crate::limits;

/// Source files below some roots, each read once.
pub(super) struct SourceFiles {
    /// Canonical.
    roots: Vec<PathBuf>,
    cache: Mutex<HashMap<String, Option<Arc<Text>>>>,
    sums: Mutex<HashMap<String, Option<Sum>>>,
}

/// Names that are remembered: an object can make up any number of them.
const MAX_NAMES: usize = 4096;

impl SourceFiles {
    /// The files below these directories; those that aren't there count for nothing.
    pub(super) fn new<'a>(roots: impl IntoIterator<Item = &'a Path>) -> SourceFiles {
        let roots = roots.into_iter().filter_map(|r| r.canonicalize().ok());
        SourceFiles {
            roots: roots.filter(|r| !within_git(r)).collect(),
            cache: Mutex::default(),
            sums: Mutex::default(),
        }
    }

    /// The text of a file as line information names it: as it stands (relative to here), or
    /// under each root, dropping leading directories one by one.
    pub(super) fn text(&self, name: &str) -> Option<Arc<Text>> {
        if let Ok(cache) = self.cache.lock()
            && let Some(found) = cache.get(name)
        {
            return found.clone();
        }
        let found = self.find(name);
        if let Ok(mut cache) = self.cache.lock()
            && cache.len() < MAX_NAMES
        {
            cache.insert(name.to_owned(), found.clone());
        }
        found
    }

    /// The checksum of that text.
    pub(super) fn sum(&self, name: &str) -> Option<Sum> {
        if let Ok(sums) = self.sums.lock()
            && let Some(found) = sums.get(name)
        {
            return found.clone();
        }
        let found = self.text(name).map(|t| cache::sum(t.data().as_bytes()));
        if let Ok(mut sums) = self.sums.lock()
            && sums.len() < MAX_NAMES
        {
            sums.insert(name.to_owned(), found.clone());
        }
        found
    }

    /// The canonical path of such a file.
    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        self.first(name, &|path| self.admitted(path))
    }

    fn find(&self, name: &str) -> Option<Arc<Text>> {
        self.first(name, &|path| self.read(path))
    }

    /// What is found at the first of the places that a name may mean.
    fn first<T>(&self, name: &str, at: &dyn Fn(&Path) -> Option<T>) -> Option<T> {
        let path = Path::new(name);
        let parts: Vec<Component<'_>> = path
            .components()
            .filter(|c| matches!(c, Component::Normal(_)))
            .collect();
        let below = |root: &PathBuf| {
            (0..parts.len())
                .find_map(|skip| at(&root.join(parts.iter().skip(skip).collect::<PathBuf>())))
        };
        at(path).or_else(|| self.roots.iter().find_map(below))
    }

    /// The canonical path of a file that may be read.
    fn admitted(&self, path: &Path) -> Option<PathBuf> {
        let path = path.canonicalize().ok()?;
        let inside = self.roots.iter().any(|root| {
            path.strip_prefix(root)
                .is_ok_and(|rest| !rest.components().any(|c| hidden(c)))
        });
        let plain = path.symlink_metadata().ok()?.is_file();
        (inside && plain && !within_git(&path)).then_some(path)
    }

    /// The text of a file that may be read.
    fn read(&self, path: &Path) -> Option<Arc<Text>> {
        let path = self.admitted(path)?;
        let file = File::open(&path).ok()?;
        let meta = file.metadata().ok()?;
        if !meta.is_file() || meta.len() > limits::MAX_SOURCE_BYTES {
            return None;
        }
        let mut text = String::new();
        file.take(limits::MAX_SOURCE_BYTES)
            .read_to_string(&mut text)
            .ok()?;
        Some(Arc::new(Text::new(text)))
    }
}

/// Whether the path of a repository's own data is meant, whatever the case of its letters.
pub(super) fn within_git(path: &Path) -> bool {
    path.components()
        .any(|c| c.as_os_str().eq_ignore_ascii_case(".git"))
}

fn hidden(part: Component<'_>) -> bool {
    part.as_os_str().as_encoded_bytes().starts_with(b".")
}
