//! From bytes to an audit: requirements from the object itself, verdicts from one
//! target.
//!
//! The programs are linked twice. For the requirements, against the object's own
//! types and with every kernel function present, so that nothing is left out
//! because some kernel lacks it. For the verdict, as for `check`. Instruction
//! numbers are the same in both.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::capabilities::smallest;
use super::each::each;
use super::series::{Series, same, worded};
use super::verify::panic_text;
use super::{Opened, Options, TargetChoice, linked, open, types};
use crate::abstract_interp::Input;
use crate::abstract_interp::observe::{Observed, verify_observing};
use crate::audit::{
    self, BtfState, Checked, Kconfig, MapNeed, Memory, Need, ObjectAudit, Oldest, Requirements,
    Subject, Unlinked, Verified,
};
use crate::helpers_spec::{self, AttachType, ProgType, Release};
use crate::object::{ExternKind, Object};
use crate::programs::{self, CoreOutcome, LinkOptions, LoadError, Program};
use crate::target::{Target, TargetKind};
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
    let series = Series::of(&opened, &choice, options);
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
    let terms = Terms {
        linked: &linked.programs,
        series: &series,
        choice: &choice,
        options,
        needs: &needs,
        kconfig: &kconfig,
    };
    let found = each(generous.programs.iter().collect(), |entry| {
        terms.program(entry)
    });
    for result in found.into_iter().flatten() {
        match result {
            Ok(p) => out.programs.push(p),
            Err(u) => out.unlinked.push(u),
        }
    }
    if let Opened::Object(object) = &opened {
        terms.sketches(object, &generous.programs, &mut out);
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
        newest: None,
        unknown: Vec::new(),
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
    let newest = loaded.iter().filter_map(|p| p.newest.as_ref());
    out.newest = newest.min_by_key(|n| n.release).cloned();
    out.unknown = unknown(out);
    let caps = out.programs.iter().flat_map(|p| &p.capabilities);
    out.capabilities = audit::access::all_capabilities(caps);
    let unused = audit::access::object_config(&out.maps, needs);
    let config = out.programs.iter().flat_map(|p| &p.config).chain(&unused);
    out.config = audit::access::all_config(config);
}

