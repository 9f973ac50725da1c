//! The page: figures, how they were made, what differs and why.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use super::measure::{Measured, Part};
use super::reasons::{Case, Reasons};
use super::recordings::{Choice, Recording};

const UNKNOWN_REASON: &str = "not understood yet";
/// The kind of groups in which the kernel's verifier was not reached: what they hold
/// is no verdict, and only counted.
const OTHER_STAGE: &str = "other stage";

/// A recording with what it showed.
pub(super) struct Row<'a> {
    recording: &'a Recording,
    choice: Choice,
    measured: Measured,
}

impl<'a> Row<'a> {
    pub(super) fn new(recording: &'a Recording, choice: Choice, measured: Measured) -> Row<'a> {
        Row {
            recording,
            choice,
            measured,
        }
    }
}

/// What was measured, and how.
pub(super) struct How {
    version: String,
    commit: String,
    date: String,
    profile: String,
}

impl How {
    pub(super) fn of(root: &Path, profile: &str) -> Result<How, String> {
        let git = |words: &[&str]| -> Result<String, String> {
            let out = Command::new("git").current_dir(root).args(words).output();
            let out = out.map_err(|e| format!("git: {e}"))?;
            if !out.status.success() {
                return Err(format!("git {}: {}", words.join(" "), out.status));
            }
            Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
        };
        let manifest = std::fs::read_to_string(root.join("Cargo.toml"))
            .map_err(|e| format!("Cargo.toml: {e}"))?;
        let manifest: toml::Table =
            toml::from_str(&manifest).map_err(|e| format!("Cargo.toml: {e}"))?;
        let version = manifest
            .get("package")
            .and_then(|p| p.get("version"))
            .and_then(toml::Value::as_str)
            .ok_or("Cargo.toml names no version")?;
        // The page itself may be there, changed.
        let changed = git(&[
            "status",
            "--porcelain",
            "-uno",
            "--",
            ".",
            ":!SCOREBOARD.md",
        ])?;
        let commit = git(&["log", "-1", "--format=%h"])?;
        Ok(How {
            version: version.to_owned(),
            commit: if changed.is_empty() {
                commit
            } else {
                format!("{commit} with changes")
            },
            date: git(&["log", "-1", "--format=%cs"])?,
            profile: profile.to_owned(),
        })
    }
}

/// Writes the page; beside it, the reasons that nothing needed.
pub(super) fn write(
    rows: &[Row<'_>],
    left_out: &[(String, String)],
    how: &How,
    reasons: &Reasons,
) -> (String, Vec<String>) {
    let mut o = String::from(
        "# Scoreboard\n\nOur verdicts beside those that kernels were recorded to give. \
         Made by `cargo xtask scoreboard`; not edited.\n\n",
    );
    figures(&mut o, rows);
    measured(&mut o, rows, left_out, how);
    differences(&mut o, rows, reasons);
    (o, reasons.unused())
}

fn figures(o: &mut String, rows: &[Row<'_>]) {
    o.push_str(
        "| kernel | set | target | programs | decided | agree % | false accepts | false rejects | unknown \
         | load error | same instruction % | same class % | processed equal % | within 10 % | ours, ms | ours / kernel's time |\n\
         |---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    let mut all = Measured::default();
    for row in rows {
        let (r, m) = (row.recording, &row.measured);
        let ratio = if row.choice.timed && m.kernel_us > 0 {
            format!("{:.2}", m.our_us as f64 / m.kernel_us as f64)
        } else {
            String::new()
        };
        let target = if row.choice.other_series {
            format!("{} (nearest)", row.choice.target)
        } else {
            row.choice.target.clone()
        };
        line(o, [&r.kernel, &r.set, &target], m, &ratio);
        add(&mut all, m);
    }
    line(o, ["all", "", ""], &all, "");
}

fn line(o: &mut String, names: [&str; 3], m: &Measured, ratio: &str) {
    let agree = Part(m.agree_accept + m.agree_reject, m.decided);
    let [kernel, set, target] = names.map(plain);
    let _ = writeln!(
        o,
        "| {kernel} | {set} | {target} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {ratio} |",
        m.counted,
        m.decided,
        percent(agree),
        m.false_accepts,
        m.false_rejects,
        m.unknown,
        m.wrong_stage + m.missing,
        percent(m.same_insn),
        percent(m.same_class),
        percent(m.processed_equal),
        percent(m.processed_near),
        m.our_us / 1000,
    );
}

fn add(all: &mut Measured, m: &Measured) {
    let part = |a: &mut Part, b: Part| *a = Part(a.0 + b.0, a.1 + b.1);
    all.counted += m.counted;
    all.decided += m.decided;
    all.unknown += m.unknown;
    all.agree_accept += m.agree_accept;
    all.agree_reject += m.agree_reject;
    all.false_accepts += m.false_accepts;
    all.false_rejects += m.false_rejects;
    all.wrong_stage += m.wrong_stage;
    all.missing += m.missing;
    part(&mut all.same_insn, m.same_insn);
    part(&mut all.same_class, m.same_class);
    part(&mut all.processed_equal, m.processed_equal);
    part(&mut all.processed_near, m.processed_near);
    all.our_us += m.our_us;
}

/// Rounded down: only all of a whole is 100.
fn percent(Part(part, whole): Part) -> String {
    let hundredths = match part.checked_mul(10_000) {
        Some(n) if whole > 0 => n / whole,
        _ => return "–".into(),
    };
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn measured(o: &mut String, rows: &[Row<'_>], left_out: &[(String, String)], how: &How) {
    let _ = write!(
        o,
        "\n## How it was measured\n\nbpfassay {} at {}, of {}:\n\n    cargo xtask scoreboard --profile {}\n\n\
         with `BPFASSAY_SETS` (`SET/*.o`), `BPFASSAY_VERDICTS` (`KERNEL/SET.jsonl`) and `BPFASSAY_BTF` \
         (`linux-SERIES.btf`; without it, the types that come with the tool). Each row is one run of \
         `examples/agreement`, which shows a single program with `--only OBJECT:PROGRAM`.\n\n",
        how.version, how.commit, how.date, how.profile
    );
    o.push_str(
        "- *programs*: those that the kernel's verifier decided. *decided*: those on which we give a verdict; \
         *agree* is their share with the same verdict. *load error*: we fail before verification, or find no such program.\n\
         - *same instruction*, *same class*: of refusals agreed on, where the recording tells.\n\
         - *processed*: instructions walked, of acceptances agreed on.\n\
         - *ours*: our verification time, added up over programs. The kernel's is only comparable on `host-…`, which was \
         asked on real hardware; the others ran under emulation.\n\
         - Shares are rounded down.\n",
    );
    if how.profile != "release" {
        let _ = writeln!(
            o,
            "- The profile `{}` is not optimised as a release is: times are above a release's.",
            plain(&how.profile)
        );
    }
    let nearest: BTreeSet<(&str, &str)> = rows
        .iter()
        .filter(|r| r.choice.other_series)
        .map(|r| (r.recording.kernel.as_str(), r.choice.target.as_str()))
        .collect();
    for (kernel, target) in nearest {
        let _ = writeln!(
            o,
            "- No target is of {}'s series: {target}, the nearest, was asked.",
            plain(kernel)
        );
    }
    for (name, why) in left_out {
        let _ = writeln!(o, "- Left out: {}: {why}.", plain(name));
    }
}

/// By kind, cause and reason: the kernels of each program.
type Differences<'a> = BTreeMap<
    &'a str,
    BTreeMap<(&'a str, Option<&'a str>), BTreeMap<&'a str, BTreeSet<(usize, &'a str)>>>,
>;

fn differences(o: &mut String, rows: &[Row<'_>], reasons: &Reasons) {
    let mut all: Differences<'_> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        let kernel = row.recording.kernel.as_str();
        for group in &row.measured.groups {
            for program in &group.members {
                let why = reasons.of(&Case {
                    kind: &group.kind,
                    cause: &group.name,
                    kernel,
                    program,
                });
                let kinds = all.entry(&group.kind).or_default();
                let programs = kinds.entry((&group.name, why)).or_default();
                // Rows are in the order of kernels.
                let first = rows.iter().position(|r| r.recording.kernel == kernel);
                let place = (first.unwrap_or(at), kernel);
                programs.entry(program).or_default().insert(place);
            }
        }
    }
    let stages = all.remove(OTHER_STAGE);
    let _ = write!(
        o,
        "\n## What differs\n\nBy kind and cause, the most first; a cause without a reason is {UNKNOWN_REASON}.\n"
    );
    // Verdicts first.
    let (agreed, other): (Vec<_>, Vec<_>) = all.iter().partition(|(k, _)| k.starts_with("agreed"));
    for (kind, causes) in other.into_iter().chain(agreed) {
        let _ = write!(o, "\n### {}\n\n", capital(kind));
        for ((cause, why), programs) in by_size(causes) {
            let why = why.unwrap_or(UNKNOWN_REASON);
            let _ = writeln!(
                o,
                "- **{}**, {}: {why}",
                plain(cause),
                count(programs.len())
            );
            for (kernels, names) in by_kernels(programs) {
                let _ = writeln!(o, "  - {kernels}: {}", names.join(", "));
            }
        }
    }
    if let Some(causes) = stages {
        o.push_str(
            "\n### Other stage\n\nThe kernel's verifier was not reached, so these are no verdicts: a map that the kernel \
             or its configuration refuses, a target that it lacks. Programs, by what stopped there and what we say:\n\n",
        );
        for ((cause, why), programs) in by_size(&causes) {
            let why = why.map(|w| format!(": {w}")).unwrap_or_default();
            let _ = writeln!(o, "- {}: {}{why}", plain(cause), programs.len());
        }
    }
}

fn by_size<K: Copy + Ord, V, W>(map: &BTreeMap<K, BTreeMap<V, W>>) -> Vec<(K, &BTreeMap<V, W>)> {
    let mut list: Vec<_> = map.iter().map(|(k, v)| (*k, v)).collect();
    list.sort_by_key(|(_, v)| std::cmp::Reverse(v.len()));
    list
}

/// Programs with the same kernels stand together.
fn by_kernels(programs: &BTreeMap<&str, BTreeSet<(usize, &str)>>) -> Vec<(String, Vec<String>)> {
    let mut out: BTreeMap<Vec<(usize, &str)>, Vec<String>> = BTreeMap::new();
    for (program, kernels) in programs {
        let kernels = kernels.iter().copied().collect();
        out.entry(kernels).or_default().push(code(program));
    }
    out.into_iter()
        .map(|(kernels, programs)| {
            let names: Vec<String> = kernels.iter().map(|(_, k)| plain(k)).collect();
            (names.join(", "), programs)
        })
        .collect()
}

fn count(n: usize) -> String {
    format!("{n} program{}", if n == 1 { "" } else { "s" })
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}

/// A name of outside data, as Markdown shows it: what could mean something to
/// Markdown is left out.
fn plain(text: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || " .,:;_/()?+-".contains(c);
    text.chars()
        .map(|c| if harmless(c) { c } else { '?' })
        .collect()
}

fn code(text: &str) -> String {
    format!("`{}`", plain(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_all_of_a_whole_is_a_hundred() {
        assert_eq!(percent(Part(9_999_999, 10_000_000)), "99.99");
        assert_eq!(percent(Part(7, 7)), "100.00");
        assert_eq!(percent(Part(0, 0)), "–");
    }

    #[test]
    fn names_of_outside_mean_nothing_to_markdown() {
        assert_eq!(code("a|b`c\n<i>.o:p*"), "`a?b?c??i?.o:p?`");
    }
}
