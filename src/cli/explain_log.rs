//! `explain --log FILE [OBJECT]`: what a kernel's log says, told as `check` tells it.

use std::fmt::Write as _;
use std::path::Path;

use super::args::ExplainArgs;
use super::{Failure, dump, exit, inputs, output, spend};
use crate::budget::{Budget, Ended};
use crate::diagnostics::log::{self, LoggedRefusal};
use crate::diagnostics::{Context, describe, kernel_words};
use crate::programs::{Program, decode};
use crate::report::text::{Style, render_diagnostic};
use crate::untrusted::terminal;

/// Reads the log and tells each refusal in it; with an object, on its source.
pub(super) fn run(path: &Path, args: &ExplainArgs) -> Result<u8, Failure> {
    let bytes = inputs::read(path)?;
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
    let refusals = log::read(log);
    if refusals.is_empty() {
        return Err(Failure::usage(format!(
            "{name}: no refusal of a verifier is in it"
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
    for refusal in &refusals {
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
    match refusal.rule() {
        Some(rule) => {
            let _ = writeln!(out, "{} {}\n", rule.id(), rule.name);
            let what = refusal.what();
            let _ = writeln!(
                out,
                "  {}\n",
                terminal(what.as_deref().unwrap_or(rule.title))
            );
        }
        None => out.push_str("No page has the words of this refusal.\n\n"),
    }
    let room = style.width.saturating_sub(12).max(40);
    let mut row = |head: &str, text: &str| {
        let mut column = 0;
        let _ = write!(out, "{head:>9}:");
        for word in text.split_whitespace() {
            let word = terminal(word);
            let length = word.chars().count() + 1;
            if column > 0 && column + length > room {
                let _ = write!(out, "\n          ");
                column = 0;
            }
            let _ = write!(out, " {word}");
            column += length;
        }
        out.push('\n');
    };
    if let Some(insn) = &refusal.insn {
        row("refused", &format!("{}: {}", insn.slot, insn.text));
    }
    if let Some(source) = &refusal.source {
        let place = source.place.as_ref().map(|p| format!(" ({p})"));
        row(
            "source",
            &format!("{}{}", source.text, place.unwrap_or_default()),
        );
    }
    for (reg, value) in &refusal.regs {
        if refusal.refusal().is_some_and(|v| v.reg == Some(*reg)) {
            row("holds", &format!("R{reg}={value}"));
        }
    }
    if let Some(rule) = refusal.rule() {
        row("why", &rule.why_short());
        row("remedy", &rule.remedy_short());
    }
    for words in &refusal.words {
        row("kernel", words);
    }
    out.push('\n');
}
