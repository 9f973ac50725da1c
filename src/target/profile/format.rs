//! The file format of a profile: TOML with a fixed set of tables.
//!
//! Read at run time, also of the profiles that come with the tool. What names of helpers
//! and map types there are it does not know itself: it asks `known`, which its parent
//! gives. `schemas/profile.v1.json` describes the same format to editors.
//!
//! Every fault is one message with its line; the first one ends the reading.
#![warn(clippy::arithmetic_side_effects)]

use toml::de::{DeTable, DeValue};

use crate::prelude::*;

/// The value of `schema` in a profile.
pub const SCHEMA: &str = "bpfassay-profile-v1";

/// Whether a text is meant to be a profile, right or wrong.
pub fn says_so(text: &str) -> bool {
    text.lines().any(|line| {
        let value = line
            .trim_start()
            .strip_prefix("schema")
            .map(str::trim_start);
        let value = value.and_then(|v| v.strip_prefix('='));
        value.is_some_and(|v| v.trim_start().starts_with(&["\"", SCHEMA, "\""].concat()))
    })
}

/// The tables that hold statuses, with the plural that they carry as a name.
pub const TABLES: [&str; 9] = [
    "helpers",
    "map_types",
    "prog_types",
    "attach_types",
    "instructions",
    "mechanisms",
    "commands",
    "map_operations",
    "perf_events",
];

/// Whether a runtime has something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// It does not.
    No,
    /// With a restriction or a difference, which a note tells.
    Partial,
    /// It does.
    Yes,
}

impl Status {
    /// The word in profiles.
    pub const fn name(self) -> &'static str {
        match self {
            Status::No => "no",
            Status::Partial => "partial",
            Status::Yes => "yes",
        }
    }

    fn from_name(name: &str) -> Option<Status> {
        [Status::No, Status::Partial, Status::Yes]
            .into_iter()
            .find(|s| s.name() == name)
    }
}

/// What a run comes to where a program uses a thing: a note's meaning, for `run`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Conduct {
    /// As on Linux; what is not said of a thing that is there.
    Linux,
    /// The run ends there; what is not said of a thing that is not there.
    Trap,
    /// Nobody has told; what is not said of a thing that is there in part.
    Unknown,
    /// The call does what it does, and gives zero.
    Zero,
    /// The call gives zero where Linux's gives a length; errors are Linux's.
    ZeroForLength,
    /// Errors are positive numbers.
    PositiveErrors,
    /// The call gives the upper half of Linux's result in both halves.
    UpperHalfTwice,
    /// The instruction divides without sign.
    Unsigned,
    /// The instruction moves a register, and does no more.
    Move,
}

impl Conduct {
    /// Each with its word in profiles, and as a sentence says it.
    const WORDS: [(Conduct, &'static str, &'static str); 9] = [
        (Conduct::Linux, "linux", "does as on Linux"),
        (Conduct::Trap, "trap", "ends the run"),
        (Conduct::Unknown, "unknown", "unknown what it comes to"),
        (Conduct::Zero, "zero", "gives 0"),
        (
            Conduct::ZeroForLength,
            "zero-for-length",
            "gives 0 for a length",
        ),
        (
            Conduct::PositiveErrors,
            "positive-errors",
            "gives errors as positive numbers",
        ),
        (
            Conduct::UpperHalfTwice,
            "upper-half-twice",
            "gives the upper half in both halves",
        ),
        (Conduct::Unsigned, "unsigned", "divides without sign"),
        (Conduct::Move, "move", "moves, and does no more"),
    ];

    fn row(self) -> (&'static str, &'static str) {
        let mut rows = Self::WORDS.into_iter();
        let row = rows.find(|(c, ..)| *c == self);
        row.map_or(("", ""), |(_, word, does)| (word, does))
    }

    /// The word in profiles.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// What comes of it, as a predicate.
    pub fn does(self) -> &'static str {
        self.row().1
    }

    fn from_name(name: &str) -> Option<Conduct> {
        let mut rows = Self::WORDS.into_iter();
        rows.find(|(_, word, _)| *word == name).map(|(c, ..)| c)
    }

    /// What holds where a profile does not say.
    pub const fn of(status: Status) -> Conduct {
        match status {
            Status::No => Conduct::Trap,
            Status::Partial => Conduct::Unknown,
            Status::Yes => Conduct::Linux,
        }
    }

    /// Whether it can be what a run comes to where a thing has this status.
    fn agrees(self, status: Status) -> bool {
        match status {
            Status::No => self != Conduct::Linux,
            Status::Partial => true,
            Status::Yes => self == Conduct::Linux,
        }
    }

    /// Whether a table's entries may have it.
    fn fits(self, table: &str) -> bool {
        match self {
            Conduct::Linux | Conduct::Trap | Conduct::Unknown => {
                matches!(table, "helpers" | "instructions" | "map_types")
            }
            Conduct::Unsigned | Conduct::Move => table == "instructions",
            _ => table == "helpers",
        }
    }
}

