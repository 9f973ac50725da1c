//! The two sides, and how their answers differ.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bpfassay::abstract_interp::refusal::{Fact, Fault, Refusal};
use bpfassay::abstract_interp::{self, Input, Verdict};
use bpfassay::diagnostics::kernel_words;
use bpfassay::kernel::{self, Kernel, Stage, Supplies};
use bpfassay::programs::Program;
use bpfassay::target::Target;
use regex::Regex;
use serde_json::{Value, json};

/// Helpers that a kernel may be built or locked without; no BTF tells.
pub const OWN: [u32; 2] = [36, 58];

/// What one side says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    Accept,
    Reject,
    /// Ours only, with its name.
    Unknown(String),
    /// The verifier was not reached: the kernel refuses for other reasons.
    Unreached(String),
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub word: Word,
    pub insn: Option<usize>,
    pub class: String,
    /// The class that our key words, or the kernel's last line, are of: some classes
    /// overlap.
    pub said: String,
    pub text: String,
    pub processed: Option<u64>,
    /// The kernel isn't asked: it may not survive the question.
    pub spare: bool,
}

impl Answer {
    /// The code of a refusal of ours.
    pub fn code(&self) -> &str {
        self.text.split(':').next().unwrap_or("")
    }

    pub fn json(&self) -> Value {
        json!({
            "word": format!("{:?}", self.word),
            "insn": self.insn,
            "class": self.class,
            "text": self.text,
            "processed": self.processed,
        })
    }
}

/// The ways in which answers differ; the first three exclude the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Accepts,
    Rejects,
    Unknown,
    Insn,
    Class,
    Processed,
}

impl Kind {
    pub const ALL: [Kind; 6] = [
        Kind::Accepts,
        Kind::Rejects,
        Kind::Unknown,
        Kind::Insn,
        Kind::Class,
        Kind::Processed,
    ];
}

pub struct Asker {
    pub kernel: Kernel,
    pub target: Target,
    classes: Vec<(&'static str, Regex)>,
}

impl Asker {
    pub fn new(kernel: Kernel, target: Target) -> Result<Asker, String> {
        let classes = bpfassay::helpers_spec::message_classes();
        let classes: Result<_, String> = classes
            .iter()
            .map(|c| Ok((c.id, Regex::new(c.regex).map_err(|e| e.to_string())?)))
            .collect();
        Ok(Asker {
            kernel,
            target,
            classes: classes?,
        })
    }

    fn class_of(&self, text: &str) -> String {
        let found = self.classes.iter().find(|(_, r)| r.is_match(text));
        found.map_or(String::new(), |(id, _)| (*id).to_owned())
    }

    pub fn ours(&self, program: &Program) -> Answer {
        let input = Input {
            program,
            target: &self.target,
            kernel_btf: self.kernel.btf.as_deref(),
        };
        let answer = |word, insn, class: &str, text: String, processed| Answer {
            word,
            insn,
            class: class.to_owned(),
            said: self.class_of(text.split_once(": ").map_or("", |t| t.1)),
            text,
            processed,
            spare: false,
        };
        let Ok(v) = catch_unwind(AssertUnwindSafe(|| abstract_interp::verify(&input))) else {
            return answer(
                Word::Unknown("internal-error".into()),
                None,
                "",
                String::new(),
                None,
            );
        };
        let processed = Some(v.stats.processed);
        match v.verdict {
            Verdict::Accept => answer(Word::Accept, None, "", String::new(), processed),
            Verdict::Reject(r) => {
                let text = format!(
                    "{}: {}",
                    r.code().name(),
                    kernel_words::of(&r, self.target.series())
                );
                Answer {
                    spare: crashes(&r),
                    ..answer(
                        Word::Reject,
                        Some(r.insn),
                        r.code().class(),
                        text,
                        processed,
                    )
                }
            }
            Verdict::Unknown(u) => {
                answer(Word::Unknown(u.name), u.insn, "", String::new(), processed)
            }
        }
    }

    pub fn theirs(&self, program: &Program, supplies: &Arc<Supplies>) -> Answer {
        let offer = kernel::offer_with(program, Arc::clone(supplies));
        self.answer(program, offer.and_then(kernel::Offer::ask))
    }

