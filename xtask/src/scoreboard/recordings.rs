//! The recordings at hand, and the target that answers for each.
//!
//! The folder of a kernel is called after its series (`6.12`), or `host-RELEASE`
//! where a machine's own kernel was asked. Its target is the measured release that
//! the recording names (`linux-6.18.15`) where there is one, else the series, else
//! the nearest series; the page says so. A `host-` recording is asked on the types
//! of that very kernel, and so only while it runs.

use std::path::{Path, PathBuf};

use bpfassay_kernel_types::SERIES;

use super::measure::Bench;

const HOST: &str = "host-";
/// The running kernel's types.
const HOST_TYPES: &str = "/sys/kernel/btf/vmlinux";
const HOST_RELEASE: &str = "/proc/sys/kernel/osrelease";

/// A kernel's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    series: (u32, u32),
    point: u32,
}

impl Version {
    /// Of `6.18`, `6.18.15+deb13-cloud-amd64`, `7.3-rc7`.
    pub(super) fn parse(text: &str) -> Option<Version> {
        let end = text.find(|c: char| c != '.' && !c.is_ascii_digit());
        let mut parts = text[..end.unwrap_or(text.len())].split('.');
        let mut number = || parts.next()?.parse::<u32>().ok();
        Some(Version {
            series: (number()?, number()?),
            point: number().unwrap_or(0),
        })
    }

    fn series(self) -> String {
        format!("linux-{}.{}", self.series.0, self.series.1)
    }

    /// Its place among releases: a major version has at most twenty.
    fn ordinal(self) -> u32 {
        self.series
            .0
            .saturating_mul(20)
            .saturating_add(self.series.1)
    }

    /// The targets that may answer for it, best first. Of two neighbours equally
    /// near, the newer: what comes later is usually brought back, never undone.
    fn candidates(self) -> Vec<String> {
        let mut near: Vec<Version> = SERIES
            .iter()
            .filter_map(|s| Version::parse(s.name))
            .collect();
        near.sort_by_key(|v| {
            (
                v.ordinal().abs_diff(self.ordinal()),
                std::cmp::Reverse(v.ordinal()),
            )
        });
        let mut out = vec![format!("{}.{}", self.series(), self.point), self.series()];
        out.extend(near.into_iter().map(Version::series));
        out
    }
}

/// A recorded set on a kernel.
pub(super) struct Recording {
    pub(super) kernel: String,
    pub(super) set: String,
    pub(super) path: PathBuf,
    /// What the recording says that it is of.
    pub(super) version: Version,
}

/// How a recording is asked.
pub(super) struct Choice {
    pub(super) target: String,
    /// No target is of the recording's series.
    pub(super) other_series: bool,
    pub(super) btf: Option<PathBuf>,
    /// The kernel's times were taken on a machine like ours, not under emulation.
    pub(super) timed: bool,
}

/// All recordings, by kernel and set.
pub(super) fn find(verdicts: &Path) -> Result<Vec<Recording>, String> {
    let mut out = Vec::new();
    for folder in entries(verdicts)?.into_iter().filter(|p| p.is_dir()) {
        for path in entries(&folder)? {
            let is_lines = path.extension().is_some_and(|e| e == "jsonl");
            let names = (name(folder.file_name()), name(path.file_stem()));
            if let (true, (Some(kernel), Some(set))) = (is_lines, names) {
                let version = recorded(&path)?
                    .or_else(|| Version::parse(kernel.strip_prefix(HOST).unwrap_or(&kernel)))
                    .ok_or(format!("{}: no line names a kernel", path.display()))?;
                out.push(Recording {
                    kernel,
                    set,
                    path,
                    version,
                });
            }
        }
    }
    if out.is_empty() {
        return Err(format!("{}: no KERNEL/SET.jsonl", verdicts.display()));
    }
    out.sort_by(|a, b| (a.version, &a.kernel, &a.set).cmp(&(b.version, &b.kernel, &b.set)));
    Ok(out)
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |e: std::io::Error| format!("{}: {e}", dir.display());
    std::fs::read_dir(dir)
        .map_err(failed)?
        .map(|e| e.map(|e| e.path()).map_err(failed))
        .collect()
}

fn name(part: Option<&std::ffi::OsStr>) -> Option<String> {
    part?.to_str().map(str::to_owned)
}

/// The version of the first line that names one.
fn recorded(path: &Path) -> Result<Option<Version>, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let of = |line: &str| -> Option<Version> {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        Version::parse(line.get("kernel")?.as_str()?)
    };
    Ok(text.lines().find_map(of))
}

/// Every target name that a recording could be asked of.
pub(super) fn candidates(found: &[Recording]) -> Vec<String> {
    let mut all: Vec<String> = found.iter().flat_map(|r| r.version.candidates()).collect();
    all.sort();
    all.dedup();
    all
}

/// The target of a recording among those `known`, or why it cannot be asked here.
pub(super) fn choose(
    recording: &Recording,
    known: &[String],
    bench: &Bench,
) -> Result<Choice, String> {
    let version = recording.version;
    let target = version
        .candidates()
        .into_iter()
        .find(|name| known.contains(name))
        .ok_or("no target answers for it")?;
    let timed = recording.kernel.starts_with(HOST);
    let btf = if timed {
        let running = std::fs::read_to_string(HOST_RELEASE).unwrap_or_default();
        if Version::parse(&running) != Some(version) || !Path::new(HOST_TYPES).exists() {
            return Err("another kernel runs, and its types come from the running one".into());
        }
        Some(HOST_TYPES.into())
    } else {
        bench.btf(&version.series())
    };
    let point = format!("{}.{}", version.series(), version.point);
    Ok(Choice {
        other_series: target != point && target != version.series(),
        target,
        btf,
        timed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_the_release_then_the_series_then_the_nearest() {
        let check = |release: &str, expect: [&str; 3]| {
            let found = Version::parse(release).unwrap().candidates();
            assert_eq!(found[..3], expect, "{release}");
        };
        check(
            "6.18.15+deb13-cloud-amd64",
            ["linux-6.18.15", "linux-6.18", "linux-6.18"],
        );
        check("7.3-rc7", ["linux-7.3.0", "linux-7.3", "linux-7.3"]);
        check("6.15.2", ["linux-6.15.2", "linux-6.15", "linux-6.16"]);
        check("7.7.1", ["linux-7.7.1", "linux-7.7", "linux-7.3"]);
        assert_eq!(Version::parse("next"), None);
    }
}