/// One line of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The table.
    pub table: &'static str,
    /// The key; `*` for all that the table does not name.
    pub key: String,
    /// The status.
    pub status: Status,
    /// What is to be known of it; may be empty.
    pub note: String,
    /// What a run comes to.
    pub runs: Conduct,
}

/// Numbers that end a run, where the profile tells them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunLimits {
    /// Instructions of a program.
    pub instructions: Option<u32>,
    /// Frames within one another.
    pub frames: Option<u32>,
    /// Tail calls of a run.
    pub tail_calls: Option<u32>,
}

impl RunLimits {
    /// The one of this name.
    fn named(&mut self, name: &str) -> Option<&mut Option<u32>> {
        match name {
            "instructions" => Some(&mut self.instructions),
            "frames" => Some(&mut self.frames),
            "tail_calls" => Some(&mut self.tail_calls),
            _ => None,
        }
    }
}

/// A profile as its file has it, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// Name on the command line.
    pub name: String,
    /// What the runtime is.
    pub title: String,
    /// The kernel series whose rules stand in for its verifier.
    pub base: String,
    /// Repository that the facts were read from.
    pub repo: String,
    /// Commit of it.
    pub commit: String,
    /// Date of that commit.
    pub date: String,
    /// Statuses, table by table.
    pub entries: Vec<Entry>,
    /// Helpers that Linux does not have: number, name.
    pub extra_helpers: Vec<(u32, String)>,
    /// Numbers that end a run.
    pub limits: RunLimits,
}

/// Reads a profile. `known` says whether a table may have a key.
pub fn parse(text: &str, known: &dyn Fn(&str, &str) -> bool) -> Result<File, String> {
    let at = |offset: usize| {
        let before = text.as_bytes().get(..offset).unwrap_or_default();
        let ends = before.iter().filter(|b| **b == b'\n').count();
        ends.saturating_add(1)
    };
    let fault = |offset: usize, what: String| format!("line {}: {what}", at(offset));
    let document = DeTable::parse(text).map_err(|e| {
        let offset = e.span().map_or(0, |s| s.start);
        fault(offset, e.message().to_owned())
    })?;
    let mut file = File {
        base: "linux-6.18".into(),
        ..File::default()
    };
    let mut schema = false;
    // In the order of the file, so that the first fault is the first in it.
    let mut items: Vec<_> = document.get_ref().iter().collect();
    items.sort_by_key(|(k, _)| k.span().start);
    for (key, value) in items {
        let (name, start) = (key.get_ref().as_ref(), key.span().start);
        match name {
            "schema" => {
                let version = string(value.get_ref());
                if version != Some(SCHEMA) {
                    return Err(fault(start, format!("schema is not \"{SCHEMA}\"")));
                }
                schema = true;
            }
            "name" | "title" | "base" => {
                let text = string(value.get_ref())
                    .ok_or_else(|| fault(start, format!("{name} is not a string")))?;
                let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
                if name == "name" && (text.is_empty() || !text.chars().all(plain)) {
                    let what = "name may hold letters, digits, '-', '_' and '.' only";
                    return Err(fault(start, what.into()));
                }
                match name {
                    "name" => file.name = text.into(),
                    "title" => file.title = text.into(),
                    _ => file.base = text.into(),
                }
            }
            "source" => source(
                &mut file,
                table(value.get_ref(), name, start, &fault)?,
                &fault,
            )?,
            "extra_helpers" => {
                for (key, value) in table(value.get_ref(), name, start, &fault)? {
                    let id = number(value.get_ref()).ok_or_else(|| {
                        let what = format!("extra_helpers.{}: not a helper number", key.get_ref());
                        fault(key.span().start, what)
                    })?;
                    file.extra_helpers.push((id, key.get_ref().to_string()));
                }
            }
            "limits" => {
                for (key, value) in table(value.get_ref(), name, start, &fault)? {
                    let bad = |what: &str| {
                        let at = key.span().start;
                        Err(fault(at, format!("limits.{}: {what}", key.get_ref())))
                    };
                    let Some(limit) = file.limits.named(key.get_ref()) else {
                        return bad("unknown name");
                    };
                    *limit = number(value.get_ref());
                    if limit.is_none() {
                        return bad("not a number");
                    }
                }
            }
            _ => {
                let Some(kind) = TABLES.iter().copied().find(|t| *t == name) else {
                    return Err(fault(start, format!("unknown key {name}")));
                };
                let rows = table(value.get_ref(), name, start, &fault)?;
                statuses(&mut file, kind, rows, known, &fault)?;
            }
        }
    }
    if !schema {
        return Err(fault(0, format!("no line schema = \"{SCHEMA}\"")));
    }
    if file.name.is_empty() {
        return Err(fault(0, "no name".into()));
    }
    file.extra_helpers.sort();
    Ok(file)
}