    /// As [`Asker::theirs`], without the instruction of a refusal.
    pub fn theirs_briefly(&self, program: &Program, supplies: &Arc<Supplies>) -> Answer {
        let offer = kernel::offer_with(program, Arc::clone(supplies));
        self.answer(program, offer.and_then(kernel::Offer::ask_briefly))
    }

    fn answer(&self, program: &Program, outcome: kernel::Outcome) -> Answer {
        match outcome {
            Ok(loaded) => Answer {
                word: Word::Accept,
                insn: None,
                class: String::new(),
                said: String::new(),
                text: String::new(),
                processed: loaded.processed,
                spare: false,
            },
            Err(r) if r.stage == Stage::Verifier => Answer {
                word: Word::Reject,
                insn: r.insn.map(|i| i as usize),
                said: self.class_of(without_notes(&r.message).lines().last().unwrap_or("")),
                class: self.class_of(&without_notes(&r.message)),
                text: without_notes(&r.message),
                processed: r.processed,
                spare: false,
            },
            Err(r) => Answer {
                word: Word::Unreached(format!(
                    "{} {}: {}",
                    r.stage.name(),
                    r.message,
                    program.section
                )),
                insn: None,
                class: String::new(),
                said: String::new(),
                text: String::new(),
                processed: None,
                spare: false,
            },
        }
    }
}

/// A message without lines that are notes, not the refusal.
fn without_notes(message: &str) -> String {
    let note = |line: &str| {
        line.starts_with("Validating ")
            || line.starts_with("Func#") && line.ends_with("assumed valid.")
            || line.starts_with("func '") && line.contains("has btf_id")
            || line.starts_with("Global function ") && line.contains("doesn't return scalar")
            || line.starts_with("arg#") && line.contains("size cannot be determined")
    };
    let kept: Vec<&str> = message.lines().filter(|l| !note(l)).collect();
    kept.join("\n")
}

/// Whether the running kernel would do harm on the way to this refusal. If the map of a
/// work queue or the like is known already, 6.18.44 takes whatever a register holds in
/// its place for a map, and every map to have special fields: the loading task dies in
/// the kernel.
fn crashes(refusal: &Refusal) -> bool {
    matches!(
        refusal.fact,
        Fact::Found(Fault::MapExpected | Fault::WorkqueueOfOtherMap { .. })
    )
}

/// How they differ, where the kernel's verifier was reached; and a key that is the
/// same for what is probably the same cause.
pub fn differences(ours: &Answer, theirs: &Answer) -> Vec<(Kind, String)> {
    let code = |a: &Answer| a.code().to_owned();
    match (&ours.word, &theirs.word) {
        (_, Word::Unreached(_)) => Vec::new(),
        (Word::Unknown(name), _) => vec![(Kind::Unknown, name.clone())],
        (Word::Accept, Word::Reject) => vec![(Kind::Accepts, kernel_key(theirs))],
        (Word::Reject, Word::Accept) => vec![(Kind::Rejects, code(ours))],
        (Word::Accept, _) if ours.processed != theirs.processed => {
            vec![(Kind::Processed, "accepted".into())]
        }
        (Word::Reject, _) => {
            let mut out = Vec::new();
            if theirs.insn.is_some() && ours.insn != theirs.insn {
                out.push((
                    Kind::Insn,
                    format!("{} / {}", code(ours), kernel_key(theirs)),
                ));
            } else if !theirs.class.is_empty()
                && ![&theirs.class, &theirs.said]
                    .iter()
                    .any(|c| **c == ours.class || **c == ours.said)
            {
                out.push((
                    Kind::Class,
                    format!("{} / {}", code(ours), kernel_key(theirs)),
                ));
            } else if theirs.processed.is_some_and(|n| n > 0) && ours.processed != theirs.processed
            {
                out.push((Kind::Processed, format!("refused {}", code(ours))));
            }
            out
        }
        _ => Vec::new(),
    }
}

/// The kernel's last line without numbers.
fn kernel_key(theirs: &Answer) -> String {
    let line = theirs
        .text
        .lines()
        .rfind(|l| !l.trim().is_empty())
        .unwrap_or("");
    let mut out = String::new();
    for c in line.chars().take(70) {
        let c = if c.is_ascii_digit() { '0' } else { c };
        if !(c == '0' && out.ends_with('0')) {
            out.push(c);
        }
    }
    out
}
