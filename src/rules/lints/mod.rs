//! Lints: what a verifier accepts and a reviewer would not.
//!
//! One file per lint, which has the name of its page. A lint reads an accepted program, what its verification
//! saw, and the target; it never changes a verdict. Precision comes first: a
//! lint that cannot follow where a value comes from stays silent.
//!
//! What a lint says may hold for one target and not for the next (a helper that
//! a newer kernel has), so each runs per target and [`Scope`] says how the
//! answers are put together.

mod compared;
mod dead_code;
mod defs;
mod facts;
mod flow;
mod guard;
mod hook;
mod object;
mod settle;
mod written;

mod address_in_host_order;
mod allocation_in_tracing;
mod argument_read_at_return;
mod array_element_deleted;
mod array_update_if_absent;
mod checksum_not_updated;
mod code_behind_constant;
mod complexity_near_limit;
mod counter_wraps;
mod current_task_untyped;
mod dangerous_helper;
mod feature_newer_than_target;
mod gpl_function_without_gpl_licence;
mod helper_map_type_mismatch_unreached;
mod initial_value_races;
mod kernel_read_without_core;
mod key_beyond_array;
mod legacy_map_definition;
mod map_memory_over_budget;
mod missing_btf;
mod names_alike_when_cut;
mod network_order_ignored;
mod packet_change_unchecked;
mod perf_array_for_few_cpus;
mod perf_buffer_output;
mod perf_output_to_one_cpu;
mod pinned_under_common_name;
mod port_in_host_order;
mod probe_read_ambiguous;
mod probe_read_wrong_space;
mod record_half_written;
mod redirect_not_returned;
mod result_ignored;
mod result_read_at_entry;
mod return_value_without_meaning;
mod shared_update_not_atomic;
mod stack_near_limit;
mod symbol_of_one_build;
mod syscall_argument_behind_wrapper;
mod task_name_cut;
mod task_of_packet;
mod trace_printk_left_in;
mod untyped_map;
mod unused_map;
mod unwritten_bytes_in_key;
mod unwritten_bytes_leave;

pub use facts::LintInput;
pub use object::{ObjectInput, lint_object};
pub use settle::{Linted, Settled, settle};

use super::{Rule, all};
use crate::prelude::*;
use facts::Facts;

/// What a lint found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The rule.
    pub rule: &'static Rule,
    /// The instruction slot, if it is about one.
    pub insn: Option<u32>,
    /// The map, if it is about one: an index in `Program::maps`, which begins
    /// with `Object::maps`.
    pub map: Option<u32>,
    /// One sentence.
    pub what: String,
    /// The constant, if it is about one.
    pub variable: Option<String>,
    /// Other slots that belong to it, each with what happened there.
    pub also: Vec<(u32, String)>,
}

impl Hit {
    /// A finding at an instruction.
    fn at(rule: &'static Rule, insn: usize, what: impl Into<String>) -> Hit {
        Hit {
            rule,
            insn: Some(insn as u32),
            map: None,
            what: what.into(),
            variable: None,
            also: Vec::new(),
        }
    }

    /// A finding about the object, or one of its maps.
    fn of(rule: &'static Rule, map: Option<usize>, what: impl Into<String>) -> Hit {
        Hit {
            rule,
            insn: None,
            map: map.map(|m| m as u32),
            what: what.into(),
            variable: None,
            also: Vec::new(),
        }
    }

    /// Names a map that it is about.
    #[must_use]
    fn about(mut self, map: u32) -> Hit {
        self.map = Some(map);
        self
    }

    /// Adds a slot that belongs to it.
    #[must_use]
    fn and(mut self, insn: usize, text: impl Into<String>) -> Hit {
        self.also.push((insn as u32, text.into()));
        self
    }
}

/// What the answers for several targets make together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// It is worth saying if it holds for one target.
    Any,
    /// It is good advice only if it holds for every target that takes the
    /// program.
    Every,
}

/// The page of the lint in a module: the two share their name. Ends the build if
/// there is none.
const fn rule(module: &str) -> &'static Rule {
    let mut i = 0;
    while i < all().len() {
        if is_of(&all()[i], module.as_bytes()) {
            return &all()[i];
        }
        i += 1;
    }
    panic!("a lint without a page")
}

/// Whether a module's path ends in the name of a rule, with `_` for `-`.
const fn is_of(rule: &Rule, module: &[u8]) -> bool {
    let name = rule.name.as_bytes();
    let Some(start) = module.len().checked_sub(name.len()) else {
        return false;
    };
    let mut i = 0;
    while i < name.len() {
        let want = if name[i] == b'-' { b'_' } else { name[i] };
        if module[start + i] != want {
            return false;
        }
        i += 1;
    }
    start > 0 && module[start - 1] == b':'
}

/// One lint over programs.
struct Lint {
    rule: &'static Rule,
    scope: Scope,
    run: fn(&Facts<'_>, &mut Vec<Hit>),
}

/// Every lint over programs, by number.
static LINTS: &[Lint] = &[
    feature_newer_than_target::LINT,
    helper_map_type_mismatch_unreached::LINT,
    gpl_function_without_gpl_licence::LINT,
    probe_read_ambiguous::LINT,
    current_task_untyped::LINT,
    perf_buffer_output::LINT,
    trace_printk_left_in::LINT,
    dangerous_helper::LINT,
    stack_near_limit::LINT,
    complexity_near_limit::LINT,
    dead_code::LINT,
    result_ignored::LINT,
    kernel_read_without_core::LINT,
    shared_update_not_atomic::LINT,
    return_value_without_meaning::LINT,
    key_beyond_array::LINT,
    network_order_ignored::LINT,
    unwritten_bytes_leave::LINT,
    array_element_deleted::LINT,
    array_update_if_absent::LINT,
    perf_output_to_one_cpu::LINT,
    initial_value_races::LINT,
    counter_wraps::LINT,
    record_half_written::LINT,
    unwritten_bytes_in_key::LINT,
    port_in_host_order::LINT,
    address_in_host_order::LINT,
    task_name_cut::LINT,
    task_of_packet::LINT,
    redirect_not_returned::LINT,
    checksum_not_updated::LINT,
    packet_change_unchecked::LINT,
    allocation_in_tracing::LINT,
    argument_read_at_return::LINT,
    result_read_at_entry::LINT,
    syscall_argument_behind_wrapper::LINT,
    symbol_of_one_build::LINT,
    probe_read_wrong_space::LINT,
    code_behind_constant::LINT,
];

/// How answers of a rule for several targets are put together.
pub fn scope(rule: &Rule) -> Scope {
    LINTS
        .iter()
        .find(|l| l.rule.number == rule.number)
        .map_or(Scope::Any, |l| l.scope)
}

/// The words at the place that a finding is about.
pub fn label(rule: &Rule) -> String {
    rule.title
        .to_lowercase()
        .replace("btf", "BTF")
        .replace("gpl", "GPL")
}

/// Runs the lints over one accepted program on one target. The order is by
/// instruction, then by rule.
pub fn lint(input: &LintInput<'_>) -> Vec<Hit> {
    let facts = Facts::new(input);
    let series = input.target.series();
    let mut hits = Vec::new();
    for lint in LINTS.iter().filter(|l| l.rule.holds_for(series)) {
        (lint.run)(&facts, &mut hits);
    }
    hits.sort_by_key(|h| (h.insn, h.rule.number));
    hits
}
