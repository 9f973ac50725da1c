//! `explain --log FILE|- [OBJECT]`: what a kernel's log says, told as `check` tells it; and
//! what a loader says by itself.

use std::fmt::Write as _;
use std::path::Path;

use super::args::ExplainArgs;
use super::{Failure, bytes, dump, exit, inputs, output, spend};
use crate::budget::{Budget, Ended};
use crate::diagnostics::log::{self, LoaderFailure, LoggedRefusal};
use crate::diagnostics::{Context, as_sentence, describe, kernel_words};
use crate::programs::{Program, decode};
use crate::report::text::{Style, render_diagnostic};
use crate::untrusted::terminal;

/// Reads the log and tells each refusal in it; with an object, on its source.
pub(super) fn run(path: &Path, args: &ExplainArgs) -> Result<u8, Failure> {
    let bytes = match path.to_str() {
        Some("-") => bytes::standard_input().map_err(Failure::usage)?,
        _ => inputs::read(path)?,
    };
    let budget = spend::alone(&args.limits);
    let (name, log) = (path.display().to_string(), String::from_utf8_lossy(&bytes));
    let (out, ended) = told(&name, &log, args, &budget, output::style(None))?;
    if let Some(ended) = ended {
        return dump::cut_short(&out, ended);
    }
    output::write(&out, None)?;
    Ok(exit::FINDINGS)
}

/// What a log says, and what ended the telling before all of it was told.
pub(super) fn told(
    name: &str,
    log: &str,
    args: &ExplainArgs,
    budget: &Budget,
    style: Style,
) -> Result<(String, Option<Ended>), Failure> {
    let log = log::read(log);
    if log.refusals.is_empty() && log.failures.is_empty() {
        return Err(Failure::usage(format!(
            "{name}: no refusal of a verifier is in it, and no failure of a loader"
        )));
    }
    let mut account = budget.open_all();
    let programs = match &args.code {
        Some(object) => dump::open(Path::new(object), &args.open, budget)?,
        None => Vec::new(),
    };
    let target = match args.open.target.as_slice() {
        [] => "the kernel of the log",
        [first, ..] => first,
    };
    let mut out = String::new();
    for failure in &log.failures {
        if let Err(ended) = account.hold(out.len() as u64) {
            return Ok((out, Some(ended)));
        }
        tell_loader(&mut out, failure, style);
    }
    for refusal in &log.refusals {
        if let Err(ended) = account.hold(out.len() as u64) {
            return Ok((out, Some(ended)));
        }
        let program = program_of(refusal, &programs);
        if program.is_none() && !programs.is_empty() {
            let _ = writeln!(
                out,
                "No program of the object has the instructions that the log shows.\n"
            );
        }
        tell(&mut out, refusal, program, target, style);
    }
    Ok((out, None))
}

/// The program that the log is of: the one of its name, else of its instructions.
fn program_of<'a>(refusal: &LoggedRefusal, programs: &'a [Program]) -> Option<&'a Program> {
    let fitting = || programs.iter().filter(|p| refusal.fits(p));
    let named = |p: &&Program| refusal.program.as_deref() == Some(&*p.name);
    fitting().find(named).or_else(|| fitting().next())
}

fn tell(
    out: &mut String,
    refusal: &LoggedRefusal,
    program: Option<&Program>,
    target: &str,
    style: Style,
) {
    if let (Some(program), Some(found)) = (program, refusal.refusal()) {
        let _ = writeln!(
            out,
            "{} ({})",
            terminal(&program.name),
            program.prog_type.name()
        );
        let context = Context {
            program,
            ops: &decode(&program.insns),
            target,
            kernel: None,
            source_text: &|_| None,
        };
        render_diagnostic(
            out,
            &describe(&context, &found, kernel_words::NEWEST),
            style,
        );
        return;
    }
    if let Some(name) = &refusal.program {
        let _ = writeln!(out, "{}", terminal(name));
    }
    // Some codes hold two mistakes, each with its page: so `check` names them, too.
    match refusal.page() {
        Some(rule) => {
            let _ = writeln!(out, "{} {}\n", rule.id(), rule.name);
            let what = refusal.what();
            let what = as_sentence(what.as_deref().unwrap_or(rule.title));
            paragraph(out, "", &what, style);
            out.push('\n');
        }
        None => out.push_str("No page has the words of this refusal.\n\n"),
    }
    labels(out, refusal);
    if let Some(page) = refusal.page() {
        if refusal.unresolved.is_none() {
            paragraph(out, "why", &page.why_short(), style);
        }
        let remedy = refusal
            .help()
            .map_or_else(|| page.remedy_short(), Into::into);
        paragraph(out, "remedy", &remedy, style);
    }
    for words in &refusal.words {
        paragraph(out, "kernel", words, style);
    }
    if let Some(omitted) = refusal.omitted {
        let text = format!("the loader left out {omitted} lines of the log; they tell more");
        paragraph(out, "note", &text, style);
    }
    out.push('\n');
}

/// The value's way to the refusal, on the lines that the log shows.
fn labels(out: &mut String, refusal: &LoggedRefusal) {
    let mut place = None;
    for label in refusal.labels() {
        let source = label.source.or(refusal.source.as_ref());
        if let Some(source) = source.filter(|s| Some(*s) != place) {
            let line = match &source.place {
                Some(at) => format!("{}: {}", terminal(at), terminal(&source.text)),
                None => terminal(&source.text).into_owned(),
            };
            let _ = writeln!(out, "  {}", line.trim_end());
            place = Some(source);
        }
        let (slot, text) = (label.insn.slot, terminal(&label.insn.text));
        let insn = match text.is_empty() {
            true => format!("instruction {slot}"),
            false => format!("{slot}: {text}"),
        };
        let _ = writeln!(out, "    {insn}\n      ^ {}", terminal(&label.text));
    }
    if let Some(source) = refusal
        .source
        .as_ref()
        .filter(|_| place.is_none() && refusal.insn.is_none())
    {
        let _ = writeln!(out, "  {}", terminal(&source.text));
        place = Some(source);
    }
    if place.is_some() || refusal.insn.is_some() {
        out.push('\n');
    }
}

/// A failure that no verifier had a part in.
fn tell_loader(out: &mut String, failure: &LoaderFailure, style: Style) {
    let _ = writeln!(out, "the loader: {}\n", terminal(&failure.what()));
    paragraph(out, "why", failure.why(), style);
    paragraph(out, "remedy", failure.remedy(), style);
    if let Some(rule) = failure.rule() {
        let page = format!("`bpfassay explain {}` ({})", rule.id(), rule.name);
        paragraph(out, "page", &page, style);
    }
    paragraph(out, "loader", &failure.words, style);
    out.push('\n');
}

/// A paragraph with a heading, or none.
fn paragraph(out: &mut String, head: &str, text: &str, style: Style) {
    let (head, indent) = match head {
        "" => (" ".into(), " "),
        head => (format!("{head:>9}:"), "          "),
    };
    let room = style.width.saturating_sub(indent.len() + 2).max(40);
    let mut column = 0;
    out.push_str(&head);
    for word in text.split_whitespace() {
        let word = terminal(word);
        let length = word.chars().count() + 1;
        if column > 0 && column + length > room {
            let _ = write!(out, "\n{indent}");
            column = 0;
        }
        let _ = write!(out, " {word}");
        column += length;
    }
    out.push('\n');
}
