//! The audit of one program.

use super::access::{self, Parts};
use super::attaching::attaching;
use super::bounds;
use super::calls;
use super::channels::channels;
use super::core_needs;
use super::effects::Touched;
use super::features;
use super::guards::{Kconfig, Worlds};
use super::maps;
use super::model::{Capability, Checked, Lacks, Requirements, Verified};
use super::oldest::{Need, oldest};
use super::sites::Sites;
use crate::abstract_interp::observe::{Observed, Pointee};
use crate::abstract_interp::setup::facts::Facts;
use crate::cfg;
use crate::helpers_spec::{
    self, Known, Release, SinceKind, load_asks_attach_type, prog_type_facts, since,
};
use crate::prelude::*;
use crate::programs::insn::Op;
use crate::programs::program::F_XDP_HAS_FRAGS;
use crate::programs::{Program, decode};
use crate::target::Target;
use crate::untrusted::{Untrusted, text};

/// What the audit of a program takes.
pub struct Subject<'a> {
    /// The program, linked against its own types with every kernel function there.
    pub program: &'a Program,
    /// The values that a loader writes into `.kconfig`.
    pub kconfig: &'a [Kconfig],
    /// What the whole object asks of a kernel: maps, strong kernel functions.
    pub object_needs: &'a [Need],
    /// The target it was verified for.
    pub target: &'a Target,
    /// What verification said.
    pub verified: Verified,
    /// What it saw.
    pub observed: &'a Observed,
    /// The smallest set of capabilities that loads it, where verifying told.
    pub smallest: Option<Vec<Capability>>,
    /// The verdict is an acceptance in which every question was answered yes.
    pub whole: bool,
    /// What each kernel series says.
    pub checked: Vec<Checked>,
    /// It is a sketch, as no loader can put it together.
    pub sketch: bool,
}

/// Audits a program.
pub fn requirements(subject: &Subject<'_>) -> Requirements {
    let program = subject.program;
    let ops = decode(&program.insns);
    let newest = crate::target::all().pop().unwrap_or_default();
    let facts = Facts::new(program, &newest, &ops);
    let cfg = cfg::analyze(&program.insns, &ops, &facts, &facts.rules).ok();
    let worlds = Worlds::new(program, &ops, cfg.as_ref(), subject.kconfig);
    let presences = worlds.presences();
    let dead = dead(subject, &ops, &worlds);
    let sites = Sites {
        program,
        presences: &presences,
        dead: &dead,
        maps_at: &|insn| calls::maps_given(program, &ops, subject.observed, insn),
    };
    let calls = calls::calls(program, &ops, &sites);
    let used = features::used(program, &ops, cfg.as_ref(), &sites);
    let core = core_needs::core(program, &sites);
    let symbols = core_needs::symbols(program);
    let maps = maps::uses(program, &ops, subject.observed, &calls);
    let mut needs = identity_needs(program);
    needs.extend(calls::needs(&calls, program.prog_type));
    needs.extend(maps::lookup_needs(program, &calls));
    needs.extend(used.needs);
    needs.extend(subject.object_needs.iter().cloned());
    needs.extend(maps::field_needs(program, &ops, subject.observed));
    let names: Vec<&str> = used.features.iter().map(|f| f.name).collect();
    let parts = Parts {
        calls: &calls,
        core: &core,
        symbols: &symbols,
        maps: &maps,
    };
    let mut oldest = oldest(program, &needs, &worlds, &dead);
    if subject.sketch {
        oldest.certain = None;
    }
    let newest = bounds::settle(&mut oldest, &subject.checked);
    Requirements {
        newest,
        checked: subject.checked.clone(),
        attaching: attaching(program),
        touched: touched(subject, &ops),
        unknown: unknown(subject, &calls),
        program: (&program.name).into(),
        section: (&program.section).into(),
        prog_type: program.prog_type,
        attach_type: program.attach_type,
        attach_to: program.attach_to.as_ref().map(Into::into),
        autoload: program.autoload,
        sleepable: program.sleepable,
        insns: program.insns.len(),
        functions: program.subprogs.iter().map(|s| (&s.name).into()).collect(),
        license: (&program.license).into(),
        gpl_compatible: program.gpl_compatible,
        isa: used.isa,
        capabilities: subject
            .smallest
            .clone()
            .unwrap_or_else(|| access::capabilities(program, &calls, &names)),
        config: access::config(program, &parts),
        channels: channels(program, &calls, &maps),
        oldest,
        features: used.features,
        core,
        symbols,
        maps,
        calls,
        guards: worlds.guards.clone(),
        verified: subject.verified.clone(),
    }
}

