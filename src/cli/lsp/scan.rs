//! The workspace's objects: which there are, which changed, and what each comes to.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::desk::Stop;
use super::note::{Note, notes};
use crate::budget::Budget;
use crate::cli::args::CheckArgs;
use crate::cli::roots::Roots;
use crate::cli::serving::check_args;
use crate::cli::sources::SourceFiles;
use crate::cli::spend::Spending;
use crate::cli::{Failure, check, config, dump, walk};
use crate::config::Lsp;
use crate::limits;
use crate::unpack::{self, Kind};

/// What tells whether a file was written since.
pub(super) type Stamp = Option<(SystemTime, u64)>;

/// The stamp of a file; none of one that is gone.
pub(super) fn stamp(path: &Path) -> Stamp {
    let meta = path.metadata().ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

/// What is known of one object.
pub(super) struct Known {
    pub(super) stamp: Stamp,
    pub(super) notes: Vec<Note>,
    /// The source files that its lines are of.
    pub(super) sources: BTreeSet<PathBuf>,
}

/// How objects are checked now: read anew for each round, since the file changes.
pub(super) struct Round {
    pub(super) args: CheckArgs,
    pub(super) lsp: Lsp,
    files: SourceFiles,
}

impl Round {
    /// By the configuration as it stands; `targets` are the client's, if it names some.
    pub(super) fn begin(roots: &Roots, targets: &[String]) -> Result<Round, Failure> {
        let mut args = check_args(roots)?;
        args.open.target = targets.to_vec();
        let lsp = config::load(&args)?.settings.config.lsp;
        let files = SourceFiles::new(roots.all().iter().map(PathBuf::as_path));
        Ok(Round { args, lsp, files })
    }

    /// The objects that there are, below the root.
    pub(super) fn objects(&self, roots: &Roots) -> Vec<PathBuf> {
        let mut found = match self.lsp.objects.is_empty() {
            true => search(roots.first()),
            false => self.named(roots),
        };
        found.sort();
        found.dedup();
        found.truncate(limits::LSP_OBJECTS);
        found
    }

    fn named(&self, roots: &Roots) -> Vec<PathBuf> {
        let below = self.lsp.objects.iter().map(PathBuf::from).filter(|path| {
            let inside = |c| matches!(c, Component::Normal(_) | Component::CurDir);
            path.components().all(inside)
        });
        let below: Vec<PathBuf> = below.collect();
        let found = walk::expand(&self.args.open, &below, &Budget::default());
        let real = found.into_iter().filter(|input| !input.is_refused());
        let admitted = real.filter_map(|input| roots.admit(input.path.to_str()?).ok());
        admitted.map(|path| roots.first().join(path)).collect()
    }

    /// Checks one object.
    pub(super) fn check(&mut self, object: &Path, stop: &Stop) -> Result<Known, Failure> {
        let stamp = stamp(object);
        let mut spending = Spending::serving(&self.args.spend)?;
        spending.budget = spending.budget.stopped_by(Arc::clone(stop));
        self.args.objects = vec![object.to_owned()];
        let mut done = check::checked(&self.args, &spending)?;
        done.judge(&self.args)?;
        // What is said of the configuration (a suppression that nothing needed) is of all
        // objects together.
        if let Some((name, _)) = &done.loaded.file {
            done.report.objects.retain(|o| o.object != name.as_str());
        }
        if let Some(error) = done.report.objects.iter().find_map(|o| o.error.as_ref()) {
            return Err(Failure::usage(error.text()));
        }
        Ok(Known {
            stamp,
            notes: notes(&done.report, object, &self.files),
            sources: self.sources(object, &spending.budget),
        })
    }

    /// The files of the workspace that an object's lines are of.
    fn sources(&self, object: &Path, budget: &Budget) -> BTreeSet<PathBuf> {
        let programs = dump::open(object, &self.args.open, budget).unwrap_or_default();
        let lines = programs.iter().flat_map(|p| p.line_info.iter());
        let names: BTreeSet<&str> = lines.map(|l| &*l.info.file).collect();
        names
            .into_iter()
            .filter_map(|name| self.files.path(name))
            .collect()
    }

    /// The file that a line of an object is of.
    pub(super) fn file(&self, name: &str) -> Option<PathBuf> {
        self.files.path(name)
    }
}

/// Folders in which nobody's objects are looked for.
const PASSED_OVER: [&str; 2] = [".git", "node_modules"];

/// BPF objects by their name (`.o`) and first bytes, not through links.
fn search(root: &Path) -> Vec<PathBuf> {
    let mut folders = vec![(root.to_owned(), 0)];
    let (mut found, mut seen) = (Vec::new(), 0);
    while let Some((folder, depth)) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            seen += 1;
            if seen > limits::LSP_ENTRIES || found.len() >= limits::LSP_OBJECTS {
                return found;
            }
            let (path, Ok(kind)) = (entry.path(), entry.file_type()) else {
                continue;
            };
            let passed = PASSED_OVER.iter().any(|name| entry.file_name() == *name);
            if kind.is_dir() && !passed && depth < limits::MAX_DIR_DEPTH {
                folders.push((path, depth + 1));
            } else if kind.is_file() && path.extension().is_some_and(|e| e == "o") && is_bpf(&path)
            {
                found.push(path);
            }
        }
    }
    found
}

fn is_bpf(path: &Path) -> bool {
    let mut head = Vec::new();
    let Ok(file) = File::open(path) else {
        return false;
    };
    let read = file.take(unpack::HEAD as u64).read_to_end(&mut head);
    read.is_ok() && matches!(unpack::kind(&head), Kind::Object)
}
