//! The smallest set of capabilities that loads a program: found by verifying with it.
//!
//! Demands only grow with what a program does, so the set is grown from what its type
//! and maps take: each refusal names the next capability, and the instruction that needs
//! it. A refusal that names none is of a loader that may not see addresses
//! (`CAP_PERFMON`), or, before that, of one without `CAP_BPF`.

use std::collections::BTreeMap;

use super::{Options, TargetChoice};
use crate::abstract_interp::checks::rights::{map_demands, type_demands};
use crate::abstract_interp::refusal::{Fault, Refusal};
use crate::abstract_interp::{Input, Verdict, verify_within};
use crate::audit;
use crate::diagnostics::{self, Context};
use crate::helpers_spec::{self, HelperCap, KfFlags, helper_cap};
use crate::programs::insn::{Callee, Op};
use crate::programs::{Program, decode};
use crate::target::{Capability, Rights, Target};
use crate::untrusted::{Untrusted, text};

/// What keeps users without capabilities out, where nothing of the program does.
const SYSCTL: &str = "kernel.unprivileged_bpf_disabled";

/// Capabilities, and what asks for them.
#[derive(Default)]
struct Found(BTreeMap<Capability, Vec<Untrusted>>);

impl Found {
    fn add(&mut self, capability: Capability, reason: Untrusted) {
        let reasons = self.0.entry(capability).or_default();
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }

    fn rights(&self) -> Rights {
        let all = self.0.keys();
        all.fold(Rights::NONE, |rights, c| rights.with(*c))
    }

    fn list(self) -> Vec<audit::Capability> {
        let all = self.0.into_iter();
        all.map(|(c, because)| audit::Capability {
            name: c.name(),
            because,
        })
        .collect()
    }
}

/// The smallest set for a program that the target accepts from root; none where a
/// verification on the way is not decided.
pub(super) fn smallest(
    program: &Program,
    choice: &TargetChoice<'_>,
    options: &Options<'_>,
) -> Option<Vec<audit::Capability>> {
    let mut found = Found::default();
    // What the program itself takes, whoever is let in.
    let mut open = choice.target.clone();
    open.config.unprivileged_bpf = true;
    for c in type_demands(program, (&open).into()) {
        found.add(c, text!("program type {}", program.prog_type));
    }
    for map in program.maps.iter() {
        for c in map_demands(map, (&open).into()) {
            found.add(c, text!("map {}", map.name));
        }
    }
    if !choice.target.config.unprivileged_bpf && !found.rights().meets(Capability::Bpf) {
        found.add(Capability::Bpf, SYSCTL.into());
    }
    if found.rights().meets(Capability::Perfmon) && !asks_for_more(program, choice.target) {
        return Some(found.list());
    }
    loop {
        let rights = found.rights();
        let target = Target {
            rights,
            ..choice.target.clone()
        };
        let input = Input {
            program,
            target: &target,
            kernel_btf: choice.kernel_btf,
        };
        let refusal = match verify_within(&input, None, options.account()).verdict {
            Verdict::Accept => return Some(found.list()),
            Verdict::Unknown(_) => return None,
            Verdict::Reject(refusal) => refusal,
        };
        let unnamed = match rights.meets(Capability::Bpf) {
            true => Capability::Perfmon,
            false => Capability::Bpf,
        };
        let next = refusal.fault().and_then(asked).unwrap_or(unnamed);
        if rights.meets(next) {
            return None;
        }
        found.add(next, reason(program, &target, &refusal, options));
    }
}

/// The capability that a fault names.
fn asked(fault: &Fault) -> Option<Capability> {
    match fault {
        Fault::TypePrivileged { capability, .. }
        | Fault::MapPrivileged { capability, .. }
        | Fault::HelperPrivileged { capability, .. }
        | Fault::KfuncPrivileged { capability, .. } => Capability::ALL
            .into_iter()
            .find(|c| c.name() == &**capability),
        Fault::CallsPrivileged | Fault::BackEdge { .. } | Fault::TooManySlots { .. } => {
            Some(Capability::Bpf)
        }
        _ => None,
    }
}

/// Whether a call of the program may take more than `CAP_PERFMON`.
fn asks_for_more(program: &Program, target: &Target) -> bool {
    let ty = program.prog_type;
    decode(&program.insns).iter().any(|op| match *op {
        Op::Call(Callee::Helper(id)) => {
            let id = u32::try_from(id).unwrap_or(u32::MAX);
            helper_cap(id, ty, target.helper_spec(id)) == HelperCap::SysAdmin
        }
        Op::Call(Callee::Kfunc { imm, .. }) => {
            let called = usize::try_from(imm)
                .ok()
                .and_then(|i| program.kfuncs.get(i));
            called
                .and_then(|k| helpers_spec::kfunc(&k.name, target.kfunc_spec(&k.name)))
                .is_some_and(|k| k.flags.contains(KfFlags::DESTRUCTIVE))
        }
        _ => false,
    })
}

/// The instruction that is refused, and why.
fn reason(
    program: &Program,
    target: &Target,
    refusal: &Refusal,
    options: &Options<'_>,
) -> Untrusted {
    match refusal.fault() {
        Some(Fault::HelperPrivileged { name, .. } | Fault::KfuncPrivileged { name, .. }) => {
            return text!("{} at {}", name, place(program, refusal.insn));
        }
        Some(Fault::CallsPrivileged) => return "calls of its own functions".into(),
        Some(Fault::BackEdge { .. }) => return "loops".into(),
        Some(Fault::TooManySlots { limit, .. }) => {
            return text!("more than {} instructions", limit);
        }
        _ => {}
    }
    let ops = decode(&program.insns);
    let context = Context {
        program,
        ops: &ops,
        target: &target.name,
        kernel: Some(target),
        source_text: options.source_text,
    };
    let told = diagnostics::describe(&context, refusal, target.series());
    let what = Untrusted::from(told.what.data().trim_end_matches('.'));
    text!("{}: {}", place(program, refusal.insn), what)
}

/// `instruction 34 (tc.c:120:5)`.
fn place(program: &Program, insn: usize) -> Untrusted {
    match diagnostics::place_of(program, insn) {
        Some(place) => text!("instruction {} ({})", insn, place.text()),
        None => text!("instruction {}", insn),
    }
}
