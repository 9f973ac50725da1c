//! One program on one target: verified, and worded.

use super::portability::judge;
use super::{Options, TargetChoice, findings, remedies};
use crate::abstract_interp::{
    self, Consulted, Input, Observed, Observer, Reach, Stats, Verdict, Verification,
};
use crate::audit::{Memory, memory};
use crate::budget::{Ended, is_budget};
use crate::config;
use crate::diagnostics::{self, Context};
use crate::helpers_spec::ProgType;
use crate::programs::insn::{ImmRef, Op};
use crate::programs::{LoadError, LoadErrorKind, Program, decode};
use crate::report::{Outcome, ProgramReport, Usage};
use crate::rules;
use crate::rules::lints::Hit;
use crate::target::Target;

/// What a verification saw; of accepted programs.
pub(super) struct Looked {
    /// Which slots it reached.
    pub(super) reach: Reach,
    /// What the lints said, where they were asked.
    pub(super) hits: Option<Vec<Hit>>,
}

/// What exploring a program on a target gave.
pub(super) struct Explored {
    pub(super) verification: Verification,
    /// Of accepted programs: what ended elsewhere hides what was to come.
    observed: Option<Observed>,
    /// What it asked of its target, where others may ask the same.
    pub(super) consulted: Option<Consulted>,
    verify_us: Option<u64>,
}

impl Explored {
    /// Instructions that it took.
    pub(super) fn processed(&self) -> u64 {
        self.verification.stats.processed
    }

    /// Whether a budget ended it.
    pub(super) fn ended(&self) -> bool {
        matches!(&self.verification.verdict, Verdict::Unknown(u) if is_budget(&u.name))
    }
}

