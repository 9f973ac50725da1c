//! Which rules are meant: one, a family, a kind, or all.

use crate::rules::{self, Rule, RuleKind, Severity};

/// A set of rules, as users name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selector {
    /// Every rule: `all`.
    All,
    /// By what they judge: `rejection`, `portability`, `lint`, `policy`, `loader`.
    Kind(RuleKind),
    /// By the folder of their pages: `memory`, `helpers`.
    Family(&'static str),
    /// One: `BPF0801`, `801`, or its name.
    Rule(&'static Rule),
}

const KINDS: [RuleKind; 6] = [
    RuleKind::Rejection,
    RuleKind::Portability,
    RuleKind::Lint,
    RuleKind::Policy,
    RuleKind::Loader,
    RuleKind::Undecided,
];

impl Selector {
    /// Reads a selector.
    pub fn parse(text: &str) -> Option<Selector> {
        let lower = text.trim().to_ascii_lowercase();
        if lower == "all" {
            return Some(Selector::All);
        }
        if let Some(kind) = KINDS.into_iter().find(|k| k.name() == lower) {
            return Some(Selector::Kind(kind));
        }
        let family = rules::all().iter().find(|r| r.family == lower);
        family
            .map(|r| Selector::Family(r.family))
            .or_else(|| rules::find(&lower).map(Selector::Rule))
    }

    /// What [`Selector::parse`] takes, for complaints.
    pub fn known() -> String {
        let mut families: Vec<&str> = rules::all().iter().map(|r| r.family).collect();
        families.sort_unstable();
        families.dedup();
        format!(
            "a code (BPF0108), a rule's name, a family ({}), `rejection` or `all`; \
             `bpfassay rules` lists them",
            families.join(", ")
        )
    }

    /// Whether the rule is of the set.
    pub fn covers(self, rule: &Rule) -> bool {
        match self {
            Selector::All => true,
            Selector::Kind(kind) => rule.kind == kind,
            Selector::Family(family) => rule.family == family,
            Selector::Rule(one) => rule.number == one.number,
        }
    }

    /// How much it says: the greater wins.
    pub const fn rank(self) -> u8 {
        match self {
            Selector::All => 0,
            Selector::Kind(_) => 1,
            Selector::Family(_) => 2,
            Selector::Rule(_) => 3,
        }
    }
}

/// How bad a rule is taken to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Not reported.
    Off,
    /// Worth knowing.
    Note,
    /// Probably a mistake.
    Warning,
    /// Fails the check.
    Error,
}

impl Level {
    /// The words a configuration may use.
    pub const NAMES: [&'static str; 4] = ["off", "note", "warning", "error"];

    /// Reads `off`, `note`, `warning`, `error`.
    pub fn parse(text: &str) -> Option<Level> {
        let levels = [Level::Off, Level::Note, Level::Warning, Level::Error];
        let at = Level::NAMES.iter().position(|n| *n == text)?;
        levels.get(at).copied()
    }

    /// The severity; none if it is off.
    pub const fn severity(self) -> Option<Severity> {
        match self {
            Level::Off => None,
            Level::Note => Some(Severity::Note),
            Level::Warning => Some(Severity::Warning),
            Level::Error => Some(Severity::Error),
        }
    }
}
