//! From bytes to an audit: requirements from the object itself, verdicts from one
//! target.
//!
//! The programs are linked twice. For the requirements, against the object's own
//! types and with every kernel function present, so that nothing is left out
//! because some kernel lacks it. For the verdict, as for `check`. Instruction
//! numbers are the same in both.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::each::each;
use super::verify::panic_text;
use super::{Opened, Options, TargetChoice, linked, open, types};
use crate::abstract_interp::observe::{Observed, verify_observing};
use crate::abstract_interp::{Input, Verdict};
use crate::audit::{
    self, BtfState, Kconfig, MapNeed, Memory, Need, ObjectAudit, Oldest, Requirements, Subject,
    Unlinked, Verified,
};
use crate::diagnostics::{self, Context};
use crate::helpers_spec::Release;
use crate::object::{ExternKind, Object};
use crate::programs::{self, CoreOutcome, LinkOptions, LoadError, Program, decode};
use crate::target::Target;
use crate::untrusted::{Untrusted, text};

/// CPUs that per-CPU memory is counted for, unless told otherwise.
pub const DEFAULT_CPUS: u32 = 8;

/// Audits one input. The first target of the options gives the verdicts.
pub fn audit(bytes: &[u8], options: &Options<'_>, cpus: u32) -> ObjectAudit {
    let default = Target::default();
    let choice = options.targets.first().copied().unwrap_or(TargetChoice {
        target: &default,
        kernel_btf: types::of_target(&default),
    });
    let mut out = ObjectAudit {
        target: (&choice.target.name).into(),
        bytes: bytes.len(),
        ..blank(options, cpus)
    };
    let opened = match open(bytes, options) {
        Ok(opened) => opened,
        Err(e) => {
            out.error = Some(e.text());
            return out;
        }
    };
    let generous = generous(&opened, options);
    let linked = linked(&opened, &choice, options);
    let errors = linked.object_errors.iter().chain(&generous.object_errors);
    for e in errors {
        let text = text!("{}: {}", e.kind.stage(), e.reason);
        if !out.load_errors.contains(&text) {
            out.load_errors.push(text);
        }
    }
    let (mut needs, mut kconfig) = (Vec::new(), Vec::new());
    if let Opened::Object(object) = &opened {
        out.license = (&object.license).into();
        out.btf = match (&object.btf, &object.btf_refused) {
            (None, _) => BtfState::Absent,
            (Some(_), None) => BtfState::Present,
            (Some(_), Some(why)) => BtfState::Refused(why.into()),
        };
        out.maps = maps(object, &generous.programs, cpus);
        needs = audit::map_needs(&out.maps);
        needs.extend(audit::strong_kfuncs(object));
        kconfig = self::kconfig(object);
    } else if let Some(Ok(p)) = generous.programs.first() {
        out.license = (&p.license).into();
        let all = &p.maps;
        out.maps = all
            .iter()
            .map(|m| audit::map_need(m, all, None, cpus))
            .collect();
        needs = audit::map_needs(&out.maps);
    }
    out.memory = out
        .maps
        .iter()
        .map(|m| m.memory)
        .fold(Memory::default(), Memory::plus);
    let one = |entry: &Result<Program, LoadError>| {
        program(entry, &linked.programs, &choice, options, &needs, &kconfig)
    };
    let found = each(generous.programs.iter().collect(), one);
    for result in found.into_iter().flatten() {
        match result {
            Ok(p) => out.programs.push(p),
            Err(u) => out.unlinked.push(u),
        }
    }
    finish(&mut out, &needs);
    out
}

/// The audit of an input that could not be read.
pub fn unread(reason: Untrusted, options: &Options<'_>, cpus: u32) -> ObjectAudit {
    ObjectAudit {
        error: Some(reason),
        ..blank(options, cpus)
    }
}