/// Slots that constants let control reach, and verification of an accepted
/// program did not.
fn dead(subject: &Subject<'_>, ops: &[Op], worlds: &Worlds<'_>) -> Vec<bool> {
    let mut dead = vec![false; ops.len()];
    if !subject.whole {
        return dead;
    }
    let (major, minor, _) = subject.target.release;
    let reached = worlds.all_yes(Release::new(major, minor));
    for (at, op) in ops.iter().enumerate() {
        if let Some(slot) = dead.get_mut(at) {
            *slot = *op != Op::Second
                && reached.get(at) == Some(&true)
                && !subject.observed.reached(at);
        }
    }
    dead
}

/// What an accepted program reads and writes without a call.
fn touched(subject: &Subject<'_>, ops: &[Op]) -> Option<Touched> {
    if subject.verified.verdict != "accept" {
        return None;
    }
    let mut touched = Touched::default();
    for (at, op) in ops.iter().enumerate() {
        let (reads, writes) = match op {
            Op::Load { .. } | Op::LoadAcquire { .. } => (1, 0),
            Op::Store { .. } | Op::StoreRelease { .. } => (0, 1),
            Op::Atomic { .. } => (1, 1),
            Op::LdAbs { .. } | Op::LdInd { .. } => {
                touched.packet_reads += usize::from(subject.observed.reached(at));
                continue;
            }
            _ => continue,
        };
        for base in subject.observed.bases(at) {
            match base {
                Pointee::Kernel(_) => {
                    touched.kernel_reads += reads;
                    touched.kernel_writes += writes;
                }
                Pointee::Packet | Pointee::PacketMeta => {
                    touched.packet_reads += reads;
                    touched.packet_writes += writes;
                }
                _ => {}
            }
        }
    }
    Some(touched)
}

/// What could not be told.
fn unknown(subject: &Subject<'_>, calls: &[super::model::Call]) -> Vec<Untrusted> {
    let mut out = Vec::new();
    let program = subject.program;
    if program.prog_type == crate::helpers_spec::ProgType::Unspec {
        out.push(text!(
            "its type, which section {} does not say: what it may call, and what capabilities it takes",
            program.section
        ));
    }
    if subject.sketch && !program.line_info.is_empty() {
        out.push("what its relocations ask of the kernel's types".into());
    }
    if let (true, Some(reason)) = (subject.sketch, &subject.verified.reason) {
        out.push(text!("what a loader would make of it: {}", reason));
    }
    let odd = calls.iter().filter(|c| c.lacks == Lacks::Everywhere);
    out.extend(odd.map(|c| text!("{} {}, which no table has", c.callee.kind(), c.name)));
    out
}

/// What the program's type, hook and flags ask of a kernel.
fn identity_needs(program: &Program) -> Vec<Need> {
    let mut needs = Vec::new();
    let ty = program.prog_type;
    if ty == crate::helpers_spec::ProgType::Unspec {
        return needs;
    }
    let known = prog_type_facts(ty).and_then(|f| Release::parse(f.since));
    needs.push(Need::whole(
        format!("program type {ty}"),
        known.map(Known::exactly),
    ));
    let info = helpers_spec::section(&program.section, true);
    let optional = info.is_some_and(|i| i.attach_optional || i.usdt);
    if let Some(attach) = program.attach_type.filter(|_| !optional)
        && let Some(release) = since(SinceKind::AttachType, attach.name())
    {
        needs.push(Need {
            at_attach: !load_asks_attach_type(ty),
            ..Need::whole(
                format!("attach type {attach}"),
                Some(Known::exactly(release)),
            )
        });
        if attach == crate::helpers_spec::AttachType::TraceIter
            && let Some(over) = &program.attach_to
            && let Some(release) = since(SinceKind::Iterator, over)
        {
            needs.push(Need::whole(
                format!("iterator over {over}"),
                Some(Known::exactly(release)),
            ));
        }
    }
    if let Some(slot) = &program.struct_ops
        && let Some(release) = since(SinceKind::StructOps, &slot.structure)
    {
        needs.push(Need::whole(
            format!("struct_ops {}", slot.structure),
            Some(Known::exactly(release)),
        ));
    }
    let mut feature = |name: &str, at_attach| {
        if let Some(release) = since(SinceKind::Feature, name) {
            needs.push(Need {
                at_attach,
                ..Need::whole(format!("feature {name}"), Some(Known::exactly(release)))
            });
        }
    };
    if program.sleepable {
        use crate::helpers_spec::{AttachType as A, ProgType as P};
        match (ty, program.attach_type) {
            // Programs of system calls always sleep.
            (P::Syscall, _) => {}
            (P::Tracing, Some(A::TraceIter)) => {
                feature("sleepable", false);
                feature("sleepable_iter", true);
            }
            (P::Kprobe, _) => feature("sleepable_uprobe", false),
            (P::StructOps, _) => feature("sleepable_struct_ops", false),
            _ => feature("sleepable", false),
        }
    }
    if program.prog_flags & F_XDP_HAS_FRAGS != 0 {
        feature("xdp_frags", false);
    }
    needs
}
