//! CO-RE: "compile once, run everywhere" relocations.
//!
//! Each record ties an instruction to a question about a type of the object: at
//! which offset is `task_struct.mm.pgd`, is there such a field, what is the
//! value of this enumerator? The answer is sought in the target's types. A
//! *candidate* is a target type of compatible kind with the same name, flavour
//! suffixes ignored; the access must lead somewhere in it (see [`spec`]), all
//! candidates in which it does must agree, and the instruction takes the answer
//! ([`patch`]). Where nothing matches, questions of existence are answered with
//! no, and instructions that need the answer are poisoned: they become a call of
//! a helper that does not exist, which harms only if it can be reached. Where the
//! types at hand cannot tell (there are none, or not the kernel's whole, or two
//! kernels' that differ), the question stays *open*: no verdict may rest on it.
#![warn(clippy::arithmetic_side_effects)]

mod compat;
mod patch;
mod question;
mod spec;
#[cfg(test)]
mod tests;

pub(super) use compat::types_compatible;
pub(super) use patch::poison;

use super::insn::Insn;
use super::program::CoreOutcome;
use crate::object::btf::essential_name;
use crate::object::{Btf, CoreRelo};
use crate::prelude::*;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::cell::Cell;
use question::{Answer, Decision, Question, decide};
use spec::{Spec, parse};

/// Steps left for comparing types. Honest objects need thousands; hostile ones
/// nest types so that comparing them takes forever.
pub(super) struct Budget(Cell<u32>);

impl Budget {
    pub fn new() -> Budget {
        Budget(Cell::new(64 << 20))
    }

    pub fn spend(&self, steps: u32) -> Result<(), String> {
        let left = self.0.get().checked_sub(steps);
        self.0.set(left.unwrap_or(0));
        if left.is_some() {
            Ok(())
        } else {
            Err("types too intricate to compare".into())
        }
    }
}

/// Structures that every kernel has and only ever appends to: contexts of programs,
/// and the registers of the machine. Without a kernel's types the object's own do.
const STABLE: &[&str] = &[
    "__sk_buff",
    "bpf_cgroup_dev_ctx",
    "bpf_perf_event_data",
    "bpf_raw_tracepoint_args",
    "bpf_sk_lookup",
    "bpf_sock",
    "bpf_sock_addr",
    "bpf_sock_ops",
    "bpf_sockopt",
    "bpf_sysctl",
    "pt_regs",
    "sk_msg_md",
    "sk_reuseport_md",
    "xdp_md",
];

/// The types of one kernel.
struct Side<'a> {
    target: &'a Btf,
    /// Candidates by local root type. Types in which an access did not exist are
    /// dropped once another candidate had it, as libbpf does.
    candidates: BTreeMap<u32, Vec<u32>>,
}

/// Where a relocation's answer is sought.
enum Place<'a> {
    /// In no types: only what is the same everywhere has an answer.
    Nowhere,
    /// Each type of the object is only itself.
    Itself,
    /// In a kernel's types.
    Kernel(Side<'a>),
    /// In the types of two kernels, which must agree; the newer one's count.
    Between(Side<'a>, Side<'a>),
}

/// Resolves the relocations of one object against one target.
pub(super) struct Resolver<'a> {
    local: &'a Btf,
    place: Place<'a>,
    /// Root types in words.
    type_names: BTreeMap<u32, Arc<str>>,
    budget: Budget,
}

/// A relocation that was applied, in words.
pub(super) struct Applied {
    pub outcome: CoreOutcome,
    pub type_name: Arc<str>,
    pub access: String,
}

