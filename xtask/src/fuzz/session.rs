//! One harness for some time: started again after every find, until the time is up
//! or it finds too much.

use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Harness, LARGEST, Places};

/// Finds after which a harness is left alone.
const ENOUGH: usize = 10;
/// What one input may take.
const TIMEOUT: &str = "-timeout=25";
const RSS: &str = "-rss_limit_mb=2048";

/// What came of it.
pub(super) struct Tally {
    name: &'static str,
    /// Executions.
    pub(super) units: u64,
    /// CPU seconds.
    pub(super) cpu: f64,
    /// Inputs that broke something, or sessions that could not be run.
    pub(super) finds: usize,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally {
            name,
            units,
            cpu,
            finds,
        } = self;
        write!(f, "{name:<8} {units:>12} {cpu:>8.0} {finds:>8}")
    }
}

/// Fuzzes.
pub(super) fn fuzz(places: &Places, harness: &Harness, share: Duration) -> Tally {
    let mut tally = Tally {
        name: harness.name,
        units: 0,
        cpu: 0.0,
        finds: 0,
    };
    let begun = Instant::now();
    while tally.finds < ENOUGH {
        let left = share.saturating_sub(begun.elapsed()).as_secs();
        if left == 0 {
            break;
        }
        match once(places, harness, left) {
            Ok((units, cpu, clean)) => {
                tally.units += units;
                tally.cpu += cpu;
                tally.finds += usize::from(!clean);
                if clean {
                    break;
                }
            }
            Err(e) => {
                eprintln!("{}: {e}", harness.name);
                tally.finds += 1;
                break;
            }
        }
    }
    tally
}

fn once(places: &Places, harness: &Harness, seconds: u64) -> Result<(u64, f64, bool), String> {
    let (working, artifacts) = (places.working(harness), places.artifacts(harness));
    for folder in [&working, &artifacts] {
        fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    seed(places, harness, &working)?;
    let log_path = artifacts.join("log");
    let mut log = fs::File::create(&log_path).map_err(|e| e.to_string())?;
    let mut child = Command::new(places.programs.join(harness.name))
        .arg(&working)
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg(format!("-max_len={}", harness.max_len))
        .arg(format!("-max_total_time={seconds}"))
        .args([TIMEOUT, RSS, "-print_final_stats=1", "-reload=0"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| e.to_string())?;
    let mut units = 0;
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
            let text = String::from_utf8_lossy(&line);
            if let Some(n) = executed(&text) {
                units = n;
            }
            let _ = writeln!(log, "{text}");
        }
    }
    // Its output has ended, so it has; what it took is told until it is waited for.
    let cpu = cpu(&child);
    let status = child.wait().map_err(|e| e.to_string())?;
    if !status.success() {
        let (name, log) = (harness.name, log_path.display());
        eprintln!("{name}: a find ({status}); see {log}");
    }
    Ok((units, cpu, status.success()))
}

/// Executions that a line tells of: the last one, or a running count.
fn executed(line: &str) -> Option<u64> {
    let total = line.strip_prefix("stat::number_of_executed_units:");
    let running = || line.strip_prefix('#')?.split('\t').next();
    total.or_else(running)?.trim().parse().ok()
}

/// CPU seconds of a process that has not been waited for.
fn cpu(child: &Child) -> f64 {
    let text = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
    // The name, in parentheses, may hold anything.
    let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = rest.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|t| t.parse::<u64>().ok()).sum();
    // Clock ticks are hundredths of a second on every Linux.
    ticks as f64 / 100.0
}

/// Copies what is committed into the working corpus; what is there stays.
fn seed(places: &Places, harness: &Harness, working: &Path) -> Result<(), String> {
    let folders = harness.objects.iter().map(|f| places.root.join(f));
    for folder in folders.chain([places.committed(harness)]) {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        let objects = !harness.objects.is_empty() && folder != places.committed(harness);
        for entry in entries.filter_map(Result::ok) {
            let path = entry.path();
            let small = entry
                .metadata()
                .is_ok_and(|m| m.is_file() && m.len() <= LARGEST);
            let fits = !objects || path.extension().is_some_and(|e| e == "o");
            let to = working.join(entry.file_name());
            if small && fits && !to.exists() {
                fs::copy(&path, &to).map_err(|e| format!("{}: {e}", path.display()))?;
            }
        }
    }
    Ok(())
}
