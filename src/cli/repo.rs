//! Where the repository is, for formats that name its files.

use std::path::{Path, PathBuf};

use crate::report::paths::Paths;

/// The repository of a run.
pub(super) struct Repo {
    root: PathBuf,
    /// Asked for, or found; not just the current directory for want of another.
    known: bool,
    here: PathBuf,
    prefixes: Vec<(String, String)>,
}

impl Repo {
    /// The root that is asked for, or the nearest directory with `.git`, or that of the
    /// configuration, or the current one.
    pub(super) fn of(root: Option<&Path>, config: Option<&Path>, prefixes: &[String]) -> Repo {
        let here = std::env::current_dir().unwrap_or_default();
        let found = match root {
            Some(root) => Some(here.join(root)),
            None => here
                .ancestors()
                .find(|d| d.join(".git").exists())
                .map(Path::to_path_buf),
        };
        let known = found.is_some();
        let beside = config.map(|directory| here.join(directory));
        let root = found.or(beside).unwrap_or_else(|| here.clone());
        let prefixes = prefixes.iter().map(|text| {
            let (from, to) = text.split_once('=').unwrap_or((text, ""));
            (from.to_owned(), to.to_owned())
        });
        Repo {
            root: root.canonicalize().unwrap_or(root),
            known,
            here: here.canonicalize().unwrap_or(here),
            prefixes: prefixes.collect(),
        }
    }

    /// The root, if there is a repository.
    pub(super) fn known_root(&self) -> Option<&Path> {
        self.known.then_some(&*self.root)
    }

    /// Whether a file of this path is under the root.
    pub(super) fn holds(&self, path: &str) -> bool {
        self.root.join(path).is_file()
    }

    /// The mapping of names to paths.
    pub(super) fn paths<'a>(&self, exists: &'a dyn Fn(&str) -> bool) -> Paths<'a> {
        Paths {
            root: Some(self.root.to_string_lossy().replace('\\', "/")),
            here: Some(self.here.to_string_lossy().replace('\\', "/")),
            prefixes: self.prefixes.clone(),
            exists,
        }
    }

    /// An input's path relative to the root; as given, if it is elsewhere.
    pub(super) fn name(&self, given: &str) -> String {
        let path = Path::new(given);
        let full = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let inside = full.strip_prefix(&self.root).ok();
        let name = inside.map_or_else(|| given.to_owned(), |p| p.to_string_lossy().into_owned());
        name.replace('\\', "/")
    }
}
