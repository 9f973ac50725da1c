//! `check --watch`: again whenever something changed.
//!
//! Inputs are looked at twice a second: their names, sizes and times. What a directory or a
//! pattern stands for is looked up anew each time; of a directory what is, or may hold, an
//! object counts: not the report that this very run writes there. Beside inputs, every file
//! counts that the run opened ([`ledger`]), whoever names it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::CheckArgs;
use super::ledger::{self, Files, Stamp, stamp};
use super::{Failure, check, config, console, signals, walk};
use crate::limits;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);

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
        ledger::begin();
        let result = check::once(args);
        let mut opened = ledger::end();
        opened.retain(|path, _| !before.contains_key(path) && !is_written(args, path));
        if signals::exit_code().is_some() {
            return result;
        }
        if let Err(failure) = &result {
            console::say(&failure.text);
        }
        console::raw("bpfassay: waiting for a change (Ctrl-C ends)");
        let same = |opened: &Files| opened.iter().all(|(path, then)| stamp(path) == *then);
        while same(&opened) && watch.files(args) == before {
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
    /// What the arguments stand for now, and the configuration.
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
        // A nearer one may have come.
        all.extend(config::path(args).map(|path| (path.clone(), stamp(&path))));
        all
    }

    fn look(&mut self, all: &mut Files, path: &Path) {
        if !path.is_dir() {
            all.insert(path.to_path_buf(), stamp(path));
            return;
        }
        walk::files(path, &[], limits::WATCHED_ENTRIES, &mut |file| {
            let stamp = stamp(file);
            if stamp.is_some() && self.counts(file, stamp) {
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

/// Files that the run itself writes.
fn is_written(args: &CheckArgs, path: &Path) -> bool {
    let reports = args.out.report.iter().map(|(_, file)| file);
    let more = [&args.out.output, &args.write_baseline, &args.cost_stacks];
    let mut all = reports.chain(more.into_iter().flatten());
    all.any(|file| file == path)
}