type Fault<'a> = &'a dyn Fn(usize, String) -> String;

fn string<'a>(value: &'a DeValue<'_>) -> Option<&'a str> {
    match value {
        DeValue::String(text) => Some(text.as_ref()),
        _ => None,
    }
}

fn number(value: &DeValue<'_>) -> Option<u32> {
    match value {
        DeValue::Integer(n) => u32::from_str_radix(n.as_str(), n.radix()).ok(),
        _ => None,
    }
}

fn table<'a, 'i>(
    value: &'a DeValue<'i>,
    name: &str,
    start: usize,
    fault: Fault<'_>,
) -> Result<&'a DeTable<'i>, String> {
    match value {
        DeValue::Table(table) => Ok(table),
        _ => Err(fault(start, format!("{name} is not a table"))),
    }
}

fn source(file: &mut File, rows: &DeTable<'_>, fault: Fault<'_>) -> Result<(), String> {
    for (key, value) in rows {
        let (name, start) = (key.get_ref().as_ref(), key.span().start);
        let text = string(value.get_ref());
        match (name, text) {
            ("repo", Some(text)) => file.repo = text.into(),
            ("commit", Some(text)) => file.commit = text.into(),
            ("date", Some(text)) => file.date = text.into(),
            ("files", None) if matches!(value.get_ref(), DeValue::Array(_)) => {}
            ("repo" | "commit" | "date" | "files", _) => {
                return Err(fault(start, format!("source.{name} has the wrong type")));
            }
            _ => return Err(fault(start, format!("unknown key source.{name}"))),
        }
    }
    Ok(())
}

fn statuses(
    file: &mut File,
    kind: &'static str,
    rows: &DeTable<'_>,
    known: &dyn Fn(&str, &str) -> bool,
    fault: Fault<'_>,
) -> Result<(), String> {
    let mut rows: Vec<_> = rows.iter().collect();
    rows.sort_by_key(|(k, _)| k.span().start);
    for (key, value) in rows {
        let (name, start) = (key.get_ref().as_ref(), key.span().start);
        if name != "*" && !known(kind, name) {
            return Err(fault(start, format!("{kind}: unknown name {name}")));
        }
        let bad = |what: &str| fault(start, format!("{kind}.{name}: {what}"));
        let (mut status, mut note, mut runs) = (None, String::new(), None);
        match value.get_ref() {
            DeValue::String(word) => status = Some(word.as_ref()),
            DeValue::Table(fields) => {
                for (field, value) in fields {
                    match (field.get_ref().as_ref(), string(value.get_ref())) {
                        ("status", Some(word)) => status = Some(word),
                        ("note", Some(text)) => note = text.to_owned(),
                        ("runs", Some(word)) => runs = Some(word),
                        (other, _) => return Err(bad(&format!("unknown field {other}"))),
                    }
                }
            }
            _ => return Err(bad("neither a status nor a table with one")),
        }
        let status = status.and_then(Status::from_name);
        let status = status.ok_or_else(|| bad("status is none of yes, partial, no"))?;
        let runs = match runs.map(|word| (word, Conduct::from_name(word))) {
            None => Conduct::of(status),
            Some((word, Some(conduct))) if conduct.fits(kind) => {
                if !conduct.agrees(status) {
                    let status = status.name();
                    return Err(bad(&format!(
                        "runs = \"{word}\" contradicts status = \"{status}\""
                    )));
                }
                conduct
            }
            Some((word, _)) => return Err(bad(&format!("runs = \"{word}\" says nothing here"))),
        };
        file.entries.push(Entry {
            table: kind,
            key: name.to_owned(),
            status,
            note,
            runs,
        });
    }
    Ok(())
}
