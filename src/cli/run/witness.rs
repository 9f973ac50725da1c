//! `run --witness`: does what was refused really go wrong?

use std::fmt::Write as _;
use std::sync::Arc;

use super::{Failure, RunArgs, exit, output};
use crate::abstract_interp::{self, Input, Verdict};
use crate::budget::Budget;
use crate::check::TargetChoice;
use crate::programs::Program;
use crate::report::run::input_file;
use crate::report::values::hex;
use crate::smoke::engine::Fault;
use crate::smoke::witness::{SearchOptions, Witness, describe, search};
use crate::untrusted::terminal;

/// Verifies the program and, if it is refused, searches for a fault.
pub(super) fn run(
    args: &RunArgs,
    object: &str,
    program: &Arc<Program>,
    siblings: &[Arc<Program>],
    choices: &[TargetChoice<'_>],
    budget: &Budget,
) -> Result<u8, Failure> {
    let Some(choice) = choices.first() else {
        return Err(Failure::usage("no target"));
    };
    let input = Input {
        program,
        target: choice.target,
        kernel_btf: choice.kernel_btf,
    };
    let verification = abstract_interp::verify_within(&input, None, budget.open());
    let mut out = String::new();
    let name = &program.name;
    let (shown_object, shown) = (terminal(object), terminal(name));
    let at = match &verification.verdict {
        Verdict::Accept => {
            let text = format!(
                "{shown_object} {shown}: accepted on {}: nothing to witness\n",
                choice.target.name
            );
            output::write(&text, None)?;
            return Ok(exit::CLEAN);
        }
        Verdict::Reject(v) => {
            let at = u32::try_from(v.insn).ok();
            let _ = writeln!(
                out,
                "{shown_object} {shown}: refused on {} at instruction {}: {}",
                choice.target.name,
                v.insn,
                v.code().name()
            );
            at
        }
        Verdict::Unknown(u) => {
            let _ = writeln!(
                out,
                "{shown_object} {shown}: not decided: {}",
                terminal(&u.name)
            );
            u.insn.and_then(|i| u32::try_from(i).ok())
        }
    };
    let wanted =
        |fault: &Fault| fault.site.program == 0 && at.is_none_or(|at| at == fault.site.insn);
    let found = search(
        program,
        &SearchOptions {
            wanted: &wanted,
            budget: args.budget,
            spending: Some(budget),
            seed: args.seed,
            fuel: args.max_insns.min(1 << 17),
            kernel_btf: choice.kernel_btf,
            siblings,
        },
    );
    match &found.witness {
        Some(witness) => {
            tell(&mut out, program, witness, at);
            if let Some(file) = &args.save {
                let expect = witness.fault.to_string();
                let text = input_file(object, name, &witness.input, Some(&expect));
                output::write(&text, Some(file))?;
                let _ = writeln!(
                    out,
                    "saved: bpfassay run --replay {}",
                    terminal(&file.display().to_string())
                );
            }
        }
        None => {
            let why = found.skipped.unwrap_or_else(|| {
                let reached = at.and_then(|at| found.seen.get(at as usize)).copied();
                match reached {
                    Some(true) => "the instruction was reached, but nothing went wrong".into(),
                    Some(false) => "the instruction was not reached".into(),
                    None => "nothing went wrong".into(),
                }
            });
            let _ = writeln!(out, "no witness within {} runs: {why}", found.runs);
        }
    }
    output::write(&out, None)?;
    Ok(exit::FINDINGS)
}

fn tell(out: &mut String, program: &Program, witness: &Witness, at: Option<u32>) {
    let site = witness.fault.site;
    let own = site.program == 0;
    let _ = write!(out, "witness: {}", terminal(&describe(witness)));
    let _ = write!(out, " at instruction {}", site.insn);
    if let Some(line) = program.line_at(site.insn).filter(|_| own) {
        let _ = write!(out, " ({}:{})", terminal(&line.file), line.line);
    }
    out.push('\n');
    if at.is_some_and(|at| at != site.insn) {
        out.push_str(
            "    not the instruction that was refused, but one that such an input reaches\n",
        );
    }
    let input = &witness.input;
    let _ = writeln!(
        out,
        "    input: {}, seed {}{}",
        terminal(&input.label),
        input.seed,
        if input.populated {
            ", populated maps"
        } else {
            ""
        }
    );
    if !input.packet.is_empty() {
        let _ = writeln!(out, "    packet: {}", hex(&input.packet));
    }
}
