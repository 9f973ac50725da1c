//! Runs the examples of every page: what is bad fires the page's rule, what is
//! good doesn't and is accepted. An example that needs a kernel's types names its
//! BTF.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bpfassay::abstract_interp::Code;
use bpfassay::check::types;
use bpfassay::diagnostics::Finding;
use bpfassay::object::Btf;
use bpfassay::programs::raw;
use bpfassay::report::{Outcome, ProgramReport};
use bpfassay::rules::{self, Fence, Rule, RuleKind};
use rayon::prelude::*;
use regex::Regex;

use bpfassay::target::Rights;
use bpfassay::{InputKind, Options, TargetChoice, check, target};

/// Pages that may stay without an example that runs.
const MOST_UNSHOWN: usize = 14;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn btf(path: &Path) -> Btf {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
    Btf::parse(Arc::from(bytes)).unwrap_or_else(|e| panic!("{path:?}: {e}"))
}

/// What checking an example says of its program.
fn run(fence: &Fence<'_>) -> Result<(ProgramReport, Vec<Finding>), String> {
    let name = fence.option("target").unwrap_or(target::DEFAULT);
    let mut kernel = target::by_name(name).ok_or_else(|| format!("no target {name}"))?;
    if let Some(list) = fence.option("caps") {
        kernel.rights = Rights::parse(list)?;
        kernel.config.unprivileged_bpf = true;
    }
    if let Some((key, value)) = fence.option("kernel").and_then(|s| s.split_once('=')) {
        kernel.config.set(key, value)?;
    }
    let given = fence.option("btf");
    let file = given.filter(|p| *p != "none");
    let types = file.map(|path| btf(&root().join(path)));
    let built_in = || match given {
        None => types::of_target(&kernel),
        Some(_) => None,
    };
    let choice = [TargetChoice {
        target: &kernel,
        kernel_btf: types.as_ref().or_else(built_in),
    }];
    let mut options = Options {
        only: fence.option("prog"),
        smoke: true,
        ..Options::new("example.bpfasm", &choice)
    };
    if let Some(word) = fence.option("type") {
        options.prog_type = Some(raw::type_by_name(word).ok_or_else(|| format!("no type {word}"))?);
    }
    let bytes = if fence.language == "bpfasm" {
        options.kind = InputKind::Asm;
        fence.text.clone().into_bytes()
    } else {
        let path = fence.option("path").ok_or("no path=")?;
        fence.option("prog").ok_or("no prog=")?;
        options.name = path;
        std::fs::read(root().join(path)).map_err(|e| format!("{path}: {e}"))?
    };
    let mut object = check(&bytes, &options).objects.remove(0);
    if let Some(e) = &object.error {
        return Err(e.text().into_data());
    }
    match object.programs.len() {
        1 => Ok((object.programs.remove(0), object.findings)),
        n => Err(format!("{n} programs")),
    }
}

fn said(report: &ProgramReport) -> String {
    match &report.outcome {
        Outcome::Reject(d) => format!(
            "reject {} at {} ({})",
            d.code.name(),
            d.insn,
            d.kernel_words.data()
        ),
        Outcome::Unknown { name, internal, .. } => {
            let internal = internal.as_ref().map_or("", |i| i.data());
            format!("unknown {} {internal}", name.data())
        }
        Outcome::LoadError { stage, reason, .. } => {
            format!("load-error {stage}: {}", reason.data())
        }
        Outcome::Lacks(lacks) => {
            let what: Vec<&str> = lacks.iter().map(|f| f.what.data()).collect();
            format!("lacks: {}", what.join("; "))
        }
        Outcome::Accept => "accept".into(),
    }
}

/// The lines of an object's example are lines of its C source, in that order.
fn excerpt(fence: &Fence<'_>) -> Result<(), String> {
    let path = root().join(fence.option("path").unwrap_or(""));
    let source = std::fs::read_to_string(path.with_extension("c"))
        .map_err(|e| format!("{path:?}: source: {e}"))?;
    let code = |line: &str| {
        line.split("// ERROR")
            .next()
            .unwrap_or("")
            .trim()
            .to_owned()
    };
    let mut lines = source.lines().map(code);
    for wanted in fence.text.lines().map(code).filter(|l| !l.is_empty()) {
        if wanted != "..." && !lines.any(|line| line == wanted) {
            return Err(format!("{path:?} has no such line there: {wanted}"));
        }
    }
    Ok(())
}

