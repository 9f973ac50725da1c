//! Findings: what lints, policies, budgets and portability checks have to say,
//! with the places they are about.

use super::build::{Context, label};
use super::source::{Source, Sources};
use super::{Label, Place};
use crate::prelude::*;
use crate::rules::{Rule, Severity};
use crate::untrusted::Untrusted;

/// One finding, ready to be drawn.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that fired.
    pub rule: &'static Rule,
    /// How bad it is here; the rule's own unless configured.
    pub severity: Severity,
    /// One sentence: what was found.
    pub what: Untrusted,
    /// How it is mended.
    pub remedy: String,
    /// The program, unless it is about the object.
    pub program: Option<Untrusted>,
    /// The program's section.
    pub section: Option<Untrusted>,
    /// The instruction slot it is about.
    pub insn: Option<usize>,
    /// Where that stands in the source.
    pub place: Option<Place>,
    /// Source texts that the labels point into.
    pub sources: Vec<Source>,
    /// The place it is about.
    pub primary: Option<Label>,
    /// Places that belong to it, in the order of the story.
    pub secondary: Vec<Label>,
    /// Targets it holds for; none: it doesn't depend on the target.
    pub targets: Vec<Untrusted>,
    /// Ways of loading that it holds for; none: all.
    pub variants: Vec<Untrusted>,
    /// Why it is suppressed, if it is.
    pub suppressed: Option<Untrusted>,
    /// By a comment in the source.
    pub in_source: bool,
}

impl Finding {
    /// A finding about an object, or a part of it that has no place in a program.
    pub fn of_object(rule: &'static Rule, what: impl Into<Untrusted>) -> Finding {
        Finding {
            rule,
            severity: rule.severity,
            what: what.into(),
            remedy: rule.remedy_short(),
            program: None,
            section: None,
            insn: None,
            place: None,
            sources: Vec::new(),
            primary: None,
            secondary: Vec::new(),
            targets: Vec::new(),
            variants: Vec::new(),
            suppressed: None,
            in_source: false,
        }
    }

    /// A finding about a program as a whole.
    pub fn of_program(
        context: &Context<'_>,
        rule: &'static Rule,
        what: impl Into<Untrusted>,
    ) -> Finding {
        Finding {
            program: Some((&context.program.name).into()),
            section: Some((&context.program.section).into()),
            ..Finding::of_object(rule, what)
        }
    }

    /// A finding about the instruction slot `insn` of a program: `text` labels
    /// it, `also` labels slots that belong to it.
    pub fn at(
        context: &Context<'_>,
        rule: &'static Rule,
        what: impl Into<Untrusted>,
        insn: usize,
        text: impl Into<Untrusted>,
        also: &[(usize, Untrusted)],
    ) -> Finding {
        let program = context.program;
        let slots = also.iter().map(|(at, _)| *at).chain([insn]);
        let slots = slots.filter(|&slot| slot < program.insns.len()).collect();
        let mut sources = Sources::new(program, context.ops, context.source_text, slots);
        let primary = label(&mut sources, insn, text.into());
        let secondary = also
            .iter()
            .filter(|(at, _)| *at < program.insns.len())
            .map(|(at, text)| label(&mut sources, *at, text.clone()))
            .collect();
        Finding {
            insn: Some(insn),
            place: super::place_of(program, insn),
            sources: sources.list,
            primary: Some(primary),
            secondary,
            ..Finding::of_program(context, rule, what)
        }
    }

    /// What findings of one object are ordered by.
    pub fn order(&self) -> (Option<&str>, Option<usize>, u16, &str) {
        (
            self.program.as_ref().map(Untrusted::data),
            self.insn,
            self.rule.number,
            self.what.data(),
        )
    }
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::Ordering::Relaxed;

    use super::*;
    use crate::programs::{decode, raw};

    /// Records of lines that are gone through for a finding at each of `n` lines.
    fn looked_at(n: usize) -> usize {
        let text = format!(".type xdp\nr0 = 0\n{}exit\n", "r0 += 1\n".repeat(n));
        let program = raw::program(raw::Input::Asm(text.as_bytes()), "n.bpfasm", None).unwrap();
        let ops = decode(&program.insns);
        let context = Context {
            program: &program,
            ops: &ops,
            target: "linux-6.18",
            kernel: None,
            source_text: &|_| None,
        };
        let rule = crate::rules::all().first().unwrap();
        for insn in 1..=n {
            let also = [(0, "from here".into())];
            let finding = Finding::at(&context, rule, "found", insn, "here", &also);
            let line = finding.sources[0].line(insn as u32 + 2);
            assert_eq!(line.unwrap().1, "r0 += 1");
        }
        program.line_info.looked_at.load(Relaxed)
    }

    #[test]
    fn lines_are_gone_through_once_for_all_findings() {
        for n in [100, 400] {
            let looked_at = looked_at(n);
            assert!(looked_at <= 2 * n, "{looked_at} for {n} findings");
        }
    }
}
