//! From a refusal to a diagnostic: facts, words, spans.

use super::kernel_words::{self, Series};
use super::source::{SourceText, Sources, expression_at, line_of};
use super::story::{self, Claim, Scene, Story};
use super::wording::{self, Facts, Nature};
use super::{Branch, Diagnostic, Label, Place, names};
use crate::abstract_interp::Code;
use crate::abstract_interp::refusal::{Held, Refusal};
use crate::prelude::*;
use crate::programs::Program;
use crate::programs::insn::{Op, Src};
use crate::target::Target;
use crate::untrusted::{Untrusted, text};

/// What a diagnostic is made from besides the refusal.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The refused program.
    pub program: &'a Program,
    /// Its decoded instructions.
    pub ops: &'a [Op],
    /// Name of the target.
    pub target: &'a str,
    /// The target itself, if it is one that is known.
    pub kernel: Option<&'a Target>,
    /// Where source files are found.
    pub source_text: SourceText<'a>,
}

/// The branches told of a path.
const MAX_BRANCHES: usize = 8;

/// Words and draws one refusal; the kernel's words are those of `series`.
pub fn describe(context: &Context<'_>, refusal: &Refusal, series: Series) -> Diagnostic {
    let program = context.program;
    let last = program.insns.len().saturating_sub(1);
    let insn = refusal.insn.min(last);
    let insn_text = names::instruction(program, context.ops, insn);
    let target = (context.target, context.kernel);
    let scene = Scene::new(
        program,
        context.ops,
        target,
        context.source_text,
        refusal,
        insn,
    );
    let story = story::tell(&scene);
    let mut told = match story {
        Some(story) => story,
        None => plain(context, &scene, &insn_text),
    };
    told.events.retain(|e| e.insn < program.insns.len());
    let page = wording::page_for(told.code, &Facts::of(refusal)).rule;
    let what = capitalized(story::words::headline(&told.claim));
    let reason = told
        .reason
        .take()
        .or_else(|| story::words::reason(&told.claim));
    let spots = spots(&scene, &told);
    let slots = spots.iter().map(|s| s.0).collect();
    let mut sources = Sources::new(program, context.ops, context.source_text, slots);
    sources.show(told.edit_line);
    let mut labels: Vec<Label> = Vec::new();
    let crowd = crowd(context, &mut sources, &spots);
    for (slot, text) in spots {
        let first = labels.is_empty();
        let label = match told.edit_line.filter(|_| first) {
            Some(line) => label_at(&mut sources, slot, line, text.into()),
            // One place in C for many instructions: they are told apart.
            None if !first && crowd.contains(&slot) => listed(&mut sources, slot, text.into()),
            None => label(&mut sources, slot, text.into()),
        };
        place(&mut labels, label);
    }
    let listing = labels.iter().skip(1).any(|l| is_listed(&sources, l));
    if listing && !is_listed(&sources, &labels[0]) && crowded(context, labels[0].insn) {
        let text = if labels[0].insn == insn {
            "this is refused".into()
        } else {
            labels[0].text.clone()
        };
        let listed = listed(&mut sources, labels[0].insn, text);
        place(&mut labels, listed);
    }
    let primary = labels.remove(0);
    let related = told.events.iter().map(|e| e.insn).collect::<Vec<_>>();
    let (branches, branches_before) = branches(context, refusal, &related);
    let remedy = told.helps.first().map(|h| as_sentence(h.text.data()));
    Diagnostic {
        code: told.code,
        class: kernel_words::class(refusal, series).into(),
        what: what.into(),
        own_reason: reason.is_some(),
        why: reason.unwrap_or_else(|| page.why_short()).into(),
        remedy: remedy.unwrap_or_else(|| page.remedy_short()).into(),
        helps: told.helps,
        cause: told.cause,
        claim: told.claim,
        further: Vec::new(),
        witness: None,
        changed: None,
        kernel_words: kernel_words::of(refusal, series).into(),
        shared_words: kernel_words::shared(refusal, series).into(),
        insn,
        insn_text: insn_text.into(),
        place: place_of(program, insn),
        sources: sources.list,
        primary,
        secondary: labels,
        branches,
        branches_before,
        registers: refusal
            .regs
            .iter()
            .map(|(reg, held)| (*reg, kernel_words::held(held).into()))
            .collect(),
        refusal: refusal.without_path(),
        retold: None,
    }
}

/// A refusal of no kind that has its story: the page's words, and the walk back.
fn plain(context: &Context<'_>, scene: &Scene<'_>, insn_text: &str) -> Story {
    let (events, origin) = story::trace(scene);
    let facts = facts(context, scene, insn_text, origin);
    let page = wording::page_for(scene.refusal.code(), &facts);
    let what = capitalized((page.what)(&facts));
    Story {
        code: scene.refusal.code(),
        claim: Claim::Plain(what),
        reason: None,
        edit_at: None,
        edit_line: None,
        events,
        cause: story::cause_of(scene.refusal.code()),
        helps: vec![],
        bounded: None,
    }
}