/// Why an example isn't as its section says.
fn fault(rule: &Rule, fence: &Fence<'_>, bad: bool) -> Option<String> {
    if fence.language == "object"
        && let Err(e) = excerpt(fence)
    {
        return Some(e);
    }
    let (report, findings) = match run(fence) {
        Ok(found) => found,
        Err(e) => return Some(e),
    };
    let fires = |findings: &[Finding]| findings.iter().any(|f| f.rule.number == rule.number);
    let met = match (&report.outcome, bad, rule.kind) {
        (Outcome::Reject(d), true, RuleKind::Rejection) => {
            d.code.name() == rule.reported_as.unwrap_or(rule.name)
        }
        (Outcome::Lacks(lacks), true, RuleKind::Portability) => {
            lacks.len() == 1 && lacks[0].rule.number == rule.number
        }
        (Outcome::Accept, true, RuleKind::Portability) => fires(&findings),
        (Outcome::LoadError { rule: page, .. }, true, RuleKind::Loader) => {
            page.is_some_and(|p| p.number == rule.number)
        }
        (_, true, RuleKind::Lint | RuleKind::Loader) => fires(&findings),
        (Outcome::Accept, false, RuleKind::Portability | RuleKind::Lint | RuleKind::Loader) => {
            !fires(&findings)
        }
        (Outcome::Unknown { name, .. }, true, RuleKind::Undecided) => {
            rules::undecided(name.data()).number == rule.number
        }
        (Outcome::Accept, false, _) => true,
        _ => false,
    };
    if !met {
        return Some(said(&report));
    }
    let Outcome::Reject(d) = &report.outcome else {
        return None;
    };
    let series = target::by_name(report.target.data())?.spec.series();
    let worded = rule
        .messages
        .iter()
        .any(|m| m.printed_by(series) && m.matches(d.kernel_words.data()));
    (!worded).then(|| format!("none of the page's messages is {:?}", d.kernel_words))
}

/// Runs a page's examples: how many, and what is wrong with them.
fn examples(rule: &Rule) -> (usize, Vec<String>) {
    let (mut ran, mut faults) = (0, Vec::new());
    for (section, text, bad) in [("Bad", rule.bad, true), ("Good", rule.good, false)] {
        let fences = rules::fences(text);
        let mut examples = fences.iter().filter(|f| f.runs()).peekable();
        if examples.peek().is_none() {
            faults.push(format!("{} {section}: no example that runs", rule.name));
        }
        for fence in examples {
            ran += 1;
            if let Some(fault) = fault(rule, fence, bad) {
                faults.push(format!("{} {section}: {fault}", rule.name));
            }
        }
    }
    (ran, faults)
}

#[test]
fn examples_are_what_they_say() {
    let pages: Vec<&Rule> = rules::all()
        .iter()
        .filter(|r| r.without_example().is_none())
        // What a policy says is not in a program: tests of the configuration show it.
        .filter(|r| r.kind != RuleKind::Policy)
        .collect();
    let done: Vec<(usize, Vec<String>)> = pages.par_iter().map(|rule| examples(rule)).collect();
    let ran: usize = done.iter().map(|(ran, _)| ran).sum();
    let faults: Vec<String> = done.into_iter().flat_map(|(_, faults)| faults).collect();
    eprintln!("{ran} examples of {} pages ran", pages.len());
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn few_pages_are_without_an_example() {
    let all = rules::all();
    let unshown: Vec<&Rule> = all.iter().filter(|r| r.unshown.is_some()).collect();
    let unmodelled: Vec<&Rule> = all.iter().filter(|r| r.unmodelled.is_some()).collect();
    for rule in unshown.iter().chain(&unmodelled) {
        eprintln!("{}: {}", rule.name, rule.without_example().unwrap_or(""));
    }
    eprintln!(
        "{} pages, {} without an example, {} of what is never reported",
        all.len(),
        unshown.len(),
        unmodelled.len()
    );
    assert!(unshown.len() <= MOST_UNSHOWN);
}

fn sources(dir: &Path, text: &mut String) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if !path.ends_with("codes.rs") {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// What a page calls never reported, the engine never names; and the reverse.
#[test]
fn pages_know_what_is_never_reported() {
    let mut engine = String::new();
    sources(&root().join("src/abstract_interp"), &mut engine);
    // Some tell mistakes apart that share a kernel's message.
    sources(&root().join("src/diagnostics/story"), &mut engine);
    for &code in Code::ALL {
        let named = Regex::new(&format!(r"\bCode::{code:?}\b")).unwrap();
        let rule = rules::of(code);
        let never = rule.unmodelled.is_some() || rule.reported_as.is_some();
        assert_eq!(
            !named.is_match(&engine) || rule.reported_as.is_some(),
            never,
            "{}",
            rule.name
        );
    }
}

#[test]
fn every_code_has_its_page_and_every_rejection_page_its_code() {
    for &code in Code::ALL {
        let rule = rules::of(code);
        assert_eq!((rule.number, rule.name), (code.number(), code.name()));
        assert_eq!(rule.kind, RuleKind::Rejection);
    }
    let pages = rules::all()
        .iter()
        .filter(|r| r.kind == RuleKind::Rejection);
    assert_eq!(pages.count(), Code::ALL.len());
}

/// The usual message of a page is of the class that the code belongs to, so that
/// the measurements of agreement mean the same thing.
#[test]
fn messages_belong_to_the_class_of_their_code() {
    let classes = bpfassay::helpers_spec::message_classes();
    let mut wrong = Vec::new();
    for &code in Code::ALL {
        let class = classes.iter().find(|c| c.id == code.class()).unwrap();
        let regex = Regex::new(class.regex).unwrap();
        let line = rules::of(code).messages.first().map_or("", |m| m.words);
        if !regex.is_match(&line.replace(" .. ", " x ")) {
            wrong.push(format!("{}: {line:?} is not of {}", code.name(), class.id));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
