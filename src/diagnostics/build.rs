//! From a refusal to a diagnostic: facts, words, spans.

use super::kernel_words::{self, Series};
use super::source::{SourceText, Sources, expression_at, line_of};
use super::wording::{self, Facts, Nature};
use super::{Branch, Diagnostic, Label, Place, cause, names};
use crate::abstract_interp::Code;
use crate::abstract_interp::refusal::Refusal;
use crate::prelude::*;
use crate::programs::Program;
use crate::programs::insn::{Op, Src};
use crate::untrusted::Untrusted;

/// What a diagnostic is made from besides the refusal.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The refused program.
    pub program: &'a Program,
    /// Its decoded instructions.
    pub ops: &'a [Op],
    /// Name of the target.
    pub target: &'a str,
    /// Where source files are found.
    pub source_text: SourceText<'a>,
}

/// The most of a register's contents that a label shows.
const MAX_HOLDS: usize = 56;

/// The branches told of a path.
const MAX_BRANCHES: usize = 8;

/// Words and draws one refusal; the kernel's words are those of `series`.
pub fn describe(context: &Context<'_>, refusal: &Refusal, series: Series) -> Diagnostic {
    let program = context.program;
    let last = program.insns.len().saturating_sub(1);
    let insn = refusal.insn.min(last);
    let cause = cause::find(program, context.ops, refusal);
    let slots = cause.events.iter().map(|e| e.insn).chain([insn]);
    let slots = slots.filter(|&slot| slot < program.insns.len()).collect();
    let mut sources = Sources::new(program, context.ops, context.source_text, slots);
    let insn_text = names::instruction(program, context.ops, insn);
    let facts = facts(context, refusal, insn, &insn_text, cause.origin);
    let page = wording::page_for(refusal.code(), &facts);
    let what = capitalized((page.what)(&facts));
    let primary = label(&mut sources, insn, primary_text(&facts, &insn_text).into());
    let secondary = cause
        .events
        .into_iter()
        .filter(|e| e.insn < program.insns.len())
        .map(|e| label(&mut sources, e.insn, e.text.into()))
        .filter(|l| {
            (l.source, l.offset, &l.text) != (primary.source, primary.offset, &primary.text)
        })
        .collect();
    let (branches, branches_before) = branches(context, refusal);
    Diagnostic {
        code: refusal.code(),
        what: what.into(),
        why: page.rule.why_short(),
        remedy: page.rule.remedy_short(),
        kernel_words: kernel_words::of(refusal, series).into(),
        shared_words: kernel_words::shared(refusal, series).into(),
        insn,
        insn_text: insn_text.into(),
        place: place_of(program, insn),
        sources: sources.list,
        primary,
        secondary,
        branches,
        branches_before,
        registers: refusal
            .regs
            .iter()
            .map(|(reg, held)| (*reg, kernel_words::held(held).into()))
            .collect(),
        refusal: refusal.without_path(),
    }
}

/// Where an instruction stands in the source.
pub fn place_of(program: &Program, insn: usize) -> Option<Place> {
    program.place(u32::try_from(insn).ok()?)
}

fn capitalized(text: String) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

pub(super) fn label(sources: &mut Sources<'_>, insn: usize, text: Untrusted) -> Label {
    if let Some(record) = sources.record(insn) {
        let source = sources.file(&record.file);
        let span = sources
            .list
            .get(source)
            .and_then(|s| s.span(record.line, record.col));
        if let Some((offset, len)) = span {
            return Label {
                source,
                offset,
                len,
                text,
                insn,
                line: record.line,
            };
        }
    }
    let source = sources.listing();
    let line = insn as u32 + 1;
    let (offset, len) = sources
        .list
        .get(source)
        .and_then(|s| s.span(line, 0))
        .unwrap_or((0, 1));
    Label {
        source,
        offset,
        len,
        text,
        insn,
        line,
    }
}

fn primary_text(facts: &Facts, insn_text: &str) -> String {
    match (facts.reg, &facts.holds) {
        (Some(reg), Some(holds)) => {
            let short: String = holds.chars().take(MAX_HOLDS).collect();
            let more = if short.len() < holds.len() { "..." } else { "" };
            format!("refused: `{insn_text}` with R{reg}={short}{more}")
        }
        _ => format!("refused: `{insn_text}`"),
    }
}

