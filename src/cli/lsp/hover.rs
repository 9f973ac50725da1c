//! What is known at a line: registers and stack before it, what the expression under the
//! cursor reads, and what the line changed, as the verifier's walk had it the first time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::desk::Stop;
use super::scan::Round;
use crate::abstract_interp::Input;
use crate::budget::Budget;
use crate::cli::inputs::{self, Targets};
use crate::cli::{Failure, spend};
use crate::diagnostics::{expression_at, instruction};
use crate::limits;
use crate::programs::{Program, decode};
use crate::untrusted::{code, fenced, terminal};
use crate::view::variables::{Held, Variable, variables};
use crate::view::{self, Around, Contents};

/// A place in a file, as the object counts.
pub(super) struct Asked {
    pub(super) file: PathBuf,
    /// From 1, and from 0 in bytes.
    pub(super) line: u32,
    pub(super) byte: usize,
    /// The line as it reads now.
    pub(super) text: String,
}

/// The objects whose lines are of the file, asked for a place of it; Markdown.
pub(super) fn tell(
    round: &Round,
    objects: &[PathBuf],
    asked: &Asked,
    stop: &Stop,
) -> Result<Option<String>, Failure> {
    let time = limits::LSP_HOVER_SECONDS * 1_000_000;
    let budget = Budget::new(limits::RUN_BYTES, 1)
        .timed(spend::micros, time)
        .stopped_by(Arc::clone(stop));
    let targets = Targets::open(&round.open)?;
    let choices = targets.choices();
    let Some(choice) = choices.first() else {
        return Ok(None);
    };
    let mut parts = Vec::new();
    let mut more = 0;
    for object in objects {
        let variables = inputs::read(object).map_or_else(|_| Vec::new(), |b| variables(&b));
        let programs = round.programs(object, &budget);
        for program in &programs {
            let slots = slots(round, program, asked);
            if slots.is_empty() || budget.ended().is_some() {
                continue;
            }
            if parts.len() >= limits::LSP_HOVER_PROGRAMS {
                more += 1;
                continue;
            }
            let input = Input {
                program,
                target: choice.target,
                kernel_btf: choice.kernel_btf,
            };
            let around = view::around(&input, &slots, budget.open());
            let text = part(
                program,
                &choice.target.name,
                (&slots, &around),
                &variables,
                asked,
            );
            parts.push(text);
        }
    }
    if more > 0 {
        parts.push(format!("and {more} more program(s)"));
    }
    Ok((!parts.is_empty()).then(|| parts.join("\n\n---\n\n")))
}

/// The instructions of the line. A line that reads otherwise than the object has it is not
/// the line that was asked for.
fn slots(round: &Round, program: &Program, asked: &Asked) -> BTreeSet<usize> {
    let mut files: BTreeMap<&str, bool> = BTreeMap::new();
    let mut slots = BTreeSet::new();
    let mut lines = program.line_info.iter().peekable();
    while let Some(line) = lines.next() {
        let carried = line.info.text.trim();
        let reads = carried.is_empty() || carried == asked.text.trim();
        if line.line != asked.line || !reads {
            continue;
        }
        let name: &str = &line.info.file;
        let same = files
            .entry(name)
            .or_insert_with(|| round.file(name).as_deref() == Some(&*asked.file));
        if *same {
            let next = lines
                .peek()
                .map_or(program.insns.len(), |l| l.insn as usize);
            slots.extend((line.insn as usize..next).take(limits::LSP_HOVER_SLOTS));
        }
    }
    slots.into_iter().take(limits::LSP_HOVER_SLOTS).collect()
}

/// The instructions of the expression under the cursor, and its text.
fn expression(
    program: &Program,
    slots: &BTreeSet<usize>,
    asked: &Asked,
) -> Option<(BTreeSet<usize>, String)> {
    let mut best: Option<(usize, usize, u32)> = None;
    for &slot in slots {
        let line = program.line_at(slot as u32)?;
        let Some(at) = (line.col as usize).checked_sub(1) else {
            continue;
        };
        let text = &asked.text;
        let (from, to) = expression_at(text, at.min(text.len()));
        let inside = from <= asked.byte && asked.byte <= to;
        if inside && best.is_none_or(|(a, b, _)| to - from < b - a) {
            best = Some((from, to, line.col));
        }
    }
    let (from, to, column) = best?;
    let of = slots.iter().copied().filter(|&slot| {
        program
            .line_at(slot as u32)
            .is_some_and(|l| l.col == column)
    });
    Some((of.collect(), asked.text.get(from..to)?.trim().to_owned()))
}