/// What could not be told: never to be taken for "nothing".
fn unknown(audit: &ObjectAudit) -> Vec<Untrusted> {
    let programs = audit.programs.iter();
    let told = programs.flat_map(|p| p.unknown.iter().map(|u| text!("{}: {}", p.program, u)));
    let unread = audit.unlinked.iter();
    let unread = unread.map(|u| text!("{}: everything: {}: {}", u.program, u.stage, u.reason));
    let mut all: Vec<Untrusted> = told.chain(unread).collect();
    if audit.programs.is_empty() && audit.unlinked.is_empty() && !audit.load_errors.is_empty() {
        all.push("its programs: none could be read".into());
    }
    all
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

/// The type that a section says by its first part, for loaders that read old names.
fn type_of_first(section: &str, _program: &str) -> Option<(ProgType, Option<AttachType>)> {
    let (first, _) = section.split_once('/')?;
    let info = helpers_spec::section(first, true)?;
    Some((info.prog_type, info.attach))
}

/// How programs are linked so that nothing is left out.
fn generous_options<'a>(options: &'a Options<'a>) -> LinkOptions<'a> {
    let legacy = options.loader.reads_legacy();
    let usual = LinkOptions {
        force_type: options.prog_type,
        own_types: true,
        kfunc_exists: &|_| true,
        release: (Release::NEWEST.major, Release::NEWEST.minor, 0),
        legacy_sections: legacy,
        legacy_maps: legacy,
        loader: options.loader,
        manifest: options.manifest,
        ..LinkOptions::default()
    };
    match legacy {
        true => LinkOptions {
            type_of: &type_of_first,
            ..usual
        },
        false => usual,
    }
}

fn generous(opened: &Opened, options: &Options<'_>) -> programs::Linked {
    match opened {
        Opened::Object(object) => programs::link(object, &generous_options(options)),
        Opened::Raw(program) => programs::Linked {
            programs: vec![Ok((**program).clone())],
            ..programs::Linked::default()
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

/// What the audit of each program takes.
struct Terms<'a> {
    /// For the target.
    linked: &'a [Result<Program, LoadError>],
    series: &'a [Series],
    choice: &'a TargetChoice<'a>,
    options: &'a Options<'a>,
    /// Of the whole object.
    needs: &'a [Need],
    kconfig: &'a [Kconfig],
}

impl Terms<'_> {
    fn wanted(&self, name: &str) -> bool {
        self.options.only.is_none_or(|only| only == name)
    }

    fn program(
        &self,
        entry: &Result<Program, LoadError>,
    ) -> Option<Result<Requirements, Unlinked>> {
        let program = match entry {
            Ok(program) => program,
            Err(e) => {
                let name = e.program.clone().unwrap_or_default();
                return self.wanted(&name).then(|| {
                    Err(Unlinked {
                        program: name.into(),
                        section: e.section.clone().unwrap_or_default().into(),
                        stage: e.kind.stage(),
                        reason: (&e.reason).into(),
                    })
                });
            }
        };
        if !self.wanted(&program.name) {
            return None;
        }
        let on_target = self.linked.iter().find_map(|p| same(program, p));
        let (verified, observed) = verdict(on_target, self.choice, self.options);
        let has_all = on_target.is_some_and(|p| p.is_ok_and(has_all_asked_for));
        let whole = verified.verdict == "accept" && has_all;
        let accepted = on_target
            .and_then(Result::ok)
            .filter(|_| verified.verdict == "accept");
        let smallest = accepted.and_then(|p| {
            let find = || smallest(p, self.choice, self.options);
            catch_unwind(AssertUnwindSafe(find)).ok().flatten()
        });
        let mut checked: Vec<Checked> = self
            .series
            .iter()
            .map(|s| s.asked(program, self.options))
            .collect();
        if matches!(self.choice.target.kind, TargetKind::Series) {
            let (major, minor, _) = self.choice.target.release;
            checked.push(Checked {
                target: (&self.choice.target.name).into(),
                release: Release::new(major, minor),
                verdict: verified.verdict,
                reason: verified.reason.clone(),
            });
        }
        checked.sort_by_key(|c| c.release);
        Some(Ok(audit::requirements(&Subject {
            program,
            kconfig: self.kconfig,
            object_needs: self.needs,
            target: self.choice.target,
            verified,
            observed: &observed,
            smallest,
            whole,
            checked,
            sketch: false,
        })))
    }

    /// Audits what no loader puts together by what stands in the file.
    fn sketches(
        &self,
        object: &Object,
        linked: &[Result<Program, LoadError>],
        out: &mut ObjectAudit,
    ) {
        let known = |p: &Program| {
            let mut linked = linked.iter().flatten();
            linked.any(|l| l.name == p.name && l.section == p.section)
        };
        let options = generous_options(self.options);
        for program in programs::sketches(object, &options) {
            if known(&program) || !self.wanted(&program.name) {
                continue;
            }
            let same = |u: &Unlinked| u.program == program.name && u.section == program.section;
            let at = out.unlinked.iter().position(same);
            let why = match at.map(|at| out.unlinked.remove(at)) {
                Some(u) => text!("{}: {}", u.stage, u.reason),
                None => out.load_errors.first().cloned().unwrap_or_else(|| {
                    "static: loaders take only global functions for programs".into()
                }),
            };
            let verified = Verified {
                verdict: "load-error",
                reason: Some(why),
                stats: None,
            };
            out.programs.push(audit::requirements(&Subject {
                program: &program,
                kconfig: self.kconfig,
                object_needs: self.needs,
                target: self.choice.target,
                verified,
                observed: &Observed::default(),
                smallest: None,
                whole: false,
                checked: Vec::new(),
                sketch: true,
            }));
        }
    }
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
    let (verdict, reason) = worded(&verification.verdict, on_target, choice, options);
    let verified = Verified {
        verdict,
        reason,
        stats: Some(verification.stats),
    };
    (verified, observed)
}
