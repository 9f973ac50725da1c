//! `cargo xtask mutants PROGRAM [--count N] [--from DIR] [--seconds S] [--mib M] [--jobs J]`:
//! damages large objects and gives each to PROGRAM (a built `bpfassay`) `check`, under the
//! system's own limits of memory (`ulimit -v`) and processor time (`ulimit -t`).
//!
//! Each object is made of one of those in DIR (`tests/corpus`), damaged as the fuzzer does
//! it, and filled up to 100 KB by a section that something may refer to. Which is made is
//! decided by its number alone. A mutant that ends by a signal, by exit code 3 (a fault of
//! ours) or in no report is a find, and is kept in `target/mutants`.

#[expect(dead_code, reason = "the mutator of types is the fuzzer's alone")]
#[path = "../../fuzz/src/mutate/mod.rs"]
mod mutate;

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Bytes of a mutant.
const SIZE: usize = 100_000;

struct Words {
    program: PathBuf,
    count: usize,
    from: PathBuf,
    seconds: u64,
    mib: u64,
    jobs: usize,
}

/// Runs the task.
pub(crate) fn run(words: &[String]) -> Result<(), String> {
    let words = read(words)?;
    let mut objects = Vec::new();
    collect(&words.from, &mut objects)?;
    objects.sort();
    if objects.is_empty() {
        return Err(format!("{}: no objects (.o)", words.from.display()));
    }
    let folder = crate::outside::root()?.join("target/mutants");
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let next = AtomicUsize::new(0);
    let told: Mutex<Tally> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..words.jobs {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= words.count {
                        break;
                    }
                    let of = &objects[number % objects.len()];
                    let result = one(number, of, &folder, &words);
                    if let Ok(mut told) = told.lock() {
                        told.add(number, of, result);
                    }
                }
            });
        }
    });
    let told = told.into_inner().map_err(|e| e.to_string())?;
    println!(
        "{} mutants, {} s and {} MiB each: {} by exit code; the slowest took {:.1} s ({})",
        words.count,
        words.seconds,
        words.mib,
        told.codes
            .iter()
            .map(|(c, n)| format!("{n} × {c}"))
            .collect::<Vec<_>>()
            .join(", "),
        told.slowest.0,
        told.slowest.1
    );
    match told.finds {
        0 => Ok(()),
        n => Err(format!("{n} died; they are in {}", folder.display())),
    }
}

#[derive(Default)]
struct Tally {
    codes: std::collections::BTreeMap<i32, usize>,
    slowest: (f64, String),
    finds: usize,
}

impl Tally {
    fn add(&mut self, number: usize, of: &Path, result: Result<(ExitStatus, f64), String>) {
        let name = format!("{number}, of {}", of.display());
        match result {
            Ok((status, seconds)) => {
                if seconds > self.slowest.0 {
                    self.slowest = (seconds, name.clone());
                }
                let fine = matches!(status.code(), Some(0..=2));
                if !fine {
                    eprintln!("mutant {name}: {status} after {seconds:.1} s");
                    self.finds += 1;
                }
                let code = status
                    .code()
                    .unwrap_or_else(|| -status.signal().unwrap_or(0));
                *self.codes.entry(code).or_default() += 1;
            }
            Err(why) => {
                eprintln!("mutant {name}: {why}");
                self.finds += 1;
            }
        }
    }
}

/// Makes a mutant and has it checked; it is removed unless it is a find.
fn one(
    number: usize,
    of: &Path,
    folder: &Path,
    words: &Words,
) -> Result<(ExitStatus, f64), String> {
    let fail = |e: std::io::Error| e.to_string();
    let path = folder.join(format!("{number}.o"));
    fs::write(&path, mutant(fs::read(of).map_err(fail)?, number)).map_err(fail)?;
    let limits = format!(
        "ulimit -v {}; ulimit -t {}; exec \"$0\" check --no-config --jobs 1 \"$1\"",
        words.mib * 1024,
        words.seconds
    );
    let begun = Instant::now();
    let status = Command::new("sh")
        .args(["-c", &limits])
        .args([&words.program, &path])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(fail)?;
    let seconds = begun.elapsed().as_secs_f64();
    if matches!(status.code(), Some(0..=2)) {
        let _ = fs::remove_file(&path);
    }
    Ok((status, seconds))
}

/// The mutant of a number: damaged in a few places, then filled up.
fn mutant(mut bytes: Vec<u8>, number: usize) -> Vec<u8> {
    let mut state = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut draw = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut dice = mutate::Dice(&mut draw);
    for _ in 0..1 + dice.below(8) {
        mutate::object(&mut bytes, SIZE, &mut dice);
    }
    // A cut may have left nothing to fill up with.
    bytes.resize(bytes.len().max(1), 0);
    while bytes.len() < SIZE {
        // What is there already, so that a size or an offset beyond the end meets records.
        let half = bytes.len().min(SIZE - bytes.len()).max(1);
        let more: Vec<u8> = bytes.iter().copied().take(half).collect();
        bytes.extend(more);
    }
    bytes
}

fn collect(folder: &Path, out: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, out)?;
        } else if path.extension().is_some_and(|e| e == "o") {
            out.push(path);
        }
    }
    Ok(())
}

fn read(words: &[String]) -> Result<Words, String> {
    let mut out = Words {
        program: PathBuf::new(),
        count: 500,
        from: crate::outside::root()?.join("tests/corpus"),
        seconds: 10,
        mib: 2048,
        jobs: 1,
    };
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let mut value = || rest.next().ok_or(format!("{word} wants a value"));
        let number = |text: &String| text.parse::<u64>().map_err(|e| format!("{text}: {e}"));
        match word.as_str() {
            "--count" => out.count = number(value()?)? as usize,
            "--from" => out.from = value()?.into(),
            "--seconds" => out.seconds = number(value()?)?,
            "--mib" => out.mib = number(value()?)?,
            "--jobs" => out.jobs = number(value()?)?.clamp(1, 64) as usize,
            word if word.starts_with('-') => return Err(format!("unknown word {word}")),
            _ => out.program = std::path::absolute(word).map_err(|e| e.to_string())?,
        }
    }
    match out.program.is_file() {
        true => Ok(out),
        false => Err("a built bpfassay is wanted: target/release/bpfassay".into()),
    }
}