fn part(
    program: &Program,
    target: &str,
    (slots, around): (&BTreeSet<usize>, &Around),
    variables: &[Variable],
    asked: &Asked,
) -> String {
    let ops = decode(&program.insns);
    let mut out = format!("**{}** on {}", code(&program.name), code(target));
    let Some(before) = around.before.values().next() else {
        out.push_str(": the verifier does not come here");
        return out;
    };
    let visits = around.visits.values().max().copied().unwrap_or(0);
    let _ = write!(out, ", processed {visits} time(s)\n\n");
    if let Some((own, text)) = expression(program, slots, asked) {
        let mut lines = String::new();
        for slot in own {
            let Some(held) = around.before.get(&slot) else {
                continue;
            };
            let _ = writeln!(
                lines,
                "{slot}: {}",
                terminal(&instruction(program, &ops, slot))
            );
            let Some(op) = ops.get(slot) else { continue };
            let reads = op.effects().reads;
            for reg in reads.iter() {
                let name = format!("r{reg}");
                let of = held.iter().find(|(place, _)| *place == name);
                if let Some((place, text)) = of {
                    let _ = writeln!(lines, "      {place} = {}", terminal(text));
                }
            }
        }
        if !lines.is_empty() {
            let _ = write!(out, "{}\n\n{}\n", code(&text), fenced("", &lines));
        }
    }
    let named = named(program, around, variables, word(&asked.text, asked.byte));
    if !named.is_empty() {
        let _ = write!(out, "variables\n\n{}\n", fenced("", &named));
    }
    let _ = write!(out, "before this line\n\n{}\n", block(before));
    let changed: Contents = around
        .after
        .iter()
        .filter(|held| !before.contains(held))
        .cloned()
        .collect();
    if !changed.is_empty() {
        let _ = write!(out, "\nafter it\n\n{}", block(&changed));
    }
    out
}

fn block(held: &Contents) -> String {
    let lines: String = held.iter().fold(String::new(), |mut out, (place, text)| {
        let _ = writeln!(out, "{place:>7} = {}", terminal(text));
        out
    });
    fenced("", &lines)
}

/// The name at a byte of a line; empty if there is none.
fn word(text: &str, byte: usize) -> &str {
    let letter = |c: char| c.is_alphanumeric() || c == '_';
    let Some(before) = text.get(..byte) else {
        return "";
    };
    let from = before.trim_end_matches(letter).len();
    let rest = text.get(from..).unwrap_or("");
    let to = rest.len() - rest.trim_start_matches(letter).len();
    rest.get(..to).unwrap_or("")
}

/// Variables that are held somewhere at the line, the one that was asked for first.
fn named(program: &Program, around: &Around, variables: &[Variable], asked: &str) -> String {
    let mut seen: BTreeMap<(bool, &str), String> = BTreeMap::new();
    for (&slot, held) in &around.before {
        let function = program
            .subprog_at(slot as u32)
            .and_then(|at| program.subprogs.get(at));
        let (name, start) = match function {
            Some(f) => (f.name.to_string(), f.start as usize),
            None => (program.name.to_string(), 0),
        };
        let at = slot.saturating_sub(start) as u64;
        let here = variables
            .iter()
            .filter(|v| v.function == name && (v.from..v.to).contains(&at));
        for v in here.take(limits::LSP_HOVER_VARIABLES) {
            let (place, known) = match v.held {
                Held::Constant(n) => ("no register".to_owned(), Some(n.to_string())),
                Held::Register(reg) => content(held, format!("r{reg}")),
                // A slot is named by its lowest byte.
                Held::Stack(offset) => content(held, format!("fp{}", offset.div_euclid(8) * 8)),
            };
            // The first of a line that the walk came to, as everywhere here.
            if let Some(known) = known {
                let key = (v.name != asked, v.name.as_str());
                let text = format!("{} = {known}   ({place})", v.name);
                seen.entry(key).or_insert(text);
            }
        }
    }
    let lines = seen.values().take(limits::LSP_HOVER_VARIABLES);
    lines.fold(String::new(), |mut out, line| {
        let _ = writeln!(out, "{}", terminal(line));
        out
    })
}

fn content(held: &Contents, place: String) -> (String, Option<String>) {
    let known = held.iter().find(|(at, _)| *at == place);
    let known = known.map(|(_, text)| text.clone());
    (place, known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_under_the_cursor_is_whole() {
        let check = |byte, want| assert_eq!(word("a->len + \u{e9}x", byte), want, "{byte}");
        check(0, "a");
        check(1, "a");
        check(3, "len");
        check(5, "len");
        check(7, "");
        check(9, "\u{e9}x");
        check(99, "");
    }
}
