//! The story of a refusal: what happened, where the proof was lost, what mends it.
//!
//! A story is data. A kind of mistake has its file, which reads the refusal's fields
//! and the walked path (`scene`) and gives a [`Claim`] (the headline's facts), the
//! [`Event`]s that led there, the place to edit, the [`Cause`] and [`Help`]s. `words`
//! makes sentences of claims; a test compares claims with the refusal that they are
//! about. Families of rules that need no more than their fields word themselves (`rules`).
//!
//! A kind that has no file is told by its page's words, with the events that the
//! walk back from the value at fault gives (`trace`).

mod again;
pub(in crate::diagnostics) mod argument;
mod bounds;
mod chain;
mod claim;
mod context;
mod edit;
mod ends;
mod event;
mod held;
mod index;
mod length;
mod limit;
mod null;
mod number;
mod offer;
mod packet;
mod packet_again;
mod packet_end;
mod packet_far;
pub(in crate::diagnostics) mod patch;
mod pointer;
mod rules;
mod scene;
mod stale;
mod trace;
mod unpassed;
mod unwritten;
pub(in crate::diagnostics) mod words;

pub use claim::{Access, Claim, Object, Range, Voided};
pub use edit::{Edit, Place as EditPlace};
pub use event::{Event, Happened};
pub use patch::{Load, Patch};
pub(super) use scene::Scene;
pub use words::range;

use crate::abstract_interp::Code;
use crate::diagnostics::remedy::Tested;
use crate::diagnostics::{c_compare, c_function, c_text, c_types};
use crate::prelude::*;
use crate::untrusted::Untrusted;

/// Who has to change something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The program's source.
    Source,
    /// The compiler, or how it is called.
    Compiler,
    /// The verifier, which fails to see what holds.
    Verifier,
    /// The kernel's version, configuration, or how the program is loaded.
    Environment,
}

impl Cause {
    /// The stable word.
    pub const fn name(self) -> &'static str {
        match self {
            Cause::Source => "source",
            Cause::Compiler => "compiler",
            Cause::Verifier => "verifier",
            Cause::Environment => "environment",
        }
    }
}

/// How sure a cause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sure {
    /// The facts leave no other.
    High,
    /// Likely.
    Medium,
    /// A guess.
    Low,
}

impl Sure {
    /// The stable word.
    pub const fn name(self) -> &'static str {
        match self {
            Sure::High => "high",
            Sure::Medium => "medium",
            Sure::Low => "low",
        }
    }
}

/// One way to mend the program.
#[derive(Clone, Debug)]
pub struct Help {
    /// What to do, in one sentence.
    pub text: Untrusted,
    /// The edited lines, if they can be given.
    pub edit: Option<Edit>,
    /// What the edit comes to in instructions, to be verified.
    pub patch: Option<Patch>,
    /// What verifying it showed.
    pub tested: Tested,
}

impl Help {
    /// Words only.
    pub fn say(text: impl Into<Untrusted>) -> Help {
        Help {
            text: text.into(),
            edit: None,
            patch: None,
            tested: Tested::Not,
        }
    }

    /// With edited lines.
    #[must_use]
    pub fn edit(mut self, edit: Option<Edit>) -> Help {
        self.edit = edit;
        self
    }

    /// With what it comes to.
    #[must_use]
    pub fn patch(mut self, patch: Option<Patch>) -> Help {
        self.patch = patch;
        self
    }
}

/// The whole story.
#[derive(Clone, Debug)]
pub struct Story {
    /// The code, which may tell more than the refusal's own.
    pub code: Code,
    /// The headline.
    pub claim: Claim,
    /// One more sentence about this very refusal, in place of the page's.
    pub reason: Option<String>,
    /// The slot of the line to edit, where it isn't the refused one.
    pub edit_at: Option<usize>,
    /// The line to edit, in the same file, where no instruction has it.
    pub edit_line: Option<u32>,
    /// What led there, oldest first.
    pub events: Vec<Event>,
    /// Who has to change something.
    pub cause: (Cause, Sure),
    /// Ways to mend it, best first.
    pub helps: Vec<Help>,
    /// The number at fault, and the greatest value that is right.
    pub bounded: Option<(usize, i64)>,
}

