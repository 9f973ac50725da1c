//! A round of the desk that checks: the build, if there is one to be run, then every object
//! that is new or was written since.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lsp_types::MessageType;

use super::build::{self, Closing};
use super::desk::Stop;
use super::scan::{Round, Stamp, stamp};
use super::server::Event;
use crate::cli::Failure;
use crate::cli::roots::Roots;

/// What rounds of one server share.
#[derive(Clone)]
pub(super) struct Rounds {
    pub(super) events: Sender<Event>,
    pub(super) roots: Arc<Roots>,
    /// The targets that the client names.
    pub(super) targets: Vec<String>,
    /// The client lets the workspace's build command run.
    pub(super) allowed: bool,
    /// Ends builds with the server.
    pub(super) closing: Arc<Closing>,
    /// The objects that were checked, or could not be, as they were then.
    pub(super) had: Arc<Mutex<BTreeMap<PathBuf, Stamp>>>,
    /// The configuration changed, and no round has begun since.
    pub(super) anew: Arc<AtomicBool>,
    /// A file was saved, and no round has begun since: one that is replaced before it
    /// begins leaves the build to the next.
    pub(super) saved: Arc<AtomicBool>,
    /// That the build is not run was said.
    pub(super) refused: Arc<AtomicBool>,
}

impl Rounds {
    fn say(&self, kind: MessageType, text: String) {
        let _ = self.events.send(Event::Say(kind, text));
    }

    fn had(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Stamp>> {
        self.had.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an object was written, or went, since it was checked.
    pub(super) fn changed(&self) -> bool {
        let had = self.had();
        had.iter().any(|(object, had)| stamp(object) != *had)
    }

    /// One round.
    pub(super) fn run(&self, stop: &Stop) {
        if self.anew.swap(false, Ordering::Relaxed) {
            self.had().clear();
        }
        let saved = self.saved.swap(false, Ordering::Relaxed);
        let told = |failure: &Failure| failure.told();
        let mut round = match Round::begin(&self.roots, &self.targets) {
            Ok(round) => round,
            Err(failure) => return self.say(MessageType::ERROR, told(&failure)),
        };
        if saved && !round.lsp.build.is_empty() {
            self.build(&round);
        }
        let objects = round.objects(&self.roots);
        let there: BTreeSet<PathBuf> = objects.iter().cloned().collect();
        self.had().retain(|object, _| there.contains(object));
        let _ = self.events.send(Event::There(there));
        for object in objects {
            let now = stamp(&object);
            if self.had().get(&object) == Some(&now) {
                continue;
            }
            let done = round.check(&object, stop);
            // What was stopped is not the whole of it.
            if stop.load(Ordering::Relaxed) {
                return;
            }
            self.had().insert(object.clone(), now);
            match done {
                Ok(known) => {
                    let _ = self.events.send(Event::Checked(object, known));
                }
                // It may be half written: its next state is looked at again, this one is not.
                Err(failure) => self.say(MessageType::WARNING, told(&failure)),
            }
        }
    }

    fn build(&self, round: &Round) {
        if self.allowed {
            let shown = round.lsp.build.join(" ");
            self.say(MessageType::LOG, format!("runs `{shown}`"));
            let built = build::run(&round.lsp, self.roots.first(), &self.closing);
            if let Err(why) = built {
                self.say(MessageType::ERROR, why);
            }
        } else if !self.refused.swap(true, Ordering::Relaxed) {
            let what = "bpfassay.toml names a build command, which is not run: the editor does not \
                        say that this workspace may run commands (runBuild)";
            self.say(MessageType::WARNING, what.to_owned());
        }
    }
}