/// Nothing is known yet.
fn blank(options: &Options<'_>, cpus: u32) -> ObjectAudit {
    let target = options.targets.first().map(|t| (&t.target.name).into());
    ObjectAudit {
        object: options.name.into(),
        error: None,
        target: target.unwrap_or_default(),
        cpus,
        bytes: 0,
        license: Untrusted::new(),
        btf: BtfState::Absent,
        load_errors: Vec::new(),
        maps: Vec::new(),
        memory: Memory::default(),
        programs: Vec::new(),
        unlinked: Vec::new(),
        oldest: Oldest::default(),
        capabilities: Vec::new(),
        config: Vec::new(),
    }
}

/// Sums the programs up.
fn finish(out: &mut ObjectAudit, needs: &[Need]) {
    let loaded: Vec<&Requirements> = out.programs.iter().filter(|p| p.autoload).collect();
    out.oldest = if loaded.is_empty() {
        object_alone(needs)
    } else {
        audit::together(loaded.iter().map(|p| &p.oldest))
    };
    let caps = out.programs.iter().flat_map(|p| &p.capabilities);
    out.capabilities = audit::access::all_capabilities(caps);
    let unused = audit::access::object_config(&out.maps, needs);
    let config = out.programs.iter().flat_map(|p| &p.config).chain(&unused);
    out.config = audit::access::all_config(config);
}

/// The oldest kernel of an object without programs.
fn object_alone(needs: &[Need]) -> Oldest {
    let release = needs.iter().map(|n| n.known.map(|k| k.release)).max();
    let Some(release) = release.flatten() else {
        return Oldest::default();
    };
    Oldest {
        release: Some(release.max(Release::FIRST)),
        certain: Some(release),
        ..Oldest::default()
    }
}

fn generous(opened: &Opened, options: &Options<'_>) -> programs::Linked {
    let type_of = |section: &str, _program: &str| {
        let (first, _) = section
            .split_once('/')
            .filter(|_| options.loader.reads_legacy())?;
        let info = programs::sections::section_info(first, true)?;
        Some((info.prog_type, info.attach_type))
    };
    match opened {
        Opened::Object(object) => programs::link(
            object,
            &LinkOptions {
                force_type: options.prog_type,
                type_of: &type_of,
                own_types: true,
                kfunc_exists: &|_| true,
                release: (Release::NEWEST.major, Release::NEWEST.minor, 0),
                legacy_sections: options.loader.reads_legacy(),
                legacy_maps: options.loader.reads_legacy(),
                loader: options.loader,
                manifest: options.manifest,
                ..LinkOptions::default()
            },
        ),
        Opened::Raw(program) => programs::Linked {
            programs: vec![Ok((**program).clone())],
            object_errors: Vec::new(),
        },
    }
}

/// The maps as a loader creates them; those of a linked program have the sizes
/// that loaders fill in.
fn maps(object: &Object, linked: &[Result<Program, LoadError>], cpus: u32) -> Vec<MapNeed> {
    let adjusted = linked.iter().find_map(|p| p.as_ref().ok()).map(|p| &p.maps);
    let btf = object.btf.as_deref();
    let all = object.maps.iter().enumerate();
    all.map(|(i, own)| {
        let map = adjusted.and_then(|maps| maps.get(i)).unwrap_or(own);
        let mut map = map.clone();
        // Loaders give a perf event array an entry for each CPU.
        if own.max_entries == 0 && own.map_type == 4 {
            map.max_entries = cpus;
        }
        audit::map_need(&map, &object.maps, btf, cpus)
    })
    .collect()
}

fn kconfig(object: &Object) -> Vec<Kconfig> {
    let values = object.externs.iter().filter_map(|e| match e.kind {
        ExternKind::Kconfig { offset, size, .. } => Some(Kconfig {
            name: e.name.to_string(),
            offset,
            size,
        }),
        _ => None,
    });
    values.collect()
}