impl Story {
    /// A story with nothing but a headline.
    pub(super) fn new(code: Code, claim: Claim) -> Story {
        Story {
            code,
            claim,
            reason: None,
            edit_at: None,
            edit_line: None,
            events: Vec::new(),
            cause: (Cause::Source, Sure::High),
            helps: Vec::new(),
            bounded: None,
        }
    }

    /// A rule of a family's own; none of a fault that only a log knows by its code.
    pub(super) fn rule(scene: &Scene<'_>, text: impl Into<String>) -> Story {
        let text = text.into();
        let claim = match scene.key() {
            Some(rule) => Claim::Rule { rule, text },
            None => Claim::Plain(text),
        };
        Story::new(scene.refusal.code(), claim)
    }

    /// With a sentence of its own why.
    #[must_use]
    fn because(mut self, reason: impl Into<String>) -> Story {
        self.reason = Some(reason.into());
        self
    }

    /// With one more way to mend it.
    #[must_use]
    fn help(mut self, help: Help) -> Story {
        self.helps.push(help);
        self
    }

    /// With advice in words.
    #[must_use]
    fn advise(self, text: impl Into<Untrusted>) -> Story {
        self.help(Help::say(text))
    }

    /// With what led there.
    #[must_use]
    fn after(mut self, events: impl IntoIterator<Item = Event>) -> Story {
        self.events.extend(events);
        self
    }

    /// With who has to change something.
    #[must_use]
    fn by(mut self, cause: Cause, sure: Sure) -> Story {
        self.cause = (cause, sure);
        self
    }

    /// With the place to edit.
    #[must_use]
    fn edit_at(mut self, insn: Option<usize>) -> Story {
        self.edit_at = insn;
        self
    }
}

/// The most events told.
const MAX_EVENTS: usize = 6;

