//! `check --watch`: again whenever something changed.
//!
//! Inputs are looked at twice a second: their names, sizes and times. What a directory or a
//! pattern stands for is looked up anew each time; of a directory what is, or may hold, an
//! object counts: not the report that this very run writes there.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::args::CheckArgs;
use super::{Failure, check, config, console, signals, walk};
use crate::limits;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// What tells whether a file was written since.
type Stamp = (u64, Option<SystemTime>);

/// Files with their sizes and times.
type Files = BTreeMap<PathBuf, Stamp>;

/// Runs the verb until a signal comes.
#[expect(
    clippy::disallowed_methods,
    reason = "between two looks there is nothing to do"
)]
pub(super) fn run(args: &CheckArgs) -> Result<u8, Failure> {
    if args.objects.iter().any(|path| walk::is_stdin(path)) {
        let what = "--watch: standard input is read once, there is nothing to watch";
        return Err(Failure::usage(what));
    }
    let mut watch = Watch::default();
    loop {
        let before = watch.files(args);
        let result = check::once(args);
        if signals::exit_code().is_some() {
            return result;
        }
        if let Err(failure) = &result {
            console::say(&failure.text);
        }
        console::raw("bpfassay: waiting for a change (Ctrl-C ends)");
        while watch.files(args) == before {
            std::thread::sleep(PAUSE);
            if signals::exit_code().is_some() {
                return result;
            }
        }
    }
}

/// What files in folders are, as long as they stay as they are.
#[derive(Default)]
struct Watch(BTreeMap<PathBuf, (Stamp, bool)>);

impl Watch {
    /// What the arguments stand for now, the configuration, and what else they name.
    fn files(&mut self, args: &CheckArgs) -> Files {
        let mut all = Files::new();
        for path in &args.objects {
            self.look(&mut all, path);
            let text = path.to_str().filter(|_| !path.exists());
            if let Some((carrier, _)) = text.and_then(walk::inside) {
                self.look(&mut all, &carrier);
            }
            for found in text.map(walk::matches).unwrap_or_default() {
                self.look(&mut all, &found);
            }
        }
        for path in config::path(args).into_iter().chain(named(args)) {
            if let Some(stamp) = stamp(&path) {
                all.insert(path, stamp);
            }
        }
        all
    }

    fn look(&mut self, all: &mut Files, path: &Path) {
        if !path.is_dir() {
            all.extend(stamp(path).map(|stamp| (path.to_path_buf(), stamp)));
            return;
        }
        walk::files(path, &[], limits::WATCHED_ENTRIES, &mut |file| {
            if let Some(stamp) = stamp(file)
                && self.counts(file, stamp)
            {
                all.insert(file.to_path_buf(), stamp);
            }
            ControlFlow::Continue(())
        });
    }

    /// Whether a file of a folder is an input: it is opened again only if it changed.
    fn counts(&mut self, file: &Path, stamp: Stamp) -> bool {
        match self.0.get(file) {
            Some((known, counts)) if *known == stamp => *counts,
            _ => {
                let counts = walk::is_input(file);
                self.0.insert(file.to_path_buf(), (stamp, counts));
                counts
            }
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let meta = path.metadata().ok().filter(|m| m.is_file())?;
    Some((meta.len(), meta.modified().ok()))
}

/// Files that the arguments name beside inputs.
fn named(args: &CheckArgs) -> Vec<PathBuf> {
    let open = &args.open;
    let btf = open.btf.iter();
    let btf = btf.map(|spec| spec.split_once('=').map_or(&**spec, |(_, file)| file));
    let set = open.stated.set.iter().filter_map(|w| w.strip_prefix('@'));
    let texts = btf.chain(set).map(PathBuf::from);
    let rodata = open.stated.rodata.iter();
    let variants = args.variant_rodata.iter().map(|(_, file)| file);
    let paths = open.profile.iter().chain(&open.kconfig).chain(rodata);
    let paths = paths.chain(variants).chain(&args.baseline);
    texts.chain(paths.cloned()).collect()
}
