//! `cargo xtask fuzz --time T [--target NAME] [--jobs N] [--minimise]`: builds the
//! harnesses of `fuzz/` and gives each its share of the time.
//!
//! What they find new is kept in `fuzz/target/corpus`; inputs that break something
//! go to `fuzz/artifacts`. `--minimise` then writes `fuzz/corpus` anew: the fewest
//! inputs that reach what all of them reach, up to a size that may be committed.

mod build;
mod minimise;
mod session;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use session::Tally;

/// A harness, the longest input worth trying, and the folders of the repository
/// whose objects are inputs for it from the start.
pub(crate) struct Harness {
    name: &'static str,
    max_len: usize,
    objects: &'static [&'static str],
}

const OBJECTS: &[&str] = &[
    "tests/corpus/accept",
    "tests/corpus/imprecise",
    "tests/corpus/lint",
    "tests/corpus/malformed",
    "tests/corpus/reject",
    "tests/corpus/rust",
];
/// Objects above this make a harness slow.
const LARGEST: u64 = 32 << 10;

const HARNESSES: [Harness; 13] = [
    harness("parse", 48 << 10, OBJECTS),
    harness("check", 32 << 10, OBJECTS),
    harness("audit", 32 << 10, OBJECTS),
    harness("run", 32 << 10, OBJECTS),
    harness("raw", 1024, &[]),
    harness("btf", 2048, &[]),
    harness("config", 1024, &[]),
    harness("log", 2048, &[]),
    harness("profile", 2048, &[]),
    harness("pcap", 1024, &[]),
    harness("preset", 1024, &[]),
    harness("scenario", 2048, &[]),
    harness("unpack", 48 << 10, OBJECTS),
];

const fn harness(name: &'static str, max_len: usize, objects: &'static [&'static str]) -> Harness {
    Harness {
        name,
        max_len,
        objects,
    }
}

/// Where everything is.
pub(crate) struct Places {
    root: PathBuf,
    /// The built harnesses.
    programs: PathBuf,
}

impl Places {
    fn committed(&self, harness: &Harness) -> PathBuf {
        self.root.join("fuzz/corpus").join(harness.name)
    }

    fn working(&self, harness: &Harness) -> PathBuf {
        self.root.join("fuzz/target/corpus").join(harness.name)
    }

    fn artifacts(&self, harness: &Harness) -> PathBuf {
        self.root.join("fuzz/artifacts").join(harness.name)
    }
}

struct Words {
    time: Duration,
    only: Option<String>,
    jobs: u32,
    minimise: bool,
}

/// Runs the task.
pub(crate) fn run(words: &[String]) -> Result<(), String> {
    let words = read(words)?;
    let root = crate::outside::root()?;
    let chosen: Vec<&Harness> = HARNESSES
        .iter()
        .filter(|h| words.only.as_deref().is_none_or(|only| only == h.name))
        .collect();
    if chosen.is_empty() {
        let names: Vec<&str> = HARNESSES.iter().map(|h| h.name).collect();
        return Err(format!("no such harness; there are: {}", names.join(", ")));
    }
    let places = Places {
        root: root.to_owned(),
        programs: build::build(root)?,
    };
    let jobs = words.jobs.clamp(1, chosen.len() as u32);
    let share = words.time * jobs / chosen.len() as u32;
    let queue = Mutex::new(chosen.iter().copied().collect::<VecDeque<_>>());
    let done: Mutex<Vec<Tally>> = Mutex::new(Vec::new());
    let next = || queue.lock().ok()?.pop_front();
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(harness) = next() {
                    let tally = session::fuzz(&places, harness, share);
                    eprintln!("{tally}");
                    if let Ok(mut done) = done.lock() {
                        done.push(tally);
                    }
                }
            });
        }
    });
    let done = done.into_inner().map_err(|e| e.to_string())?;
    if words.minimise {
        for harness in &chosen {
            minimise::minimise(&places, harness)?;
        }
    }
    report(&done)
}

fn report(done: &[Tally]) -> Result<(), String> {
    println!("harness    executions    CPU s    finds");
    for tally in done {
        println!("{tally}");
    }
    let (units, cpu): (u64, f64) = done
        .iter()
        .fold((0, 0.0), |sum, t| (sum.0 + t.units, sum.1 + t.cpu));
    let finds: usize = done.iter().map(|t| t.finds).sum();
    println!("{:<8} {units:>12} {cpu:>8.0} {finds:>8}", "all");
    if finds > 0 {
        return Err(format!("{finds} finds, in fuzz/artifacts"));
    }
    Ok(())
}

fn read(words: &[String]) -> Result<Words, String> {
    let mut out = Words {
        time: Duration::ZERO,
        only: None,
        jobs: 1,
        minimise: false,
    };
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let mut value = || rest.next().ok_or(format!("{word} wants a value"));
        match word.as_str() {
            "--time" => out.time = time(value()?)?,
            "--target" => out.only = Some(value()?.clone()),
            "--jobs" => out.jobs = value()?.parse().map_err(|e| format!("--jobs: {e}"))?,
            "--minimise" => out.minimise = true,
            other => return Err(format!("unknown word {other}")),
        }
    }
    if out.time.is_zero() && !out.minimise {
        return Err("--time T is wanted: 90s, 10m, 6h".into());
    }
    Ok(out)
}

/// `90s`, `10m`, `6h`, or seconds.
fn time(text: &str) -> Result<Duration, String> {
    let (digits, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let number: u64 = digits
        .parse()
        .map_err(|_| format!("{text}: no time; 90s, 10m and 6h are"))?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(format!("{text}: no time; 90s, 10m and 6h are")),
    };
    Ok(Duration::from_secs(number.saturating_mul(unit)))
}
