//! Folders outside of which a server touches nothing that somebody asks of it.
//!
//! Who asks may be steered by a text that somebody else wrote: a path counts by where it
//! leads, links and `..` followed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Failure;
use super::sources::within_git;

/// Where the files may lie that a configuration names.
#[derive(Clone, Debug, Default)]
pub(super) enum Reach {
    /// Whoever runs the tool is who wrote it, or trusts them.
    #[default]
    Anywhere,
    /// Below the roots of a server.
    Below(Arc<Roots>),
}

impl Reach {
    /// The file, if it may be read.
    pub(super) fn file(&self, path: &Path) -> Result<PathBuf, Failure> {
        match self {
            Reach::Anywhere => Ok(path.to_path_buf()),
            Reach::Below(roots) => roots.admit_file(path),
        }
    }
}

/// The folders.
#[derive(Debug)]
pub(super) struct Roots {
    /// Canonical; at least one.
    all: Vec<PathBuf>,
}

impl Roots {
    /// These folders, which must be there; the first becomes the current one.
    pub(super) fn enter(given: &[PathBuf]) -> Result<Roots, Failure> {
        let here = [PathBuf::from(".")];
        let given = if given.is_empty() { &here[..] } else { given };
        let canonical = |root: &PathBuf| {
            let fail = |e: &dyn std::fmt::Display| {
                Failure::usage(format!("--root {}: {e}", root.display()))
            };
            let path = root.canonicalize().map_err(|e| fail(&e))?;
            match path.is_dir() {
                true => Ok(path),
                false => Err(fail(&"not a folder")),
            }
        };
        let all = given.iter().map(canonical).collect::<Result<Vec<_>, _>>()?;
        let roots = Roots { all };
        std::env::set_current_dir(roots.first())
            .map_err(|e| Failure::usage(format!("{}: {e}", roots.first().display())))?;
        Ok(roots)
    }

    /// What relative paths are relative to.
    pub(super) fn first(&self) -> &Path {
        self.all.first().map_or(Path::new("/"), |root| root)
    }

    /// All of them.
    pub(super) fn all(&self) -> &[PathBuf] {
        &self.all
    }

    /// A file or folder below a root: relative to the first, if it is below that.
    pub(super) fn admit(&self, name: &str) -> Result<PathBuf, Failure> {
        let path = self.first().join(name);
        if path.symlink_metadata().is_err()
            && let Some((file, object)) = carried(&path)
        {
            let mut whole = self.admit(&file.to_string_lossy())?.into_os_string();
            whole.push("!");
            whole.push(object);
            return Ok(whole.into());
        }
        self.below(&path, name)
    }

    /// A regular file below a root.
    pub(super) fn admit_file(&self, path: &Path) -> Result<PathBuf, Failure> {
        let name = path.display().to_string();
        let admitted = self.below(&self.first().join(path), &name)?;
        match self.first().join(&admitted).is_file() {
            true => Ok(admitted),
            false => Err(Failure::usage(format!("{name}: no regular file"))),
        }
    }

    /// What is there, if it is below a root. A pipe or a device may never end, and may be what
    /// the server itself reads.
    fn below(&self, path: &Path, name: &str) -> Result<PathBuf, Failure> {
        let fail = |e: &dyn std::fmt::Display| Failure::usage(format!("{name}: {e}"));
        let full = path.canonicalize().map_err(|e| fail(&e))?;
        if within_git(&full) || !self.all.iter().any(|root| full.starts_with(root)) {
            let what = "not below a folder that this server was started for (--root)";
            return Err(fail(&what));
        }
        let kind = full.metadata().map_err(|e| fail(&e))?;
        if !kind.is_file() && !kind.is_dir() {
            return Err(fail(&"neither a regular file nor a folder"));
        }
        // A dash stands for standard input.
        let short = full.strip_prefix(self.first());
        let short = short.map_or(&*full, |p| p);
        let plain = !short.as_os_str().is_empty() && short != Path::new("-");
        Ok(if plain { short.to_path_buf() } else { full })
    }
}

/// A file and the object in it: `xdp-filter!prog.o`.
fn carried(path: &Path) -> Option<(PathBuf, String)> {
    let text = path.to_str()?;
    let mut cuts = text.match_indices('!');
    cuts.find_map(|(at, _)| {
        let (file, object) = (Path::new(text.get(..at)?), text.get(at + 1..)?);
        file.is_file()
            .then(|| (file.to_path_buf(), object.to_owned()))
    })
}
