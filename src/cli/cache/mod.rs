//! Results of objects that were checked before.
//!
//! A result depends on the object's bytes, on all that was asked, on the tool, and on the
//! source files that were looked for while it was made. All but the last make its key; the
//! files are kept with it, with what they held, and looked at again. A result that the run's
//! budget cut short, or in which the tool failed, is not kept.
//!
//! What is kept is the object's part of a JSON report, before it is judged: levels, budgets
//! and the baseline of a run count anew. See `store` for where it lies and whom it trusts.

mod store;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use self::store::Store;
use super::args::CacheArgs;
use super::console::complain;
use super::sources::SourceFiles;
use crate::budget::is_budget;
use crate::check::{InputKind, Options, check};
use crate::report::{Outcome, ProgramReport, Report, json, read};
use crate::untrusted;

/// A checksum as text.
pub(super) type Sum = String;

/// The checksum of some bytes.
pub(super) fn sum(bytes: &[u8]) -> Sum {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> Sum {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Results kept for one way of asking.
pub(super) struct Cache {
    store: Store,
    /// Of all that is asked of every object.
    asked: Sum,
    hits: AtomicUsize,
    kept: AtomicUsize,
}

/// What a result was made of besides its key.
#[derive(Serialize, Deserialize)]
struct Made {
    key: Sum,
    /// Source files that were looked for, and the sums of those that were there.
    sources: BTreeMap<String, Option<Sum>>,
}

impl Cache {
    /// The cache of a run, unless it is off or not to be trusted. `asked` has to hold all
    /// that results depend on beside the object.
    pub(super) fn open(args: &CacheArgs, asked: &str) -> Option<Cache> {
        let set = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty());
        let off = args.cache_dir.is_none() && set("BPFASSAY_NO_CACHE");
        if args.no_cache || off {
            return None;
        }
        let folder = match &args.cache_dir {
            Some(folder) => folder.clone(),
            None => usual_folder()?,
        };
        let store = match Store::open(&folder) {
            Ok(store) => store,
            Err(why) => {
                complain!("no cache: {}", why);
                return None;
            }
        };
        let tool = store.tool()?;
        let asked = sum(format!("{tool}\n{asked}").as_bytes());
        Some(Cache {
            store,
            asked,
            hits: AtomicUsize::new(0),
            kept: AtomicUsize::new(0),
        })
    }

    /// Checks an object, or takes what came of it before.
    pub(super) fn check(
        &self,
        bytes: &[u8],
        options: &Options<'_>,
        sources: Option<&SourceFiles>,
    ) -> Report {
        let key = self.key(bytes, options);
        if let Some(report) = self.find(&key, options, sources) {
            self.hits.fetch_add(1, Ordering::Relaxed);
            return report;
        }
        let looked: Mutex<BTreeMap<String, Option<Sum>>> = Mutex::default();
        let source_text = |name: &str| {
            let text = (options.source_text)(name);
            if let Ok(mut looked) = looked.lock() {
                looked
                    .entry(name.to_owned())
                    .or_insert_with(|| sources.and_then(|s| s.sum(name)));
            }
            text
        };
        let report = check(
            bytes,
            &Options {
                source_text: &source_text,
                ..*options
            },
        );
        if let [object] = report.objects.as_slice()
            && object.unmet.is_empty()
            && !object.programs.iter().any(cut_short)
            && !object.load_errors.iter().any(|e| e.stage == "budget")
        {
            let made = Made {
                key: key.clone(),
                sources: looked.into_inner().unwrap_or_default(),
            };
            let body = untrusted::compact(&json::object(object));
            if self.store.put(&key, &made, &body) {
                self.kept.fetch_add(1, Ordering::Relaxed);
            }
        }
        report
    }

    fn key(&self, bytes: &[u8], options: &Options<'_>) -> Sum {
        // The name of instructions without an object is told in their report.
        let name = match options.kind {
            InputKind::Elf => "",
            _ => options.name,
        };
        let mut hash = Sha256::new();
        for part in [
            self.asked.as_bytes(),
            format!("{:?}", options.kind).as_bytes(),
            name.as_bytes(),
        ] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.update(bytes);
        hex(&hash.finalize())
    }

    fn find(
        &self,
        key: &str,
        options: &Options<'_>,
        sources: Option<&SourceFiles>,
    ) -> Option<Report> {
        let (made, body) = self.store.get::<Made>(key)?;
        let same = |(name, sum): (&String, &Option<Sum>)| sources.and_then(|s| s.sum(name)) == *sum;
        if made.key != key || !made.sources.iter().all(same) {
            return None;
        }
        let mut object = read::object(&body).ok()?;
        object.object = options.name.into();
        Some(Report {
            objects: vec![object],
            ..Report::default()
        })
    }

    /// Ends the run: makes room if the cache has grown too large. What became of it, in a
    /// line.
    pub(super) fn close(&self) -> String {
        let (hits, kept) = (
            self.hits.load(Ordering::Relaxed),
            self.kept.load(Ordering::Relaxed),
        );
        if kept > 0 {
            self.store.make_room();
        }
        format!("cache: {hits} objects were known, {kept} are now\n")
    }
}

/// Whether a result says more of the run than of the program.
fn cut_short(p: &ProgramReport) -> bool {
    let smoke = p.smoke.as_ref();
    let smoke = smoke.is_some_and(|s| s.verdict.is_ended() || s.fault.is_some());
    smoke
        || match &p.outcome {
            Outcome::Unknown { name, internal, .. } => internal.is_some() || is_budget(name.data()),
            Outcome::LoadError { stage, .. } => *stage == "budget",
            _ => false,
        }
}

/// The user's own folder for such things.
fn usual_folder() -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let base = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(base.join(env!("CARGO_PKG_NAME")))
}
