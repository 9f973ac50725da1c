//! Which helpers and kfuncs programs may call.
//!
//! `deny` lists what is forbidden, `allow` the exceptions; both by name, pattern
//! or risk class. `deny = ["*"]` with an `allow` list makes a list of all that is
//! permitted. A table of the program decides before the file's: what it denies
//! is denied though the file allows it, and the other way round.

use std::collections::{BTreeMap, BTreeSet};

use super::{Glob, Settings, number, rule};
use crate::diagnostics::{Context, Finding};
use crate::helpers_spec::{self, Risk, RiskSet};
use crate::programs::Program;
use crate::programs::insn::{Callee, Op};
use crate::untrusted::Untrusted;

/// What an entry of a list names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Helpers and kfuncs by name.
    Name(Glob),
    /// Those of a risk class.
    Class(Risk),
}

impl Entry {
    fn matches(&self, call: &Called<'_>) -> bool {
        match self {
            Entry::Name(glob) => glob.matches(call.name),
            Entry::Class(class) => call.risks.has(*class),
        }
    }

    /// Why it names a function, if the name alone doesn't tell.
    fn reason(&self) -> String {
        match self {
            Entry::Name(glob) if glob.is_exact() => String::new(),
            Entry::Name(glob) => format!(" (`{}`)", glob.text()),
            Entry::Class(class) => format!(" (`{}`: {})", class.name(), class.what()),
        }
    }
}

/// Lists of one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Exceptions.
    pub allow: Vec<Entry>,
    /// What is forbidden.
    pub deny: Vec<Entry>,
}

impl std::fmt::Display for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (word, entries) in [("allow", &self.allow), ("deny", &self.deny)] {
            write!(f, "{word}")?;
            for entry in entries {
                match entry {
                    Entry::Name(glob) => write!(f, " {:?}", glob.text())?,
                    Entry::Class(class) => write!(f, " {}", class.name())?,
                }
            }
            f.write_str("; ")?;
        }
        Ok(())
    }
}

impl Policy {
    /// What this place says: `Some(Some(entry))` denied by that entry,
    /// `Some(None)` allowed, `None` nothing.
    fn says(&self, call: &Called<'_>) -> Option<Option<&Entry>> {
        if self.allow.iter().any(|e| e.matches(call)) {
            return Some(None);
        }
        self.deny.iter().find(|e| e.matches(call)).map(Some)
    }
}

/// A function that a program calls.
struct Called<'a> {
    name: &'a str,
    risks: RiskSet,
}

/// Whether an entry can name anything: a pattern, a helper or a kfunc of some
/// series, or a risk class.
pub(super) fn entry(text: &str) -> Option<Entry> {
    // A former name stands for the helper that has it now.
    let helper = helpers_spec::helper_id(text).and_then(helpers_spec::helper_name);
    let glob = Glob::new(helper.unwrap_or(text));
    if !glob.is_exact() || helper.is_some() || is_kfunc(text) {
        return Some(Entry::Name(glob));
    }
    Risk::from_name(text).map(Entry::Class)
}

fn is_kfunc(name: &str) -> bool {
    helpers_spec::SpecVersion::ALL
        .iter()
        .any(|&v| helpers_spec::kfunc(name, v).is_some())
}

/// The risk classes that there are.
pub(super) fn classes() -> String {
    let names: Vec<&str> = Risk::ALL.iter().map(|r| r.name()).collect();
    names.join(", ")
}

/// What calls of a function can do.
fn risks(name: &str) -> RiskSet {
    match helpers_spec::helper_id(name) {
        Some(_) => helpers_spec::helper_risk(name),
        None => helpers_spec::kfunc_risk(name),
    }
}

/// The calls of a program that its policy denies: one finding a function, with a
/// label at each call.
pub fn findings(settings: &Settings, context: &Context<'_>) -> Vec<Finding> {
    let program = context.program;
    let tables = settings.tables(Some(&program.name));
    let mut places: Vec<&Policy> = tables.into_iter().map(|t| &t.policy).collect();
    places.push(&settings.config.policy);
    places.retain(|p| !p.deny.is_empty() || !p.allow.is_empty());
    if places.is_empty() {
        return Vec::new();
    }
    let mut calls: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (insn, op) in context.ops.iter().enumerate() {
        if let Some(name) = callee(program, *op, insn) {
            calls.entry(name).or_default().push(insn);
        }
    }
    let mut findings = Vec::new();
    for (name, sites) in calls {
        let called = Called {
            name,
            risks: risks(name),
        };
        let said = places.iter().find_map(|p| p.says(&called));
        let (Some(Some(entry)), Some((&first, rest))) = (said, sites.split_first()) else {
            continue;
        };
        let by = entry.reason();
        let what = format!(
            "{} calls `{name}`, which the policy denies{by}",
            program.name
        );
        let also: Vec<(usize, Untrusted)> =
            rest.iter().map(|at| (*at, "and here".into())).collect();
        let label = format!("`{name}` is called here");
        findings.push(Finding::at(
            context,
            rule(number::CALL_DENIED),
            what,
            first,
            label,
            &also,
        ));
    }
    findings
}

/// The name of the helper or kfunc that an instruction calls; none for calls
/// that only mark what a loader could not resolve.
pub fn callee(program: &Program, op: Op, insn: usize) -> Option<&str> {
    match op {
        Op::Call(Callee::Helper(id)) => {
            let poison = u32::try_from(insn).ok().and_then(|i| program.poison_at(i));
            let known = helpers_spec::helper_name(u32::try_from(id).ok()?);
            known.filter(|_| poison.is_none())
        }
        Op::Call(Callee::Kfunc { imm, .. }) => {
            let index = usize::try_from(imm).ok()?;
            Some(&program.kfuncs.get(index)?.name)
        }
        _ => None,
    }
}

/// The distinct helpers and kfuncs that a program calls, in order.
pub fn callees(program: &Program, ops: &[Op]) -> Vec<String> {
    let calls = ops.iter().enumerate();
    let names: BTreeSet<&str> = calls
        .filter_map(|(insn, op)| callee(program, *op, insn))
        .collect();
    names.into_iter().map(str::to_owned).collect()
}
