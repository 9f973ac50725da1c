//! `cargo xtask scoreboard`: asks every recorded verdict that is at hand again, and
//! writes `SCOREBOARD.md`.
//!
//! A recording is `VERDICTS/KERNEL/SET.jsonl`, made of the objects `SETS/SET/*.o`.
//! The example `agreement` compares one recording with what we say now; this task
//! finds the recordings and their targets (`recordings`), runs the example
//! (`measure`), looks up why what differs differs (`reasons`) and writes the page
//! (`page`). Nothing of the page depends on where the data lies.

mod measure;
mod page;
mod reasons;
mod recordings;

use std::path::{Path, PathBuf};

use crate::outside::{self, BTF, Named, Outside, SETS, VERDICTS};

const OUTSIDE: &[&Outside] = &[&SETS, &VERDICTS, &BTF];

struct Words {
    named: Vec<Named>,
    out: PathBuf,
    jobs: Option<u32>,
    profile: String,
}

/// Runs the task.
pub(crate) fn run(words: &[String]) -> Result<(), String> {
    let words = read(words)?;
    let root = outside::root()?;
    let reasons = reasons::Reasons::read(root)?;
    let found = recordings::find(VERDICTS.required(&words.named)?)?;
    let bench = measure::Bench {
        program: measure::build(root, &words.profile)?,
        sets: SETS.required(&words.named)?.to_owned(),
        btf: BTF.among(&words.named).map(Path::to_owned),
        jobs: words.jobs,
    };
    let targets = bench.known(&recordings::candidates(&found))?;
    let mut rows = Vec::new();
    let mut left_out = Vec::new();
    for recording in &found {
        let name = format!("{}/{}", recording.kernel, recording.set);
        match recordings::choose(recording, &targets, &bench) {
            Ok(choice) => {
                eprintln!("{name} as {}", choice.target);
                let measured = bench.measure(recording, &choice)?;
                rows.push(page::Row::new(recording, choice, measured));
            }
            Err(why) => {
                eprintln!("{name} is left out: {why}");
                left_out.push((name, why));
            }
        }
    }
    if rows.is_empty() {
        return Err("no recording could be asked".into());
    }
    let how = page::How::of(root, &words.profile)?;
    let (text, stale) = page::write(&rows, &left_out, &how, &reasons);
    for row in stale {
        eprintln!("reasons.toml: no disagreement is {row}");
    }
    std::fs::write(&words.out, text).map_err(|e| format!("{}: {e}", words.out.display()))
}

fn read(words: &[String]) -> Result<Words, String> {
    let mut out = Words {
        named: outside::of_environment(OUTSIDE),
        out: outside::root()?.join("SCOREBOARD.md"),
        jobs: None,
        profile: "release".into(),
    };
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let value = rest.next().ok_or(format!("{word} wants a value"))?;
        match word.as_str() {
            "--out" => out.out = value.into(),
            "--jobs" => out.jobs = Some(value.parse().map_err(|e| format!("--jobs: {e}"))?),
            "--profile" => out.profile = value.clone(),
            _ if outside::take(word, value, OUTSIDE, &mut out.named)? => {}
            other => return Err(format!("unknown word {other}")),
        }
    }
    Ok(out)
}
