//! Tells people what the engine found: a [`Diagnostic`] is a refusal with its
//! words, its source spans and the story of the value at fault.
//!
//! Facts come in (a `Refusal`, a `Program`), text goes out; how it is drawn is
//! the business of `report`. Nothing here decides a verdict.

mod apart;
mod build;
mod c_compare;
mod c_function;
mod c_text;
mod c_types;
pub mod facts;
mod finding;
mod flow;
mod group;
pub mod kernel_words;
pub mod log;
mod names;
pub mod remedy;
mod source;
pub mod story;
pub mod wording;

pub use apart::apart;
pub use build::{Context, as_sentence, describe, place_of};
pub use finding::Finding;
pub use group::group;
pub use names::{ProgramNames, instruction};
pub use remedy::Tested;
pub use source::{Source, SourceText, Text, expression_at};
pub use story::{Cause, Claim, Edit, Help, Sure};

use alloc::borrow::Cow;

use crate::prelude::*;
pub use crate::programs::Place;

use crate::abstract_interp::{Code, Refusal};
use crate::untrusted::Untrusted;
use facts::Facts;

/// A piece of source text with something to say about it.
#[derive(Clone, Debug)]
pub struct Label {
    /// Index into [`Diagnostic::sources`].
    pub source: usize,
    /// Byte offset in the source's text.
    pub offset: usize,
    /// Length in bytes, at least 1.
    pub len: usize,
    /// What happened there.
    pub text: Untrusted,
    /// The instruction slot it stands for.
    pub insn: usize,
    /// Line in the source, from 1.
    pub line: u32,
}

/// A conditional jump on the refused path, and the way it went.
#[derive(Clone, Debug)]
pub struct Branch {
    /// Slot of the jump.
    pub insn: usize,
    /// Whether the jump was taken.
    pub taken: bool,
    /// The jump, disassembled.
    pub text: Untrusted,
    /// Where it stands in the source, and that line's text.
    pub place: Option<(Place, Untrusted)>,
    /// Whether it is about the value at fault, or the last.
    pub decisive: bool,
}

/// One refusal, ready to be drawn.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// The stable code; of mistakes that share a kernel's message, the one it is.
    pub code: Code,
    /// The class of the kernel's message.
    pub class: Cow<'static, str>,
    /// The headline's facts.
    pub claim: Claim,
    /// One sentence: what was refused.
    pub what: Untrusted,
    /// Why the kernel insists, of this very refusal where that is known.
    pub why: Untrusted,
    /// Whether that is about this refusal, not all of its code.
    pub own_reason: bool,
    /// How it is mended: the first of `helps`, or the page's.
    pub remedy: Untrusted,
    /// Ways to mend it, best first; none where only the page has advice.
    pub helps: Vec<Help>,
    /// Who has to change something, and how sure that is.
    pub cause: (Cause, Sure),
    /// Refusals that follow where this one is mended, each assuming those before.
    pub further: Vec<Diagnostic>,
    /// Whether an input was found on which the refused instruction goes wrong.
    pub witness: Option<Untrusted>,
    /// Why another target takes the program.
    pub changed: Option<Untrusted>,
    /// Key words of the kernel's own message.
    pub kernel_words: Untrusted,
    /// The same as all programs share it that are refused for this.
    pub shared_words: Untrusted,
    /// Slot of the refused instruction.
    pub insn: usize,
    /// The refused instruction, disassembled.
    pub insn_text: Untrusted,
    /// Where it stands in the source.
    pub place: Option<Place>,
    /// Source texts that the labels point into.
    pub sources: Vec<Source>,
    /// The place to edit; the refused one, unless another is sure.
    pub primary: Label,
    /// Where the value at fault came from, oldest first.
    pub secondary: Vec<Label>,
    /// The last branches of the path, oldest first.
    pub branches: Vec<Branch>,
    /// How many branches came before those.
    pub branches_before: usize,
    /// Registers at the refusal, as a verifier log words them.
    pub registers: Vec<(u8, Untrusted)>,
    /// The facts that all of this tells, without the path.
    pub refusal: Refusal,
    /// The same as a report tells them, of a diagnostic that was read from one: then
    /// `refusal` has the code only.
    pub retold: Option<Facts>,
}

impl Diagnostic {
    /// `BPF0108`.
    pub fn number(&self) -> String {
        number(self.code)
    }

    /// The typed facts.
    pub fn facts(&self) -> Facts {
        self.retold
            .clone()
            .unwrap_or_else(|| facts::of(&self.refusal))
    }
}

/// A code's printed number: `BPF0108`.
pub fn number(code: Code) -> String {
    format!("BPF{:04}", code.number())
}

/// Finds a code by number (`BPF0108`, `bpf108`, `108`) or name.
pub fn find_code(text: &str) -> Option<Code> {
    let lower = text.to_ascii_lowercase();
    let digits = lower.strip_prefix("bpf").unwrap_or(&lower);
    let by_number = digits.parse::<u16>().ok();
    Code::ALL
        .iter()
        .copied()
        .find(|c| by_number == Some(c.number()) || c.name() == lower)
}