/// The places to label, the one to edit first, with what is said of them.
fn spots(scene: &Scene<'_>, told: &Story) -> Vec<(usize, String)> {
    let refused = story::words::refused(scene);
    let edit_at = told.edit_at.filter(|&at| at < scene.program.insns.len());
    let events = told.events.iter();
    let all = events.map(|e| (e.insn, story::words::event(&e.kind)));
    match edit_at.filter(|&at| at != scene.insn || told.edit_line.is_some()) {
        Some(at) => {
            let mut all: Vec<(usize, String)> = all.collect();
            let own = all.iter().position(|(insn, _)| *insn == at);
            let first = match own {
                Some(i) => all.remove(i),
                None => (at, "the place to edit".to_owned()),
            };
            all.push((scene.insn, refused));
            all.insert(0, first);
            all
        }
        None => [(scene.insn, refused)].into_iter().chain(all).collect(),
    }
}

/// What is said of one place is said once, in one label.
fn place(labels: &mut Vec<Label>, label: Label) {
    let same = labels
        .iter_mut()
        .find(|l| (l.source, l.offset) == (label.source, label.offset));
    match same {
        Some(same) if same.text.data().contains(label.text.data()) => {}
        Some(same) => {
            same.text = text!("{}; {}", same.text, label.text);
            same.len = same.len.max(label.len);
        }
        None => labels.push(label),
    }
}

/// The instructions that share their place in the source with another that something is
/// said of, where that place stands for many.
fn crowd(
    context: &Context<'_>,
    sources: &mut Sources<'_>,
    spots: &[(usize, String)],
) -> Vec<usize> {
    let placed: Vec<(usize, (usize, usize))> = spots
        .iter()
        .map(|(slot, _)| {
            let label = label(sources, *slot, Untrusted::default());
            (*slot, (label.source, label.offset))
        })
        .collect();
    let shared = placed.iter().filter(|(slot, at)| {
        placed
            .iter()
            .any(|(other, there)| other != slot && there == at)
    });
    shared
        .map(|(slot, _)| *slot)
        .filter(|&slot| crowded(context, slot))
        .collect()
}

/// Instructions beside one that are looked at for what its place stands for.
const NEAR: usize = 256;

/// Whether an instruction's place in the source stands for many that do different
/// things: a text of assembler, or a macro that makes several calls.
fn crowded(context: &Context<'_>, insn: usize) -> bool {
    let program = context.program;
    let Some(own) = line_of(program, insn) else {
        return false;
    };
    if super::c_text::assembler(&own.text) {
        return true;
    }
    let near = insn.saturating_sub(NEAR)..(insn + NEAR).min(context.ops.len());
    let calls = near.filter(|&at| {
        matches!(context.ops.get(at), Some(Op::Call(_)))
            && line_of(program, at)
                .is_some_and(|l| (l.line, l.col, &l.file) == (own.line, own.col, &own.file))
    });
    calls.take(2).count() == 2
}

fn is_listed(sources: &Sources<'_>, label: &Label) -> bool {
    sources
        .list
        .get(label.source)
        .is_some_and(super::Source::is_listing)
}

/// A sentence: begun with a capital letter, ended.
pub fn as_sentence(text: &str) -> String {
    let text = capitalized(text.to_owned());
    if text.ends_with(['.', '!', '?']) {
        text
    } else {
        format!("{text}.")
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

/// A label on another line of an instruction's file, where that is known.
fn label_at(sources: &mut Sources<'_>, insn: usize, line: u32, text: Untrusted) -> Label {
    let own = label(sources, insn, text);
    let source = sources.list.get(own.source);
    match source.and_then(|s| s.span(line, 0)) {
        Some((offset, len)) => Label {
            offset,
            len,
            line,
            ..own
        },
        None => own,
    }
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
    listed(sources, insn, text)
}

/// A label in the program's disassembly.
fn listed(sources: &mut Sources<'_>, insn: usize, text: Untrusted) -> Label {
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

fn facts(
    context: &Context<'_>,
    scene: &Scene<'_>,
    insn_text: &str,
    origin: Option<String>,
) -> Facts {
    let (v, insn) = (scene.refusal, scene.insn);
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
        holds: held.map(|held| match held {
            Held::Known(reg) => story::argument::words(scene, reg),
            Held::Logged(text) => format!("`{text}`"),
        }),
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
pub(super) fn readable(expr: &str) -> bool {
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

fn branches(context: &Context<'_>, v: &Refusal, related: &[usize]) -> (Vec<Branch>, usize) {
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
    let newest = all.last().map(|b| b.0);
    let before = all.len().saturating_sub(MAX_BRANCHES);
    let told = all
        .into_iter()
        .skip(before)
        .map(|(insn, taken)| Branch {
            insn,
            taken,
            decisive: related.contains(&insn) || newest == Some(insn),
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