fn facts(
    context: &Context<'_>,
    v: &Refusal,
    insn: usize,
    insn_text: &str,
    origin: Option<String>,
) -> Facts {
    let program = context.program;
    let op = context.ops.get(insn);
    let (access, base, callee) = match op {
        Some(&Op::Load { size, base, .. } | &Op::LoadAcquire { size, base, .. }) => {
            (Some((size.bytes(), false)), Some(base), None)
        }
        Some(&Op::Store {
            size, base, src, ..
        }) => {
            let stored = matches!(
                (v.code(), src),
                (Code::CtxPointerLeak | Code::PointerLeak, Src::Reg(_))
            );
            (Some((size.bytes(), true)), (!stored).then_some(base), None)
        }
        Some(&Op::StoreRelease { size, base, .. } | &Op::Atomic { size, base, .. }) => {
            (Some((size.bytes(), true)), Some(base), None)
        }
        Some(&Op::Call(callee)) => (None, None, Some(names::callee(program, callee, insn))),
        Some(&Op::Alu { dst, .. }) => (None, Some(dst), None),
        Some(Op::Exit) => (None, Some(0), None),
        _ => (None, None, None),
    };
    let reg = v.reg.or(base);
    let held = reg.and_then(|r| v.regs.iter().find(|(n, _)| *n == r));
    let held = held.map(|(_, held)| held);
    // A call's line tells the call, not the variable.
    let expr = match (&callee, line_of(program, insn)) {
        (None, Some(l)) => {
            let at = (l.col as usize).saturating_sub(1);
            let (from, to) = expression_at(&l.text, at);
            l.text
                .get(from..to)
                .filter(|e| l.col > 0 && readable(e))
                .map(str::to_owned)
        }
        _ => None,
    };
    Facts {
        reg,
        holds: held.map(kernel_words::held),
        nature: held.and_then(Nature::of),
        insn: Some(insn_text.to_owned()),
        expr,
        callee,
        origin,
        unresolved: u32::try_from(insn)
            .ok()
            .and_then(|i| program.poison_at(i))
            .map(str::to_owned),
        offset: match op {
            Some(&(Op::Load { off, .. } | Op::Store { off, .. })) => Some(off),
            _ => None,
        },
        access,
        prog_type: Some(program.prog_type.name().to_owned()),
        target: Some(context.target.to_owned()),
        ..Facts::of(v)
    }
}

/// Whether an expression is the call of a macro, which tells little.
fn macro_call(expr: &str) -> bool {
    let name = expr.split('(').next().unwrap_or("");
    name.len() < expr.len() && !name.chars().any(|c| c.is_ascii_lowercase())
}

/// Whether a piece of source is short and whole enough to stand in a sentence.
fn readable(expr: &str) -> bool {
    (1..=48).contains(&expr.len())
        && !expr.starts_with(['{', '}', '"', '='])
        && ![
            "if", "for", "while", "return", "asm", "goto", "switch", "else", "do",
        ]
        .contains(&expr)
        && !macro_call(expr)
        && !expr.contains("asm")
        && !expr.contains("return")
}

fn branches(context: &Context<'_>, v: &Refusal) -> (Vec<Branch>, usize) {
    let program = context.program;
    let all: Vec<(usize, bool)> = v
        .path
        .windows(2)
        .filter_map(|pair| {
            let &[insn, next] = pair else { return None };
            matches!(context.ops.get(insn as usize), Some(Op::Jmp { .. }))
                .then_some((insn as usize, next != insn + 1))
        })
        .collect();
    let before = all.len().saturating_sub(MAX_BRANCHES);
    let told = all
        .into_iter()
        .skip(before)
        .map(|(insn, taken)| Branch {
            insn,
            taken,
            text: names::instruction(program, context.ops, insn).into(),
            place: line_of(program, insn).map(|l| {
                (
                    Place {
                        file: (&l.file).into(),
                        line: l.line,
                        column: l.col,
                    },
                    l.text.trim().into(),
                )
            }),
        })
        .collect();
    (told, before)
}
