//! Rules as data, and how they are found.

use super::{generated, page};
use crate::abstract_interp::Code;
use crate::helpers_spec::MapFlaw;
use crate::prelude::*;

/// How bad it is when a rule fires. Not the same as how sure we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Probably a mistake, or a cost.
    Warning,
    /// It does not load, or it does not do what it says.
    Error,
}

impl Severity {
    /// `note`, `warning`, `error`.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// How sure the rule is when it fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confidence {
    /// A hint: read it and decide.
    Low,
    /// Right in most programs.
    Medium,
    /// Follows from the program and the target.
    High,
}

impl Confidence {
    /// `low`, `medium`, `high`.
    pub const fn name(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}

/// What a rule judges. Follows from the hundred of its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RuleKind {
    /// 0001 to 0699: a kernel refuses the program.
    Rejection,
    /// 07xx: a runtime or a kernel lacks something.
    Portability,
    /// 08xx: a verifier takes it, a reviewer would not.
    Lint,
    /// 09xx: policy, budgets, configuration.
    Policy,
    /// 10xx: a loader, or a call that precedes verification, refuses.
    Loader,
    /// 11xx: what has no verdict, and why.
    Undecided,
}

impl RuleKind {
    /// `rejection`, `portability`, `lint`, `policy`, `loader`, `undecided`.
    pub const fn name(self) -> &'static str {
        match self {
            RuleKind::Rejection => "rejection",
            RuleKind::Portability => "portability",
            RuleKind::Lint => "lint",
            RuleKind::Policy => "policy",
            RuleKind::Loader => "loader",
            RuleKind::Undecided => "undecided",
        }
    }
}

/// Key words of a kernel's message, and the series that print it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// Words in the order in which a log line has them; `..` stands for anything
    /// between them.
    pub words: &'static str,
    /// First series that prints it; `None`: the oldest known.
    pub since: Option<(u16, u16)>,
    /// Last series that prints it; `None`: the newest known.
    pub until: Option<(u16, u16)>,
}

impl Message {
    /// Whether a log line holds the key words in their order.
    pub fn matches(&self, line: &str) -> bool {
        let mut rest = line;
        self.words.split("..").map(str::trim).all(|word| {
            rest.find(word).is_some_and(|at| {
                rest = rest.get(at + word.len()..).unwrap_or("");
                true
            })
        })
    }

    /// Whether the kernels of a series print it.
    pub fn printed_by(&self, series: (u16, u16)) -> bool {
        self.since.is_none_or(|s| s <= series) && self.until.is_none_or(|u| series <= u)
    }
}

/// One page of the catalogue. Texts are Markdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    /// Stable number, never reused.
    pub number: u16,
    /// Stable kebab-case name; it states the fault.
    pub name: &'static str,
    /// Folder of the page.
    pub family: &'static str,
    /// What it judges.
    pub kind: RuleKind,
    /// How bad it is.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// One line, for lists.
    pub title: &'static str,
    /// What is wrong when it fires.
    pub what: &'static str,
    /// Why it matters, or why the kernel insists; the first paragraph stands alone.
    pub why: &'static str,
    /// An example that fires.
    pub bad: &'static str,
    /// The example, mended.
    pub good: &'static str,
    /// How it is mended; the first paragraph stands alone.
    pub remedy: &'static str,
    /// First series for which the rule holds.
    pub since: Option<(u16, u16)>,
    /// Last series for which the rule holds.
    pub until: Option<(u16, u16)>,
    /// Why no example can be run, where that is so.
    pub unshown: Option<&'static str>,
    /// Why this tool never reports it, where that is so; then no example runs.
    pub unmodelled: Option<&'static str>,
    /// The rule whose code a refusal carries instead, where kernels don't tell the
    /// two apart.
    pub reported_as: Option<&'static str>,
    /// How kernels word it.
    pub messages: &'static [Message],
}

impl Rule {
    /// `BPF0108`.
    pub fn id(&self) -> String {
        format!("BPF{:04}", self.number)
    }

    /// The reason in one paragraph, without line breaks.
    pub fn why_short(&self) -> String {
        page::first_paragraph(self.why)
    }

    /// The remedy in one paragraph, without line breaks.
    pub fn remedy_short(&self) -> String {
        page::first_paragraph(self.remedy)
    }

    /// Why the examples of the page don't run, where they don't.
    pub fn without_example(&self) -> Option<&'static str> {
        self.unshown.or(self.unmodelled)
    }

    /// Whether the rule holds for a kernel series.
    pub fn holds_for(&self, series: (u16, u16)) -> bool {
        self.since.is_none_or(|s| s <= series) && self.until.is_none_or(|u| series <= u)
    }
}

/// Every rule, by number.
pub const fn all() -> &'static [Rule] {
    generated::RULES
}

/// The rule of a number.
pub const fn by_number(number: u16) -> Option<&'static Rule> {
    let mut i = 0;
    while i < generated::RULES.len() {
        if generated::RULES[i].number == number {
            return Some(&generated::RULES[i]);
        }
        i += 1;
    }
    None
}

/// The page of a rejection code.
pub const fn of(code: Code) -> &'static Rule {
    match by_number(code.number()) {
        Some(rule) => rule,
        None => panic!("a code without a page"),
    }
}

/// The rule about what is wrong with a map's definition.
pub fn by_map_flaw(flaw: MapFlaw) -> Option<&'static Rule> {
    by_number(match flaw {
        MapFlaw::Number(..) | MapFlaw::TooLarge(..) | MapFlaw::Extra(..) => 1001,
        MapFlaw::Flags(..) | MapFlaw::Conflict(_) | MapFlaw::Missing(..) => 1002,
        MapFlaw::NoType(_) | MapFlaw::NotThere(..) => 1003,
        MapFlaw::Untyped(_) => 1004,
        MapFlaw::NoInner(_) | MapFlaw::Nested => 1005,
    })
}

/// The rule about what was assumed of a map.
pub fn map_left_open() -> Option<&'static Rule> {
    by_number(1006)
}

/// The rule about maps of programs that differ.
pub fn program_map_shared() -> Option<&'static Rule> {
    by_number(1010)
}

/// The rule about section names that only old loaders read.
pub fn section_name_outdated() -> Option<&'static Rule> {
    by_number(1012)
}

/// The rule about special fields that would be mapped into user space.
pub fn special_data_exposed() -> Option<&'static Rule> {
    by_number(1013)
}

/// Finds a rule by id (`BPF0108`, `bpf108`, `108`) or name.
pub fn find(text: &str) -> Option<&'static Rule> {
    let lower = text.to_ascii_lowercase();
    let digits = lower.strip_prefix("bpf").unwrap_or(&lower);
    match digits.parse() {
        Ok(number) => by_number(number),
        Err(_) => all().iter().find(|r| r.name == lower),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_found_by_number_and_name() {
        let rule = find("packet-access-unchecked").unwrap();
        assert_eq!(rule.id(), "BPF0108");
        for text in ["BPF0108", "bpf108", "108", "0108"] {
            assert_eq!(find(text), Some(rule), "{text}");
        }
        assert_eq!((find("no-such-rule"), find("9999")), (None, None));
    }

    #[test]
    fn key_words_match_in_their_order() {
        let message = Message {
            words: "access to map value .. off=",
            since: Some((6, 1)),
            until: None,
        };
        assert!(message.matches("invalid access to map value, value_size=64 off=64 size=8"));
        assert!(!message.matches("off=64: invalid access to map value"));
        assert!(!message.printed_by((5, 10)) && message.printed_by((6, 1)));
    }
}