/// Tells a refusal; none if no kind of story fits.
pub(super) fn tell(scene: &Scene<'_>) -> Option<Story> {
    let kinds: [fn(&Scene<'_>) -> Option<Story>; 12] = [
        unpassed::tell,
        offer::tell,
        null::tell,
        packet::tell,
        bounds::tell,
        unwritten::tell,
        held::tell,
        argument::tell,
        pointer::tell,
        ends::tell,
        ends::others,
        rules::tell,
    ];
    let mut story = kinds.iter().find_map(|kind| kind(scene))?;
    order(&mut story.events);
    unheeded(scene, &mut story);
    again::tell(scene, &mut story);
    inlined(scene, &mut story);
    Some(story)
}

/// What a function returns that the compiler put into its caller goes on there: no
/// instructions that leave stand for it.
fn inlined(scene: &Scene<'_>, story: &mut Story) {
    for help in &mut story.helps {
        let Some(edit) = &help.edit else { continue };
        let leaves = |l: &String| c_function::mentions(l, "return");
        let into = scene.function(&edit.file, edit.line);
        let Some(into) = into.filter(|_| edit.new.iter().any(leaves)) else {
            continue;
        };
        if !scene.is_own(&into) {
            help.patch = None;
            // No number can be returned as a structure.
            let whole = |t: &str| t.starts_with("struct ") || t.starts_with("union ");
            if into
                .returns()
                .is_some_and(|t| whole(&t) && !t.ends_with('*'))
            {
                help.edit = None;
            }
        }
    }
}

/// A comparison of the variable itself that is enough, and yet does not count: the
/// compiler computed what it compares apart from what is used, or the verifier does not
/// follow it through what is computed after.
fn unheeded(scene: &Scene<'_>, story: &mut Story) {
    let Some((number, most)) = story.bounded else {
        return;
    };
    let name = match &story.claim {
        Claim::Unbounded { name, .. }
        | Claim::NegativeLength { name, .. }
        | Claim::TooLong { name, .. } => name.clone(),
        Claim::Outside {
            number: Some(name), ..
        } => name.trim_matches('`').to_owned(),
        _ => return,
    };
    let (name, _) = c_types::sum(&name);
    let on_it = |insn: usize| {
        let line = scene.line(insn)?;
        (c_text::is_name(name) && c_compare::compares(&line.text, name)).then_some(line.line)
    };
    let apart =
        index::compared_apart(scene, number, most).filter(|t| !kept_together(scene, t.insn, name));
    if let Some((t, line)) = apart.and_then(|t| Some((t, on_it(t.insn)?))) {
        for event in story.events.iter_mut().filter(|e| e.insn == t.insn) {
            event.kind = Happened::BoundCopy;
        }
        story.cause = (Cause::Compiler, Sure::Medium);
        story.reason = Some(format!(
            "The comparison in line {line} is right, but the compiler computed what it compares apart from what is used here, and the verifier learns of the former only."
        ));
        let barrier = format!("asm volatile(\"\" : \"+r\"({name}));");
        let text = format!(
            "keep one copy: put `{barrier}` (`barrier_var({name})`) before the comparison in line {line}"
        );
        let edit = scene.insert_before(t.insn, &[barrier]);
        // Another comparison may be compiled in the same way.
        story.helps = vec![Help::say(text).edit(edit)];
        return;
    }
    let before = index::compared_before(scene, number, most);
    if let Some(line) = before.and_then(|t| on_it(t.insn)) {
        story.cause = (Cause::Verifier, Sure::Medium);
        story.reason = Some(format!(
            "The comparison in line {line} is right, but this target's verifier does not follow what it shows through what is computed after it."
        ));
    }
}

/// Whether a barrier already keeps the compiler from having a variable twice where it is
/// compared.
fn kept_together(scene: &Scene<'_>, insn: usize, name: &str) -> bool {
    let Some(l) = scene.line(insn) else {
        return false;
    };
    let function = scene.function(&l.file, l.line);
    function.is_some_and(|f| {
        let (first, _) = f.lines();
        let mut rows = f.between(first, l.line);
        let barrier = |code| c_text::assembler(code) || c_function::mentions(code, "barrier_var");
        rows.any(|(_, code)| barrier(code) && c_function::mentions(code, name))
    })
}

/// Oldest first, each once, not too many.
fn order(events: &mut Vec<Event>) {
    events.sort_by_key(|e| (e.step, e.insn));
    events.dedup_by(|a, b| a.insn == b.insn && a.kind == b.kind);
    if events.len() > MAX_EVENTS {
        // The origin and the newest tell the most.
        events.drain(1..=events.len() - MAX_EVENTS);
    }
}

/// What is known without a kind of story: events and the value's origin.
pub(super) fn trace(scene: &Scene<'_>) -> (Vec<Event>, Option<String>) {
    let (mut events, origin) = trace::find(scene);
    order(&mut events);
    (events, origin)
}

/// Who has to change something where only the code is known.
pub(super) fn cause_of(code: Code) -> (Cause, Sure) {
    use Code as C;
    match code {
        C::Privilege
        | C::BtfMissing
        | C::AttachTarget
        | C::AttachHookDisabled
        | C::LoadAttr
        | C::GplOnly
        | C::UnknownFunc => (Cause::Environment, Sure::Medium),
        C::LineInfo
        | C::UnreachableInsn
        | C::ReservedField
        | C::InvalidOpcode
        | C::UnknownOpcode => (Cause::Compiler, Sure::Medium),
        C::VerifierDefect | C::Rewrite | C::LivenessLimit | C::HistoryTooLong => {
            (Cause::Verifier, Sure::High)
        }
        _ => (Cause::Source, Sure::Medium),
    }
}
