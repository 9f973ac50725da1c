//! `dump`: disassembly with source lines.

use std::fmt::Write as _;

use super::args::{DumpArgs, OpenArgs, StateNotation};
use super::console::complain;
use super::inputs::{self, Targets};
use super::{Failure, exit, output, spend, stated, walk};
use crate::abstract_interp::Input;
use crate::budget::{Budget, Ended};
use crate::check::{Options, programs_of};
use crate::diagnostics::{ProgramNames, instruction};
use crate::programs::disasm::Names;
use crate::programs::insn::Op;
use crate::programs::{Manifest, Program, decode, disasm};
use crate::untrusted::{Untrusted, source_line, terminal, text};
use crate::view::{self, Notation};

/// Runs the verb.
pub(super) fn run(args: &DumpArgs) -> Result<u8, Failure> {
    let mut out = String::new();
    let budget = spend::alone(&args.limits);
    let mut account = budget.open_all();
    for program in open(&args.object, &args.open, &budget)? {
        if let Err(ended) = account.hold(out.len() as u64) {
            return cut_short(&out, ended);
        }
        if args.as_asm {
            let head = format!("{} ({})", program.name, program.section);
            let _ = writeln!(out, "; {}", terminal(&head));
            let listing = disasm::listing(&program.insns, &OneLine(&ProgramNames(&program)));
            for line in listing.lines() {
                let _ = writeln!(out, "{}", source_line(line));
            }
        } else {
            let known = args
                .states
                .map(|n| states(&program, n, &args.open, &budget));
            let known = known.transpose()?.unwrap_or_default();
            listing(&mut out, &program, !args.no_source, &known);
        }
        out.push('\n');
    }
    output::write(&out, None)?;
    Ok(exit::CLEAN)
}

/// Writes what there is of a listing that a budget ended, and says so.
pub(super) fn cut_short(out: &str, ended: Ended) -> Result<u8, Failure> {
    output::write(out, None)?;
    complain!("{}: not all programs are shown", ended.name());
    Ok(exit::FINDINGS)
}

/// Names that end no line of a listing, whatever they hold.
struct OneLine<'a>(&'a dyn Names);

impl Names for OneLine<'_> {
    fn helper(&self, id: i32) -> Option<String> {
        self.0.helper(id).map(|n| terminal(&n).into_owned())
    }
    fn kfunc(&self, imm: i32, off: i16) -> Option<String> {
        self.0.kfunc(imm, off).map(|n| terminal(&n).into_owned())
    }
    fn map(&self, idx: u32) -> Option<String> {
        self.0.map(idx).map(|n| terminal(&n).into_owned())
    }
    fn label(&self, slot: usize) -> Option<String> {
        self.0.label(slot).map(|n| terminal(&n).into_owned())
    }
    fn function(&self, slot: usize) -> Option<String> {
        self.0.function(slot).map(|n| terminal(&n).into_owned())
    }
}

/// The linked programs of an object, or of all that a file holds; those that don't link
/// are complained of.
pub(super) fn open(
    path: &std::path::Path,
    args: &OpenArgs,
    budget: &Budget,
) -> Result<Vec<Program>, Failure> {
    open_as(path, args, &stated::manifest(args)?, budget)
}

/// The same, with what is stated of the load.
pub(super) fn open_as(
    path: &std::path::Path,
    args: &OpenArgs,
    manifest: &Manifest,
    budget: &Budget,
) -> Result<Vec<Program>, Failure> {
    let targets = Targets::open(args)?;
    let choices = targets.choices();
    let mut programs = Vec::new();
    for input in walk::expand(args, &[path.to_path_buf()], budget) {
        let name = &input.name;
        let fail = |why: Untrusted| Failure::usage(text!("{name}: {}", why));
        let bytes = input.read().map_err(|e| fail(e.about(name)))?;
        let options = Options {
            kind: input.kind(args),
            prog_type: inputs::prog_type(args)?,
            loader: args.loader.into(),
            manifest,
            only: args.prog.as_deref(),
            budget: Some(budget),
            ..Options::new(name, &choices)
        };
        for entry in programs_of(&bytes, &options).map_err(|e| fail(e.text()))? {
            match entry {
                Ok(p) if args.prog.as_deref().is_none_or(|only| only == &*p.name) => {
                    programs.push(p);
                }
                Ok(_) => {}
                Err(e) => complain!(
                    "{name}: {}: {}",
                    e.program.as_deref().unwrap_or(""),
                    e.reason
                ),
            }
        }
    }
    if programs.is_empty() {
        let name = path.display();
        return Err(Failure::usage(format!("{name}: no program to show")));
    }
    Ok(programs)
}

/// What is known before each instruction, for the first target.
fn states(
    program: &Program,
    notation: StateNotation,
    args: &OpenArgs,
    budget: &Budget,
) -> Result<Vec<Option<String>>, Failure> {
    let targets = Targets::open(args)?;
    let choices = targets.choices();
    let notation = match notation {
        StateNotation::Plain => Notation::Plain,
        StateNotation::Kernel => Notation::Kernel,
    };
    Ok(choices.first().map_or_else(Vec::new, |choice| {
        let input = Input {
            program,
            target: choice.target,
            kernel_btf: choice.kernel_btf,
        };
        view::states(&input, notation, budget.open())
    }))
}

fn listing(out: &mut String, program: &Program, source: bool, states: &[Option<String>]) {
    let ops = decode(&program.insns);
    let _ = writeln!(
        out,
        "{} ({}, section {})",
        terminal(&program.name),
        program.prog_type.name(),
        terminal(&program.section)
    );
    let mut lines = program.line_info.iter().peekable();
    let (mut file, mut shown) = ("", 0);
    for (i, op) in ops.iter().enumerate() {
        if let Some(sub) = program.function_from(i) {
            let _ = writeln!(out, "{}:", terminal(&sub.name));
        }
        while let Some(line) = lines.next_if(|l| l.insn as usize <= i) {
            if !source || (line.insn as usize) < i || (file, shown) == (&*line.file, line.line) {
                continue;
            }
            if file != &*line.file {
                let _ = writeln!(out, "; in {}", terminal(&line.file));
            }
            (file, shown) = (&line.info.file, line.line);
            let _ = writeln!(out, "; {}: {}", line.line, source_line(line.text.trim()));
        }
        if let Some(Some(state)) = states.get(i).filter(|_| !matches!(op, Op::Second)) {
            let _ = writeln!(out, "        {}", terminal(state));
        }
        if !matches!(op, Op::Second) {
            let _ = writeln!(out, "{i:>6}: {}", terminal(&instruction(program, &ops, i)));
        }
    }
}
