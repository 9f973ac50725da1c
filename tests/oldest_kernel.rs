//! The oldest kernel that an audit states, against what kernels said.
//!
//! For every object and each recorded kernel: no program that we state to run on
//! it is refused by it for a missing helper, map type, program type, kernel
//! function or instruction; and it accepts none for which we state a newer one.

#[path = "common/oracle.rs"]
mod oracle;

use std::collections::BTreeMap;

use bpfassay::audit::{ObjectAudit, Requirements};
use bpfassay::check::types;
use bpfassay::check::{self, Options, TargetChoice};
use bpfassay::helpers_spec::{ProgType, Release};
use bpfassay::target::Target;
use oracle::Oracle;
use rayon::prelude::*;
use serde_json::Value;

/// Folders of verdicts, and the release that each kernel is of.
const KERNELS: [(&str, Release); 5] = [
    ("5.10", Release::new(5, 10)),
    ("6.1", Release::new(6, 1)),
    ("6.12", Release::new(6, 12)),
    ("6.18", Release::new(6, 18)),
    ("7.3", Release::new(7, 3)),
];
const SETS: [&str; 4] = ["real", "samples", "samples-compat", "selftests-7.2"];

/// What a kernel lacked, by its own or the loader's words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lack {
    Helper,
    Kfunc,
    MapType,
    Instruction,
    ProgramType,
}

fn text<'a>(line: &'a Value, key: &str) -> &'a str {
    line[key].as_str().unwrap_or_default()
}

/// Everything that the kernel and the loader said.
fn words(line: &Value) -> String {
    let tail = line["log_tail"].as_array().into_iter().flatten();
    let mut all: Vec<&str> = tail.filter_map(Value::as_str).collect();
    all.extend([text(line, "error"), text(line, "libbpf")]);
    all.join("\n")
}

/// Whether the line says that something was missing.
fn lack(line: &Value) -> Option<Lack> {
    let all = words(line);
    match text(line, "stage") {
        "verifier" => {
            if let Some((_, number)) = all.rsplit_once("invalid func unknown#") {
                let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
                return match digits.parse::<u64>().ok()? {
                    // A relocation that fits nothing is about types.
                    195_896_080 => None,
                    n if n >= 2_002_000_000 => Some(Lack::Kfunc),
                    n if n >= 2_001_000_000 => Some(Lack::MapType),
                    _ => Some(Lack::Helper),
                };
            }
            if all.contains("unknown func ")
                || all.contains("program of this type cannot use helper")
            {
                return Some(Lack::Helper);
            }
            if all.contains("calling kernel function") && all.contains("is not allowed") {
                return Some(Lack::Kfunc);
            }
            let fields = all.contains("uses reserved fields") || all.contains("unknown opcode");
            fields.then_some(Lack::Instruction)
        }
        "prepare" => all
            .contains("extern (func ksym)")
            .then_some(Lack::Kfunc)
            .filter(|_| all.contains("not found in kernel or module BTFs")),
        "map" => Some(Lack::MapType),
        "syscall" => all.contains("EINVAL").then_some(Lack::ProgramType),
        _ => None,
    }
}

fn audit(bytes: &[u8], name: &str, forced: Option<ProgType>) -> ObjectAudit {
    let target = Target::default();
    let targets = [TargetChoice {
        target: &target,
        kernel_btf: types::of_target(&target),
    }];
    let options = Options {
        prog_type: forced.map(|t| (t, None)),
        ..Options::new(name, &targets)
    };
    check::audit(bytes, &options, 1)
}

/// The audit of the program that a line is about.
fn of<'a>(audit: &'a ObjectAudit, line: &Value) -> Option<&'a Requirements> {
    let section = text(line, "section").trim_start_matches('?');
    let mut all = audit
        .programs
        .iter()
        .filter(|p| p.program == text(line, "program"));
    let exact = all.clone().find(|p| p.section == section);
    exact.or_else(|| all.next())
}

#[derive(Default)]
struct Tally {
    lines: usize,
    accepted: usize,
    accepted_ok: usize,
    lacking: usize,
    lacking_ok: usize,
    option: usize,
    definition: usize,
    not_linked: usize,
    wrong: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.lines += other.lines;
        self.accepted += other.accepted;
        self.accepted_ok += other.accepted_ok;
        self.lacking += other.lacking;
        self.lacking_ok += other.lacking_ok;
        self.option += other.option;
        self.definition += other.definition;
        self.not_linked += other.not_linked;
        self.wrong.extend(other.wrong);
    }
}

/// A refused helper or kernel function that hangs on an option of the kernel's
/// build (or on a module of it), which the audit names.
fn hangs_on_option(audit: &ObjectAudit, line: &Value) -> bool {
    let all = words(line);
    audit.config.iter().any(|c| {
        c.because.iter().any(|name| {
            ["'{}'", "unknown func {}#", "cannot use helper {}#"]
                .iter()
                .any(|form| all.contains(&form.replace("{}", name.data())))
        })
    })
}

