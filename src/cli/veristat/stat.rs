//! The columns of veristat, and a row of them.
//!
//! Names are those of its CSV files, with the shorter ones that its options take. What the
//! model has no figure for is 0, as veristat prints what a kernel does not tell: states of
//! one instruction, length of read marks, size of machine code, memory of the verifier. A
//! load that failed before the verifier has no figures either.

use crate::report::{Outcome, ProgramReport};
use crate::untrusted::Untrusted;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stat {
    File,
    Prog,
    Verdict,
    Duration,
    Insns,
    States,
    PeakStates,
    StatesPerInsn,
    MarkRead,
    Size,
    JitedSize,
    ProgType,
    AttachType,
    Stack,
    MaxStack,
    Memory,
}

/// What a column is called.
pub(super) struct Column {
    pub(super) stat: Stat,
    /// In tables.
    pub(super) head: &'static str,
    /// In CSV files first, then those that options take too.
    pub(super) names: &'static [&'static str],
}

const fn column(stat: Stat, head: &'static str, names: &'static [&'static str]) -> Column {
    Column { stat, head, names }
}

/// How many columns there are.
const COUNT: usize = 16;

/// All, in the order of CSV files and of [`Stat`].
pub(super) const COLUMNS: [Column; COUNT] = [
    column(Stat::File, "File", &["file_name", "filename", "file"]),
    column(Stat::Prog, "Program", &["prog_name", "progname", "prog"]),
    column(Stat::Verdict, "Verdict", &["verdict"]),
    column(
        Stat::Duration,
        "Duration (us)",
        &["duration", "duration_us", "dur"],
    ),
    column(Stat::Insns, "Insns", &["total_insns", "insns"]),
    column(Stat::States, "States", &["total_states", "states"]),
    column(Stat::PeakStates, "Peak states", &["peak_states"]),
    column(
        Stat::StatesPerInsn,
        "Max states per insn",
        &["max_states_per_insn"],
    ),
    column(
        Stat::MarkRead,
        "Max mark read length",
        &["max_mark_read_len", "mark_read"],
    ),
    column(Stat::Size, "Program size", &["prog_size"]),
    column(
        Stat::JitedSize,
        "Jited size",
        &["prog_size_jited", "jited_size"],
    ),
    column(Stat::ProgType, "Program type", &["prog_type"]),
    column(Stat::AttachType, "Attach type", &["attach_type"]),
    column(Stat::Stack, "Stack depth", &["stack_depth", "stack"]),
    column(Stat::MaxStack, "Max stack depth", &["max_stack_depth"]),
    column(Stat::Memory, "Peak memory (MiB)", &["mem_peak"]),
];

/// What a table shows unless asked otherwise.
pub(super) const TABLE: [Stat; 8] = [
    Stat::File,
    Stat::Prog,
    Stat::Verdict,
    Stat::Duration,
    Stat::Insns,
    Stat::States,
    Stat::Size,
    Stat::JitedSize,
];

/// What a comparison shows unless asked otherwise.
pub(super) const COMPARED: [Stat; 5] = [
    Stat::File,
    Stat::Prog,
    Stat::Verdict,
    Stat::Insns,
    Stat::States,
];

impl Stat {
    /// By any of its names.
    pub(super) fn find(name: &str) -> Option<Stat> {
        let found = COLUMNS.iter().find(|c| c.names.contains(&name))?;
        Some(found.stat)
    }

    pub(super) fn column(self) -> &'static Column {
        // The order of the table is that of the columns (tested).
        COLUMNS.get(self as usize).unwrap_or(&COLUMNS[0])
    }

    /// Its name in CSV files.
    pub(super) fn name(self) -> &'static str {
        self.column().names.first().copied().unwrap_or("")
    }

    /// Whether its values are words.
    pub(super) const fn is_text(self) -> bool {
        matches!(
            self,
            Stat::File | Stat::Prog | Stat::Verdict | Stat::ProgType | Stat::AttachType
        )
    }

    /// Whether it names the program, so that comparisons do not compare it.
    pub(super) const fn is_name(self) -> bool {
        matches!(self, Stat::File | Stat::Prog)
    }
}

/// What stands in a column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Value {
    /// Nothing is known.
    #[default]
    Missing,
    Text(Untrusted),
    Number(i64),
}

/// What stands where nothing is known.
pub(super) const MISSING: &str = "N/A";

impl Value {
    /// As data, not to be shown.
    pub(super) fn data(&self) -> Untrusted {
        match self {
            Value::Missing => MISSING.into(),
            Value::Text(text) => text.clone(),
            Value::Number(n) => n.to_string().into(),
        }
    }
}

/// A program's figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row([Value; COUNT]);

impl Row {
    pub(super) fn get(&self, stat: Stat) -> &Value {
        self.0.get(stat as usize).unwrap_or(&Value::Missing)
    }

    pub(super) fn set(&mut self, stat: Stat, value: Value) {
        if let Some(place) = self.0.get_mut(stat as usize) {
            *place = value;
        }
    }

    /// A text, empty if it is none.
    pub(super) fn text(&self, stat: Stat) -> &str {
        match self.get(stat) {
            Value::Text(text) => text.data(),
            _ => "",
        }
    }

    /// What came of verifying a program of an object.
    pub(super) fn of(object: &Untrusted, p: &ProgramReport) -> Row {
        let number =
            |n: Option<u64>| Value::Number(n.map_or(0, |n| i64::try_from(n).unwrap_or(i64::MAX)));
        let file = object.data().rsplit('/').next().unwrap_or("");
        let verdict = match p.outcome {
            Outcome::Accept => "success",
            Outcome::Unknown { .. } => "unknown",
            Outcome::Reject(_) | Outcome::Lacks(_) | Outcome::LoadError { .. } => "failure",
        };
        let stack = number(p.stats.map(|s| u64::from(s.stack_depth)));
        let mut row = Row::default();
        for column in &COLUMNS {
            let value = match column.stat {
                Stat::File => Value::Text(file.into()),
                Stat::Prog => Value::Text(p.program.clone()),
                Stat::Verdict => Value::Text(verdict.into()),
                Stat::ProgType => Value::Text(p.prog_type.into()),
                Stat::AttachType => Value::Text(p.attach_type.into()),
                Stat::Duration => number(p.verify_us),
                Stat::Insns => number(p.stats.map(|s| s.processed)),
                Stat::States => number(p.stats.map(|s| s.total_states)),
                Stat::PeakStates => number(p.stats.map(|s| s.peak_states)),
                Stat::Size => number(Some(p.insns as u64)),
                Stat::Stack | Stat::MaxStack => stack.clone(),
                Stat::StatesPerInsn | Stat::MarkRead | Stat::JitedSize | Stat::Memory => {
                    Value::Number(0)
                }
            };
            row.set(column.stat, value);
        }
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_in_the_order_of_the_enum() {
        for (at, column) in COLUMNS.iter().enumerate() {
            assert_eq!(column.stat as usize, at);
            assert!(
                column
                    .names
                    .iter()
                    .all(|n| Stat::find(n) == Some(column.stat))
            );
        }
    }
}
