//! The workspace's objects: which there are, which changed, and what each comes to.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::desk::Stop;
use super::note::{Note, notes};
use crate::budget::Budget;
use crate::cli::args::{CheckArgs, OpenArgs};
use crate::cli::roots::Roots;
use crate::cli::serving::check_args;
use crate::cli::sources::SourceFiles;
use crate::cli::spend::Spending;
use crate::cli::{Failure, check, config, dump, stated, walk};
use crate::config::Lsp;
use crate::limits;
use crate::programs::{Manifest, Program};

/// What tells whether a file was written since.
pub(super) type Stamp = Option<(SystemTime, u64)>;

/// The stamp of a file; none of one that is gone.
pub(super) fn stamp(path: &Path) -> Stamp {
    let meta = path.metadata().ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

/// What is known of one object.
pub(super) struct Known {
    pub(super) notes: Vec<Note>,
    /// The source files that its lines are of.
    pub(super) sources: BTreeSet<PathBuf>,
}

/// How objects are checked now: read anew for each round, since the file changes.
pub(super) struct Round {
    args: CheckArgs,
    /// What the client and the configuration say of targets and loads.
    pub(super) open: OpenArgs,
    manifest: Manifest,
    pub(super) lsp: Lsp,
    files: SourceFiles,
}

impl Round {
    /// By the configuration as it stands; `targets` are the client's, if it names some.
    pub(super) fn begin(roots: &Arc<Roots>, targets: &[String]) -> Result<Round, Failure> {
        let mut args = check_args(roots)?;
        args.open.target = targets.to_vec();
        let loaded = config::load(&args)?;
        Ok(Round {
            open: loaded.open(&args.open)?,
            manifest: stated::of_open(&args.open, &loaded)?,
            lsp: loaded.settings.config.lsp,
            files: SourceFiles::new(roots.all().iter().map(PathBuf::as_path)),
            args,
        })
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
        let stays = |name: &&String| {
            let mut parts = Path::new(name).components();
            parts.all(|c| matches!(c, Component::Normal(_) | Component::CurDir))
        };
        let admit = |path: &Path| roots.admit(path.to_str()?).ok();
        // Before anything is read, and pipes are opened. A pattern matches much that is none.
        let of = |name: &String| -> Vec<PathBuf> {
            if !walk::is_pattern(name) {
                return admit(Path::new(name)).into_iter().collect();
            }
            let all = walk::matches_in(name, &|folder| admit(folder).is_some());
            let all = all.iter().filter_map(|path| admit(path));
            all.filter(|path| path.is_dir() || walk::is_input(path))
                .collect()
        };
        let below = self.lsp.objects.iter().filter(stays).flat_map(of);
        let below: Vec<PathBuf> = below.collect();
        let found = walk::expand(&self.args.open, &below, &Budget::default());
        let real = found.into_iter().filter(|input| !input.is_refused());
        let admitted = real.filter_map(|input| admit(&input.path));
        admitted.map(|path| roots.first().join(path)).collect()
    }

    /// Checks one object.
    pub(super) fn check(&mut self, object: &Path, stop: &Stop) -> Result<Known, Failure> {
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
            notes: notes(&done.report, object, &self.files),
            sources: self.sources(object, &spending.budget),
        })
    }

    /// The files of the workspace that an object's lines are of.
    fn sources(&self, object: &Path, budget: &Budget) -> BTreeSet<PathBuf> {
        let programs = self.programs(object, budget);
        let lines = programs.iter().flat_map(|p| p.line_info.iter());
        let names: BTreeSet<&str> = lines.map(|l| &*l.info.file).collect();
        names
            .into_iter()
            .filter_map(|name| self.files.path(name))
            .collect()
    }

    /// The programs of an object, linked as they are checked.
    pub(super) fn programs(&self, object: &Path, budget: &Budget) -> Vec<Program> {
        let opened = dump::open_as(object, &self.open, &self.manifest, budget);
        opened.unwrap_or_default()
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
    let mut found = Vec::new();
    walk::files(root, &PASSED_OVER, limits::LSP_ENTRIES, &mut |path| {
        if path.extension().is_some_and(|e| e == "o") && walk::is_object(path) {
            found.push(path.to_owned());
        }
        match found.len() < limits::LSP_OBJECTS {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    });
    found
}
