//! Counts, and the differences that are kept.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bpfassay::programs::Program;
use serde_json::json;

use crate::ask::{Answer, Kind, Word};

pub struct Tally {
    started: Instant,
    out: Option<(PathBuf, File)>,
    /// Programs that the kernel's verifier decided.
    counted: u64,
    accepted: u64,
    refused: u64,
    insn_known: u64,
    class_known: u64,
    processed_known: u64,
    /// What both refuse for, by our code.
    codes: BTreeMap<String, u64>,
    /// Why the verifier was not reached.
    unreached: BTreeMap<String, u64>,
    kinds: BTreeMap<Kind, u64>,
    groups: BTreeMap<(Kind, String), (usize, String)>,
    /// Time that each side took.
    pub times: [Duration; 2],
    /// Not asked: they take long.
    pub long: u64,
    /// Not asked: the kernel might not survive.
    pub spared: u64,
    /// Programs whose answers differ before they are changed.
    pub base_differs: u64,
}

impl Tally {
    pub fn new(out: Option<&Path>) -> Result<Tally, String> {
        let out = match out {
            Some(dir) => {
                std::fs::create_dir_all(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
                let path = dir.join("differences.jsonl");
                let file = File::options().create(true).append(true).open(&path);
                Some((
                    dir.to_owned(),
                    file.map_err(|e| format!("{}: {e}", path.display()))?,
                ))
            }
            None => None,
        };
        Ok(Tally {
            started: Instant::now(),
            out,
            counted: 0,
            accepted: 0,
            refused: 0,
            insn_known: 0,
            class_known: 0,
            processed_known: 0,
            codes: BTreeMap::new(),
            unreached: BTreeMap::new(),
            kinds: BTreeMap::new(),
            groups: BTreeMap::new(),
            times: [Duration::ZERO; 2],
            long: 0,
            spared: 0,
            base_differs: 0,
        })
    }

    pub fn count(&mut self, ours: &Answer, theirs: &Answer, differ: &[(Kind, String)]) {
        if let Word::Unreached(why) = &theirs.word {
            *self.unreached.entry(why.clone()).or_default() += 1;
            return;
        }
        self.counted += 1;
        let accepted = theirs.word == Word::Accept;
        self.accepted += u64::from(accepted);
        if ours.word == theirs.word {
            self.processed_known += u64::from(theirs.processed.is_some_and(|n| n > 0));
            if !accepted {
                self.refused += 1;
                *self.codes.entry(ours.code().to_owned()).or_default() += 1;
                self.insn_known += u64::from(theirs.insn.is_some());
                self.class_known += u64::from(!theirs.class.is_empty());
            }
        }
        for (kind, _) in differ {
            *self.kinds.entry(*kind).or_default() += 1;
        }
    }

    /// How often this difference was met, this time included.
    pub fn seen(&mut self, kind: Kind, key: &str) -> usize {
        let group = self.groups.entry((kind, key.to_owned())).or_default();
        group.0 += 1;
        group.0
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a line of the file has as many fields"
    )]
    pub fn write(
        &mut self,
        name: &str,
        kind: Kind,
        key: &str,
        small: &Program,
        ours: &Answer,
        theirs: &Answer,
        listing: &str,
    ) {
        let group = self.groups.entry((kind, key.to_owned())).or_default();
        if group.1.is_empty() {
            group.1 = name.to_owned();
        }
        let line = json!({
            "program": name,
            "kind": format!("{kind:?}"),
            "key": key,
            "type": small.prog_type.name(),
            "section": small.section,
            "ours": ours.json(),
            "kernel": theirs.json(),
            "listing": listing,
        });
        match &mut self.out {
            Some((_, file)) => {
                let _ = writeln!(file, "{line}").and_then(|()| file.flush());
            }
            None => println!(
                "== {name} {kind:?} {key} ({})\n{listing}   ours   {}\n   kernel {}",
                small.section,
                ours.json(),
                theirs.json()
            ),
        }
    }

    pub fn progress(&self, done: u64, of: u64) {
        if done.is_multiple_of(10_000) && done < of {
            let per = done as f64 / self.started.elapsed().as_secs_f64().max(0.001);
            println!(
                "{done} of {of}, {per:.0} a second, {} differ",
                self.kinds.values().sum::<u64>()
            );
        }
    }

    pub fn finish(self, release: &str, verb: &str, seed: u64) -> Result<(), String> {
        let of = |kind: Kind| self.kinds.get(&kind).copied().unwrap_or(0);
        let share = |bad: u64, all: u64| 100.0 - 100.0 * bad as f64 / all.max(1) as f64;
        let wrong = of(Kind::Accepts) + of(Kind::Rejects) + of(Kind::Unknown);
        let mut text = format!(
            "{release}, {verb}, seed {seed}: {} programs, {} accepted by the kernel, in {:?} (ours {:?}, kernel's {:?})\n",
            self.counted,
            self.accepted,
            self.started.elapsed(),
            self.times[0],
            self.times[1],
        );
        let _ = writeln!(
            text,
            "verdict   {:.4} %  ({} accepts, {} rejects, {} unknown)",
            share(wrong, self.counted),
            of(Kind::Accepts),
            of(Kind::Rejects),
            of(Kind::Unknown)
        );
        let _ = writeln!(
            text,
            "insn      {:.4} %  of {}",
            share(of(Kind::Insn), self.insn_known),
            self.insn_known
        );
        let _ = writeln!(
            text,
            "class     {:.4} %  of {}",
            share(of(Kind::Class), self.class_known),
            self.class_known
        );
        let _ = writeln!(
            text,
            "processed {:.4} %  of {}",
            share(of(Kind::Processed), self.processed_known),
            self.processed_known
        );
        let _ = writeln!(
            text,
            "refused by both {}; not asked {} (too long), {} (would crash); differ unchanged {}",
            self.refused, self.long, self.spared, self.base_differs
        );
        let mut codes: Vec<_> = self.codes.iter().collect();
        codes.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
        for (code, n) in codes {
            let _ = writeln!(text, "refused {n:6} {code}");
        }
        for (why, n) in &self.unreached {
            let _ = writeln!(text, "not reached {n:6}: {why}");
        }
        for kind in Kind::ALL {
            for ((k, key), (n, first)) in &self.groups {
                if *k == kind {
                    let _ = writeln!(text, "{kind:?} {n:5} {key}   first {first}");
                }
            }
        }
        print!("{text}");
        if let Some((dir, _)) = &self.out {
            let path = dir.join("summary.txt");
            let file = File::options().create(true).append(true).open(&path);
            let done = file.and_then(|mut f| f.write_all(text.as_bytes()));
            done.map_err(|e| format!("{}: {e}", path.display()))?;
        }
        Ok(())
    }
}
