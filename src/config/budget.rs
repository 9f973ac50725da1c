//! Budgets: the most that a program may take of each resource.

use super::{number, rule};
use crate::diagnostics::Finding;
use crate::report::{Outcome, ProgramReport};
use crate::untrusted::{Untrusted, text};

/// What a program takes and a budget or a baseline bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// Instruction slots, functions included.
    Instructions,
    /// Instructions that the verifier processes.
    Processed,
    /// States that the verifier keeps, in total.
    States,
    /// Bytes of stack over the deepest call chain.
    Stack,
    /// Bytes of the maps that it uses, when full.
    MapMemory,
    /// Distinct helpers and kfuncs that it calls.
    Helpers,
    /// Blocks of a hundred that no smoke run reaches.
    Unreached,
}

impl Resource {
    /// All of them.
    pub const ALL: [Resource; 7] = [
        Resource::Instructions,
        Resource::Processed,
        Resource::States,
        Resource::Stack,
        Resource::MapMemory,
        Resource::Helpers,
        Resource::Unreached,
    ];

    /// Its key in `[budget]`.
    pub const fn key(self) -> &'static str {
        match self {
            Resource::Instructions => "instructions",
            Resource::Processed => "processed",
            Resource::States => "states",
            Resource::Stack => "stack",
            Resource::MapMemory => "map-memory",
            Resource::Helpers => "helpers",
            Resource::Unreached => "unreached",
        }
    }

    /// What so much of it is.
    pub fn words(self, n: u64) -> String {
        match self {
            Resource::Instructions => format!("{n} instructions"),
            Resource::Processed => format!("{n} processed instructions"),
            Resource::States => format!("{n} states"),
            Resource::Stack => format!("{n} bytes of stack"),
            Resource::MapMemory => format!("{n} bytes of map memory"),
            Resource::Helpers => format!("{n} helpers and kfuncs"),
            Resource::Unreached => format!("{n} % of blocks that no smoke run reached"),
        }
    }

    /// How to take less of it.
    const fn remedy(self) -> &'static str {
        match self {
            Resource::Instructions => {
                "Move code into functions, or split the program by tail calls."
            }
            Resource::Processed | Resource::States => {
                "Bound loops by `bpf_loop` or an iterator, make functions global, or merge branches; \
                 `--stats` shows the cost."
            }
            Resource::Stack => "Move buffers to a per-CPU array, and shorten the call chain.",
            Resource::MapMemory => "Lower `max_entries`, or allocate entries as they come.",
            Resource::Helpers => "Split the program by task, or raise the budget.",
            Resource::Unreached => {
                "`run` lists the lines; give it the inputs that lead there, or raise the budget."
            }
        }
    }

    /// How much of it a program takes. What only a verification to the end knows
    /// is absent where there was none.
    pub fn of(self, p: &ProgramReport, cpus: u32) -> Option<u64> {
        let stats = p.stats.filter(|_| matches!(p.outcome, Outcome::Accept));
        match self {
            _ if matches!(p.outcome, Outcome::LoadError { .. }) => None,
            Resource::Instructions => Some(p.insns as u64),
            Resource::Processed => stats.map(|s| s.processed),
            Resource::States => stats.map(|s| s.total_states),
            Resource::Stack => stats.map(|s| u64::from(s.stack_depth)),
            Resource::MapMemory => Some(p.usage.map_memory(cpus)),
            Resource::Helpers => Some(p.usage.callees.len() as u64),
            Resource::Unreached => p.unreached_percent(),
        }
    }
}

/// The most of each resource; none where it isn't bounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget([Option<u64>; Resource::ALL.len()]);

impl Budget {
    /// The bound on a resource.
    pub fn get(&self, resource: Resource) -> Option<u64> {
        self.0.get(resource as usize).copied().flatten()
    }

    /// Bounds a resource.
    pub fn set(&mut self, resource: Resource, most: Option<u64>) {
        if let Some(slot) = self.0.get_mut(resource as usize) {
            *slot = most;
        }
    }

    /// These bounds, and another's where this has none.
    #[must_use]
    pub fn or(self, other: Budget) -> Budget {
        let mut all = self;
        for resource in Resource::ALL {
            all.set(resource, self.get(resource).or(other.get(resource)));
        }
        all
    }

    /// What is beyond its bound.
    pub(super) fn findings(&self, p: &ProgramReport, cpus: u32) -> Vec<Finding> {
        let beyond = |r: Resource| -> Option<Finding> {
            let (most, has) = (self.get(r)?, r.of(p, cpus)?);
            if has <= most {
                return None;
            }
            let what = text!("{} takes {}; the budget is {most}", p.program, r.words(has));
            Some(Finding {
                remedy: r.remedy().to_owned(),
                ..of_program(number::BUDGET_EXCEEDED, p, what)
            })
        };
        Resource::ALL.into_iter().filter_map(beyond).collect()
    }
}

/// A finding about a program on its target.
pub(super) fn of_program(number: u16, p: &ProgramReport, what: Untrusted) -> Finding {
    Finding {
        program: Some(p.program.clone()),
        section: Some(p.section.clone()),
        place: p.usage.place.clone(),
        targets: vec![p.target.clone()],
        variants: [&p.variant]
            .into_iter()
            .filter(|v| !v.is_empty())
            .cloned()
            .collect(),
        ..Finding::of_object(rule(number), what)
    }
}