fn program(
    entry: &Result<Program, LoadError>,
    linked: &[Result<Program, LoadError>],
    choice: &TargetChoice<'_>,
    options: &Options<'_>,
    object_needs: &[Need],
    kconfig: &[Kconfig],
) -> Option<Result<Requirements, Unlinked>> {
    let wanted = |name: &str| options.only.is_none_or(|only| only == name);
    let program = match entry {
        Ok(program) => program,
        Err(e) => {
            let name = e.program.clone().unwrap_or_default();
            return wanted(&name).then(|| {
                Err(Unlinked {
                    program: name.into(),
                    section: e.section.clone().unwrap_or_default().into(),
                    stage: e.kind.stage(),
                    reason: (&e.reason).into(),
                })
            });
        }
    };
    if !wanted(&program.name) {
        return None;
    }
    let on_target = linked.iter().find_map(|p| same(program, p));
    let (verified, observed) = verdict(on_target, choice, options);
    let has_all = on_target.is_some_and(|p| p.is_ok_and(has_all_asked_for));
    let whole = verified.verdict == "accept" && has_all;
    Some(Ok(audit::requirements(&Subject {
        program,
        kconfig,
        object_needs,
        target: choice.target,
        verified,
        observed: &observed,
        whole,
    })))
}

/// The entry of a program among those linked for the target.
fn same<'a>(
    program: &Program,
    entry: &'a Result<Program, LoadError>,
) -> Option<Result<&'a Program, &'a LoadError>> {
    let found = match entry {
        Ok(p) => p.name == program.name && p.section == program.section,
        Err(e) => {
            e.program.as_deref() == Some(&program.name)
                && e.section.as_deref() == Some(&program.section)
        }
    };
    found.then_some(entry.as_ref())
}

/// Whether the target's types have all that relocations ask for: what is reached
/// there is then all that can be.
fn has_all_asked_for(program: &Program) -> bool {
    const EXISTENCE: [u32; 4] = [2, 8, 10, 12];
    program.core_relocs.iter().all(|r| match r.outcome {
        CoreOutcome::Value(value) => value != 0 || !EXISTENCE.contains(&r.kind),
        CoreOutcome::Poisoned | CoreOutcome::Open => false,
    })
}

fn verdict(
    on_target: Option<Result<&Program, &LoadError>>,
    choice: &TargetChoice<'_>,
    options: &Options<'_>,
) -> (Verified, Observed) {
    let failed = |reason: Untrusted| {
        let verified = Verified {
            verdict: "load-error",
            reason: Some(reason),
            stats: None,
        };
        (verified, Observed::default())
    };
    let on_target = match on_target {
        Some(Ok(p)) => p,
        Some(Err(e)) => return failed(text!("{}: {}", e.kind.stage(), e.reason)),
        None => return failed("the object does not load on the target".into()),
    };
    let seen = catch_unwind(AssertUnwindSafe(|| {
        let input = Input {
            program: on_target,
            target: choice.target,
            kernel_btf: choice.kernel_btf,
        };
        verify_observing(&input, options.account())
    }));
    let (verification, observed) = match seen {
        Ok(both) => both,
        Err(panic) => {
            let verified = Verified {
                verdict: "unknown",
                reason: Some(text!("internal-error: {}", panic_text(&*panic))),
                stats: None,
            };
            return (verified, Observed::default());
        }
    };
    let (verdict, reason) = match &verification.verdict {
        Verdict::Accept => ("accept", None),
        Verdict::Reject(refusal) => {
            let ops = decode(&on_target.insns);
            let context = Context {
                program: on_target,
                ops: &ops,
                target: &choice.target.name,
                source_text: options.source_text,
            };
            let d = diagnostics::describe(&context, refusal, choice.target.series());
            ("reject", Some(text!("{} {}", d.number(), d.what)))
        }
        Verdict::Unknown(u) => ("unknown", Some((&u.name).into())),
    };
    let verified = Verified {
        verdict,
        reason,
        stats: Some(verification.stats),
    };
    (verified, observed)
}