fn judge(
    (kernel, kernel_release): (&str, Release),
    line: &Value,
    newest: Option<&Value>,
    audit: &ObjectAudit,
    tally: &mut Tally,
) {
    tally.lines += 1;
    let Some(program) = of(audit, line) else {
        tally.not_linked += 1;
        if text(line, "verdict") == "accept" {
            let (object, program) = (text(line, "object"), text(line, "program"));
            let why = audit.unlinked.iter().find(|u| u.program == program);
            let why = why.map_or("not found", |u| u.reason.data());
            tally.wrong.push(format!(
                "{kernel} {object} {program}: accepted, not audited: {why}"
            ));
        }
        return;
    };
    let stated = program.oldest.release;
    let runs = stated.is_some_and(|r| r <= kernel_release);
    let said = |why: &str| {
        let stated = stated.map_or_else(|| "none".to_owned(), |r| r.to_string());
        let reasons: Vec<&str> = program
            .oldest
            .reasons
            .iter()
            .map(|r| r.what.data())
            .collect();
        let all = words(line);
        let last = all.trim().lines().last().unwrap_or_default().to_owned();
        format!(
            "{kernel} {} {}: {why}, we state {stated} ({}{}): {last}",
            text(line, "object"),
            text(line, "program"),
            reasons.join(", "),
            program.oldest.missing.join(", "),
        )
    };
    if text(line, "verdict") == "accept" {
        tally.accepted += 1;
        if runs {
            tally.accepted_ok += 1;
        } else {
            tally.wrong.push(said("accepted"));
        }
        return;
    }
    let Some(lack) = lack(line) else { return };
    // What the newest kernel refuses at the same stage is not missing but wrong.
    let wrong_everywhere = newest.is_some_and(|n| {
        text(n, "stage") == text(line, "stage")
            && text(n, "verdict") != "accept"
            && (lack == Lack::MapType || self::lack(n) == Some(lack.clone()))
    });
    tally.lacking += 1;
    if !runs {
        tally.lacking_ok += 1;
    } else if hangs_on_option(audit, line) {
        tally.option += 1;
    } else if wrong_everywhere && matches!(lack, Lack::MapType | Lack::Instruction) {
        tally.definition += 1;
    } else {
        tally.wrong.push(said(&format!("refused for {lack:?}")));
    }
}

#[test]
#[ignore = "needs recorded objects and verdicts: cargo xtask oracle"]
fn stated_releases_agree_with_kernels() {
    let oracle = Oracle::open();
    let mut total = Tally::default();
    for set in SETS {
        let newest: BTreeMap<(String, String, String), Value> = oracle
            .lines("7.3", set)
            .into_iter()
            .map(|l| {
                let key = |k| text(&l, k).to_owned();
                ((key("object"), key("program"), key("section")), l.clone())
            })
            .collect();
        let mut by_object: BTreeMap<(String, Option<String>), Vec<((&str, Release), Value)>> =
            BTreeMap::new();
        for kernel in KERNELS {
            for line in oracle.lines(kernel.0, set) {
                let old_loader = text(&line, "loader").starts_with("v0.");
                let forced = old_loader.then(|| text(&line, "prog_type").to_owned());
                let key = (text(&line, "object").to_owned(), forced);
                by_object.entry(key).or_default().push((kernel, line));
            }
        }
        let tallies: Vec<Tally> = by_object
            .par_iter()
            .filter_map(|((object, forced), lines)| {
                let bytes = oracle.object(set, object)?;
                let forced = forced
                    .as_deref()
                    .and_then(ProgType::from_name)
                    .filter(|t| *t != ProgType::Unspec);
                let audit = audit(&bytes, object, forced);
                let mut tally = Tally::default();
                for (kernel, line) in lines {
                    let key = |k| text(line, k).to_owned();
                    let newest = newest.get(&(key("object"), key("program"), key("section")));
                    judge(*kernel, line, newest, &audit, &mut tally);
                }
                Some(tally)
            })
            .collect();
        let mut sum = Tally::default();
        tallies.into_iter().for_each(|t| sum.add(t));
        println!(
            "{set}: {} lines; {} of {} accepted programs stated to run; {} of {} programs refused for \
             something missing stated not to run, {} hang on a kernel option, {} are wrong on every kernel; \
             {} not linked",
            sum.lines,
            sum.accepted_ok,
            sum.accepted,
            sum.lacking_ok,
            sum.lacking,
            sum.option,
            sum.definition,
            sum.not_linked
        );
        total.add(sum);
    }
    println!(
        "all: {} lines; accepted {}/{}; lacking {}/{} (+{} options, +{} definitions); not linked {}",
        total.lines,
        total.accepted_ok,
        total.accepted,
        total.lacking_ok,
        total.lacking,
        total.option,
        total.definition,
        total.not_linked
    );
    assert!(total.lines > 0, "the oracle has no verdicts");
    assert!(
        total.wrong.is_empty(),
        "{} disagreements:\n{}",
        total.wrong.len(),
        total.wrong.join("\n")
    );
}
