//! A refusal, read back: its words, places and facts; not how it was found.

use super::record::{self, Fact};
use super::{labels, line_of, place_of, sources, text};
use crate::abstract_interp::Code;
use crate::abstract_interp::refusal::{Logged, Refusal};
use crate::diagnostics::facts::{Evidence, Facts};
use crate::diagnostics::story::{EditPlace, Patch};
use crate::diagnostics::{
    Branch, Cause, Claim, Diagnostic, Edit, Help, Place, Sure, Tested, find_code,
};
use crate::untrusted::Untrusted;

pub(super) fn diagnostic(d: record::Diagnostic) -> Result<Diagnostic, String> {
    let code = find_code(&d.code).ok_or("a code that this version does not know")?;
    let sources = sources(d.sources)?;
    let further = d.further.into_iter().map(diagnostic);
    let helps = d.help.into_iter().map(help);
    let branches = d.branches.into_iter().map(branch);
    let registers = d.registers.into_iter();
    Ok(Diagnostic {
        code,
        class: d.class.into(),
        claim: Claim::Plain(d.what.clone()),
        what: d.what.into(),
        why: d.why.into(),
        own_reason: d.own_reason,
        remedy: d.remedy.into(),
        helps: helps.collect::<Result<_, _>>()?,
        cause: (cause(&d.cause)?, sure(&d.confidence)?),
        further: further.collect::<Result<_, _>>()?,
        witness: d.witness.map(Untrusted::from),
        changed: d.changed.map(Untrusted::from),
        kernel_words: d.kernel_words.into(),
        shared_words: d.shared_words.into(),
        insn: d.insn,
        insn_text: d.insn_text.into(),
        place: d.place.map(place_of).transpose()?,
        primary: super::label(&sources, d.primary)?,
        secondary: labels(&sources, d.secondary)?,
        sources,
        branches: branches.collect::<Result<_, String>>()?,
        branches_before: d.branches_before,
        registers: registers.map(|r| (r.reg, r.holds.into())).collect(),
        refusal: refusal(code),
        retold: Some(facts(d.refusal)),
    })
}

/// All that is left of how it was found.
fn refusal(code: Code) -> Refusal {
    *Refusal::logged(Logged {
        code,
        key: None,
        fields: Vec::new(),
        lines: Vec::new(),
    })
}

fn facts(facts: record::Refusal) -> Facts {
    let fields = facts.fields.into_iter().map(|(name, fact)| {
        let fact = match fact {
            Fact::Signed(n) => Evidence::Number(n),
            Fact::Unsigned(n) => Evidence::Unsigned(n),
            Fact::Word(word) => Evidence::Word(word.into()),
            Fact::Bits { value, mask } => Evidence::Bits { value, mask },
            Fact::Range { min, max } => Evidence::Range { min, max },
        };
        (name.into(), fact)
    });
    Facts {
        kind: facts.kind,
        reg: facts.reg,
        function: facts.function.map(Untrusted::from),
        fields: fields.collect(),
    }
}

fn help(h: record::Help) -> Result<Help, String> {
    let tested = match h.tested.as_str() {
        "verifies" => Tested::Verifies,
        "goes-on" => Tested::GoesOn {
            line: h.next_line,
            insn: h.next_insn.unwrap_or(0),
        },
        "passes" => Tested::Passes,
        "fails" => Tested::Fails,
        "untested" => Tested::Not,
        _ => return Err("a test of a help that ended in no known way".into()),
    };
    let edit = h.suggestion.map(|s| {
        Ok::<_, String>(Edit {
            line: line_of(s.line)?,
            place: match s.place.as_str() {
                "before" => EditPlace::Before,
                "after" => EditPlace::After,
                "instead" => EditPlace::Instead,
                _ => return Err("an edit at no known place".into()),
            },
            file: s.file,
            old: s.old,
            new: s.new,
        })
    });
    Ok(Help {
        text: h.text.into(),
        edit: edit.transpose()?,
        patch: h.as_instructions.then(|| Patch {
            parts: Vec::new(),
            value_size: None,
            load: None,
        }),
        tested,
    })
}

fn branch(b: record::Branch) -> Result<Branch, String> {
    let place = match (b.file, b.line) {
        (Some(file), Some(line)) => {
            let place = Place {
                file: file.into(),
                line: line_of(line)?,
                column: b.column.unwrap_or(0),
            };
            Some((place, text(b.source)))
        }
        _ => None,
    };
    Ok(Branch {
        insn: b.insn,
        taken: b.taken,
        text: b.text.into(),
        place,
        decisive: b.decisive,
    })
}

fn cause(word: &str) -> Result<Cause, String> {
    let all = [
        Cause::Source,
        Cause::Compiler,
        Cause::Verifier,
        Cause::Environment,
    ];
    let found = all.into_iter().find(|c| c.name() == word);
    found.ok_or_else(|| "a cause that there is none of".to_owned())
}

fn sure(word: &str) -> Result<Sure, String> {
    let all = [Sure::High, Sure::Medium, Sure::Low];
    let found = all.into_iter().find(|s| s.name() == word);
    found.ok_or_else(|| "a confidence that there is none of".to_owned())
}