/// Verifies a program for a target.
pub(super) fn explore(
    program: &Program,
    choice: &TargetChoice<'_>,
    options: &Options<'_>,
) -> Explored {
    let start = options.clock.map(|now| now());
    let input = Input {
        program,
        target: choice.target,
        kernel_btf: choice.kernel_btf,
    };
    // Whoever shares it gets it whole.
    let runtime = options.targets.iter().any(|t| t.target.profile().is_some());
    let observes = runtime || options.lints || runs(options);
    let account = options.account();
    let mut observed = observes.then(Observed::default);
    let mut noting = observed.as_mut().map(Observed::noting);
    let observer = noting.as_mut().map(|noting| noting as Observer<'_>);
    let (verification, consulted) = if options.shares() {
        let (found, consulted) = abstract_interp::verify_asking(&input, observer, account);
        (found, Some(consulted))
    } else {
        let found = abstract_interp::verify_within(&input, observer, account);
        (found, None)
    };
    drop(noting);
    let accepted = matches!(verification.verdict, Verdict::Accept);
    let observed = observed.filter(|_| accepted);
    let verify_us = options
        .clock
        .zip(start)
        .map(|(now, start)| now().saturating_sub(start));
    Explored {
        verification,
        observed,
        consulted,
        verify_us,
    }
}

/// Whether what is accepted is run: runs are measured by what verification reached.
fn runs(options: &Options<'_>) -> bool {
    #[cfg(feature = "smoke")]
    return options.smoke;
    #[cfg(not(feature = "smoke"))]
    {
        let _ = options;
        false
    }
}

/// Words what was found of a program on a target, there or on another that answers alike.
pub(super) fn tell(
    program: &Program,
    choice: &TargetChoice<'_>,
    explored: &Explored,
    options: &Options<'_>,
) -> (ProgramReport, Option<Looked>) {
    let runtime = choice.target.profile().is_some();
    let Explored {
        verification,
        observed,
        verify_us,
        ..
    } = explored;
    let verify_us = *verify_us;
    let judged = judge(program, choice, observed.as_ref(), options);
    // Lints are about kernels.
    let looked = observed.as_ref().map(|observed| {
        let hits = (options.lints && !runtime).then(|| {
            let mut hits = findings::of_program(program, choice, observed, verification);
            // What somebody stated is not left open.
            let open = |v: &String| !options.manifest.sets(v);
            hits.retain(|hit| hit.variable.as_ref().is_none_or(open));
            hits
        });
        let reach = observed.reach();
        Looked { reach, hits }
    });
    let outcome = match &verification.verdict {
        _ if !judged.lacks.is_empty() => Outcome::Lacks(judged.lacks),
        Verdict::Accept => Outcome::Accept,
        Verdict::Reject(refusal) => {
            let ops = decode(&program.insns);
            let context = Context {
                program,
                ops: &ops,
                target: &choice.target.name,
                kernel: Some(choice.target),
                source_text: options.source_text,
            };
            let mut told = diagnostics::describe(&context, refusal, choice.target.series());
            if !runtime {
                let processed = verification.stats.processed;
                remedies::test(program, choice, options, processed, refusal, &mut told);
            }
            Outcome::Reject(Box::new(told))
        }
        Verdict::Unknown(u) => Outcome::Unknown {
            place: u.insn.and_then(|i| diagnostics::place_of(program, i)),
            name: (&u.name).into(),
            insn: u.insn,
            internal: None,
        },
    };
    let report = ProgramReport {
        partial: judged.partial.map(Box::new),
        #[cfg(feature = "cli")]
        view: view(program, choice, verification, options),
        #[cfg(feature = "cli")]
        profile: profile(program, choice, verification, options),
        ..report_of(
            program,
            choice.target,
            outcome,
            Some(verification.stats),
            verify_us,
        )
    };
    (report, looked)
}

/// What a page steps through: of every refusal, and of what is accepted on the first
/// target only, since it differs little on others.
#[cfg(feature = "cli")]
fn view(
    program: &Program,
    choice: &TargetChoice<'_>,
    verification: &Verification,
    options: &Options<'_>,
) -> Option<std::sync::Arc<crate::view::View>> {
    let shelf = options.views?;
    let first = options.targets.first().map(|t| &t.target.name);
    let wanted = match verification.verdict {
        Verdict::Accept => first == Some(&choice.target.name),
        Verdict::Reject(_) => true,
        Verdict::Unknown(_) => false,
    };
    let input = Input {
        program,
        target: choice.target,
        kernel_btf: choice.kernel_btf,
    };
    wanted
        .then(|| crate::view::View::of(&input, verification, options.account(), shelf))?
        .map(std::sync::Arc::new)
}

/// Where the budget went, of what was explored.
#[cfg(feature = "cli")]
fn profile(
    program: &Program,
    choice: &TargetChoice<'_>,
    verification: &Verification,
    options: &Options<'_>,
) -> Option<std::sync::Arc<crate::view::profile::ProfileView>> {
    let input = Input {
        program,
        target: choice.target,
        kernel_btf: choice.kernel_btf,
    };
    let wanted = options.profile && !matches!(verification.verdict, Verdict::Unknown(_));
    wanted
        .then(|| crate::view::profile::ProfileView::of(&input, verification, options.account()))?
        .map(std::sync::Arc::new)
}

/// The target has no programs of the type: the load call is refused as it stands.
pub(super) fn no_such_type(program: &Program, target: &Target) -> ProgramReport {
    let outcome = Outcome::LoadError {
        stage: "syscall",
        reason: format!("no programs of type {} there", program.prog_type).into(),
        rule: None,
    };
    report_of(program, target, outcome, None, None)
}

fn report_of(
    program: &Program,
    target: &Target,
    outcome: Outcome,
    stats: Option<Stats>,
    verify_us: Option<u64>,
) -> ProgramReport {
    ProgramReport {
        program: (&program.name).into(),
        section: (&program.section).into(),
        prog_type: match program.extends {
            Some(_) => ProgType::Ext.name(),
            None => program.prog_type.name(),
        },
        attach_type: program.attach_type.map_or("", |a| a.name()),
        insns: program.insns.len(),
        stats,
        verify_us,
        assumes: program
            .assumes
            .iter()
            .map(|a| a.to_string().into())
            .collect(),
        usage: usage(program),
        ..ProgramReport::blank(&(&target.name).into(), outcome)
    }
}

/// What a program uses: maps that it refers to, functions that it calls.
fn usage(program: &Program) -> Usage {
    let ops = decode(&program.insns);
    let mut used = vec![false; program.maps.len()];
    for op in &ops {
        let (Op::LdImm64 {
            src: ImmRef::MapIdx(map),
            ..
        }
        | Op::LdImm64 {
            src: ImmRef::MapIdxValue { idx: map, .. },
            ..
        }) = *op
        else {
            continue;
        };
        if let Some(slot) = usize::try_from(map).ok().and_then(|i| used.get_mut(i)) {
            *slot = true;
        }
    }
    let maps = program.maps.iter().zip(used).filter(|(_, used)| *used);
    let memory = maps.fold(Memory::default(), |sum, (map, _)| sum.plus(memory(map, 1)));
    Usage {
        place: program.place(0),
        map_bytes: memory.full,
        map_bytes_per_cpu: memory.per_cpu,
        callees: config::policy::callees(program, &ops)
            .into_iter()
            .map(Into::into)
            .collect(),
    }
}

pub(super) fn load_error(e: &LoadError, target: &Target) -> ProgramReport {
    let outcome = match e.kind {
        LoadErrorKind::Budget => Outcome::Unknown {
            name: Ended::Memory.name().into(),
            insn: None,
            place: None,
            internal: None,
        },
        _ => refused_by_loader(e),
    };
    ProgramReport {
        program: e.program.as_deref().unwrap_or("").into(),
        section: e.section.as_deref().unwrap_or("").into(),
        prog_type: e.prog_type.map_or("", |t| t.name()),
        attach_type: e.attach_type.map_or("", |t| t.name()),
        insns: e.insns,
        ..ProgramReport::blank(&(&target.name).into(), outcome)
    }
}

fn refused_by_loader(e: &LoadError) -> Outcome {
    Outcome::LoadError {
        stage: e.kind.stage(),
        reason: (&e.reason).into(),
        rule: e
            .map
            .as_ref()
            .and_then(|fault| rules::by_map_flaw(fault.flaw)),
    }
}

pub(super) fn internal(
    target: &Target,
    program: &str,
    section: &str,
    detail: String,
) -> ProgramReport {
    let outcome = Outcome::Unknown {
        name: "internal-error".into(),
        insn: None,
        place: None,
        internal: Some(detail.into()),
    };
    ProgramReport {
        program: program.into(),
        section: section.into(),
        ..ProgramReport::blank(&(&target.name).into(), outcome)
    }
}

/// The row of an object that nobody looked into.
pub(super) fn undecided(target: &Target, ended: Ended) -> ProgramReport {
    let outcome = Outcome::Unknown {
        name: ended.name().into(),
        insn: None,
        place: None,
        internal: None,
    };
    ProgramReport::blank(&(&target.name).into(), outcome)
}

pub(super) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()))
        .unwrap_or_else(|| "panic".into())
}
