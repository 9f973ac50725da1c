//! Folders outside of which a server touches nothing that somebody asks of it.
//!
//! Who asks may be steered by a text that somebody else wrote: a path counts by where it
//! leads, links and `..` followed.

use std::path::{Path, PathBuf};

use super::Failure;
use super::sources::within_git;

/// The folders.
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
        let full = path
            .canonicalize()
            .map_err(|e| Failure::usage(format!("{name}: {e}")))?;
        if within_git(&full) || !self.all.iter().any(|root| full.starts_with(root)) {
            return Err(Failure::usage(format!(
                "{name}: not below a folder that this server was started for (--root)"
            )));
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