impl<'a> Side<'a> {
    fn new(target: &'a Btf) -> Side<'a> {
        Side {
            target,
            candidates: BTreeMap::new(),
        }
    }

    fn find_candidates(&self, local: &Btf, root: u32) -> Result<Vec<u32>, String> {
        let name = named(local, root)?;
        let kind = local.kind(root);
        let fits = |id: &u32| compat::kinds_compatible(kind, self.target.kind(*id));
        Ok(self
            .target
            .candidates(essential_name(name))
            .filter(fits)
            .collect())
    }

    fn resolve(
        &mut self,
        q: Question,
        local: &Spec<'_>,
        budget: &Budget,
    ) -> Result<Decision, String> {
        let root = local.root;
        let candidates = match self.candidates.remove(&root) {
            Some(known) => known,
            None => self.find_candidates(local.btf, root)?,
        };
        let result = choose(q, local, self.target, &candidates, budget);
        let kept = match &result {
            Ok((_, kept)) if !kept.is_empty() => kept.clone(),
            _ => candidates,
        };
        self.candidates.insert(root, kept);
        let (decision, kept) = result?;
        // Absence is told by whole types only.
        if kept.is_empty() && !self.target.is_whole() {
            return Ok(Decision::Open);
        }
        Ok(decision)
    }
}

/// The name of a relocation's root type.
fn named(local: &Btf, root: u32) -> Result<&str, String> {
    match local.name(root) {
        "" => Err("relocations of anonymous types are not supported".into()),
        name => Ok(name),
    }
}

/// The decision on which all candidates that match agree, and those candidates.
fn choose(
    q: Question,
    local: &Spec<'_>,
    btf: &Btf,
    candidates: &[u32],
    budget: &Budget,
) -> Result<(Decision, Vec<u32>), String> {
    let mut kept = Vec::new();
    let mut chosen: Option<(Decision, u32)> = None;
    for id in candidates {
        let Some(target) = local.find_in(q, btf, *id, budget)? else {
            continue;
        };
        let decision = decide(q, local, Some(&target))?;
        let value = |d: &Decision| match d {
            Decision::Poison | Decision::Open => None,
            Decision::Change { to, .. } => Some(to.value),
        };
        match &chosen {
            None => chosen = Some((decision, target.bit_offset)),
            Some((first, offset))
                if *offset != target.bit_offset || value(first) != value(&decision) =>
            {
                return Err(format!("{} is ambiguous in the target", local.describe()));
            }
            Some(_) => {}
        }
        kept.push(*id);
    }
    match chosen {
        Some((decision, _)) => Ok((decision, kept)),
        None => Ok((decide(q, local, None)?, kept)),
    }
}

/// Whether two kernels answer alike. Where a field lies is a matter of each build;
/// that it is there, and how large, is not.
fn alike(q: Question, newer: &Decision, older: &Decision) -> bool {
    match (newer, older) {
        (
            Decision::Change {
                to: x, bad_size: a, ..
            },
            Decision::Change {
                to: y, bad_size: b, ..
            },
        ) => {
            let same = match q {
                Question::FieldOffset => true,
                Question::TargetTypeId => (x.value == 0) == (y.value == 0),
                _ => x.value == y.value,
            };
            same && x.size == y.size && a == b
        }
        (x, y) => x == y,
    }
}

impl<'a> Resolver<'a> {
    fn at(local: &'a Btf, place: Place<'a>) -> Resolver<'a> {
        Resolver {
            local,
            place,
            type_names: BTreeMap::new(),
            budget: Budget::new(),
        }
    }

    /// Relocates against a kernel's types; without any, what needs them stays open.
    pub fn new(local: &'a Btf, kernel: Option<&'a Btf>) -> Resolver<'a> {
        let place = match (kernel, kernel.and_then(Btf::older)) {
            (None, _) => Place::Nowhere,
            (Some(newer), Some(older)) => Place::Between(Side::new(newer), Side::new(older)),
            (Some(kernel), None) => Place::Kernel(Side::new(kernel)),
        };
        Resolver::at(local, place)
    }

    /// Relocates within one BTF, every type to itself.
    pub fn to_itself(local: &'a Btf) -> Resolver<'a> {
        Resolver::at(local, Place::Itself)
    }

    fn resolve(&mut self, q: Question, local: &Spec<'_>) -> Result<Decision, String> {
        let root = local.root;
        if q == Question::LocalTypeId {
            let id = Answer {
                value: root.into(),
                ..Answer::default()
            };
            return Ok(Decision::Change {
                from: id,
                to: id,
                bad_size: false,
            });
        }
        let budget = &self.budget;
        let own = || {
            let name = named(local.btf, root)?;
            let (decision, _) = choose(q, local, local.btf, &[root], budget)?;
            Ok::<_, String>((name, decision))
        };
        match &mut self.place {
            Place::Nowhere => {
                let (name, decision) = own()?;
                let stable = STABLE.contains(&essential_name(name));
                Ok(if stable { decision } else { Decision::Open })
            }
            Place::Itself => Ok(own()?.1),
            Place::Kernel(kernel) => kernel.resolve(q, local, budget),
            Place::Between(newer, older) => {
                let newer = newer.resolve(q, local, budget);
                let older = older.resolve(q, local, budget);
                match (newer, older) {
                    (Ok(newer), Ok(older)) if alike(q, &newer, &older) => Ok(newer),
                    (Err(why), Err(_)) => Err(why),
                    _ => Ok(Decision::Open),
                }
            }
        }
    }

    /// Applies a relocation to the instruction at `at`.
    pub fn apply(
        &mut self,
        relo: &CoreRelo,
        insns: &mut [Insn],
        at: usize,
    ) -> Result<Applied, String> {
        let Some(q) = Question::from_number(relo.kind) else {
            return Err(format!("unknown kind of CO-RE relocation, {}", relo.kind));
        };
        let local = parse(self.local, q, relo.type_id, self.local.str_at(relo.access))?;
        let decision = self.resolve(q, &local)?;
        let outcome = patch::apply(insns, at, decision)?;
        let name = || self.local.describe(relo.type_id).into();
        let type_name = self
            .type_names
            .entry(relo.type_id)
            .or_insert_with(name)
            .clone();
        Ok(Applied {
            outcome,
            type_name,
            access: local.access(),
        })
    }
}
