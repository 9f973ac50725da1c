//! What objects need.

use std::fmt;

use super::{Object, Span, Target};
use crate::audit::{Oldest, Reason, Requirements};
use crate::check::{self, DEFAULT_CPUS, Options};
use crate::helpers_spec::Release;
use crate::untrusted::{Untrusted, text};

/// Asks what an object needs, whatever a verifier says of it.
#[derive(Clone, Debug)]
pub struct Audit {
    target: Target,
    cpus: u32,
}

impl Default for Audit {
    fn default() -> Audit {
        Audit {
            target: Target::default(),
            cpus: DEFAULT_CPUS,
        }
    }
}

impl Audit {
    /// Nothing set: the verdicts are the default target's.
    pub fn new() -> Audit {
        Audit::default()
    }

    /// The target of the verdicts.
    #[must_use]
    pub fn target(mut self, target: Target) -> Audit {
        self.target = target;
        self
    }

    /// The CPUs that per-CPU maps are counted for.
    #[must_use]
    pub fn cpus(mut self, cpus: u32) -> Audit {
        self.cpus = cpus;
        self
    }

    /// Asks.
    pub fn on(&self, object: &Object) -> AuditReport {
        let choices = [self.target.choice()];
        let options = Options::new(object.name(), &choices);
        let audit = check::audit(object.bytes(), &options, self.cpus);
        AuditReport {
            oldest: kernel(audit.oldest.release),
            capabilities: audit.capabilities.iter().map(|c| c.name).collect(),
            kernel_options: audit.config.into_iter().map(|c| c.option).collect(),
            map_bytes: audit.memory.full,
            programs: audit.programs.into_iter().map(ProgramNeeds::of).collect(),
            problems: audit
                .error
                .into_iter()
                .chain(audit.load_errors)
                .chain(
                    audit
                        .unlinked
                        .into_iter()
                        .map(|u| text!("{}: {}: {}", u.program, u.stage, u.reason)),
                )
                .map(Untrusted::into_data)
                .collect(),
        }
    }
}

/// What [`Audit`] found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuditReport {
    /// What each program needs.
    pub programs: Vec<ProgramNeeds>,
    /// The oldest mainline kernel that loads all programs that are loaded by default;
    /// none if no known one does.
    pub oldest: Option<Kernel>,
    /// Capabilities that loading takes (`CAP_BPF`, ...).
    pub capabilities: Vec<&'static str>,
    /// Kernel options that it hangs on (`CONFIG_...`).
    pub kernel_options: Vec<String>,
    /// Bytes of kernel memory that its maps take when full.
    pub map_bytes: u64,
    /// What keeps loaders from the object or some of its programs.
    pub problems: Vec<String>,
}

/// A mainline kernel, without its fixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kernel {
    /// The `6` of 6.12.
    pub major: u16,
    /// The `12` of 6.12.
    pub minor: u16,
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

fn kernel(release: Option<Release>) -> Option<Kernel> {
    release.map(|Release { major, minor }| Kernel { major, minor })
}

/// What one program needs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProgramNeeds {
    /// The program.
    pub program: String,
    /// Its section.
    pub section: String,
    /// Its type, as loaders name it.
    pub prog_type: &'static str,
    /// The helpers and kernel functions that it calls.
    pub calls: Vec<NeededCall>,
    /// The maps that it uses, by name.
    pub maps: Vec<String>,
    /// The oldest mainline kernel that loads it; none if no known one does.
    pub oldest: Option<Kernel>,
    /// What sets that.
    pub because: Vec<KernelReason>,
    /// What no known mainline kernel has.
    pub missing: Vec<String>,
    /// The least version of the instruction set (5 for what came after version 4).
    pub isa: u8,
    /// Capabilities that loading takes.
    pub capabilities: Vec<&'static str>,
    /// The verdict on the target: `accept`, `reject`, `unknown` or `load-error`.
    pub verdict: &'static str,
}

/// A helper or kernel function that is called.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NeededCall {
    /// Its name.
    pub name: String,
    /// Whether it is a kernel function, not a helper.
    pub kfunc: bool,
    /// Since when this program's type may call it; none if no known kernel lets it.
    pub since: Option<Kernel>,
    /// Whether it is called whatever the kernel; else a check for it stands before.
    pub required: bool,
}

/// What sets the oldest kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KernelReason {
    /// What the kernel brought, such as `helper bpf_loop`.
    pub what: String,
    /// Where it is first used.
    pub span: Option<Span>,
}

impl ProgramNeeds {
    fn of(needs: Requirements) -> ProgramNeeds {
        let calls = needs.calls.iter().map(|call| NeededCall {
            name: call.name.data().to_owned(),
            kfunc: call.callee.kind() == "kfunc",
            since: kernel(call.known.map(|k| k.release)),
            required: call.required(),
        });
        let Oldest {
            release,
            reasons,
            missing,
            ..
        } = needs.oldest;
        ProgramNeeds {
            calls: calls.collect(),
            maps: needs.maps.into_iter().map(|m| m.name.into_data()).collect(),
            oldest: kernel(release),
            because: reasons.into_iter().map(KernelReason::of).collect(),
            missing: missing.into_iter().map(Untrusted::into_data).collect(),
            isa: needs.isa,
            capabilities: needs.capabilities.iter().map(|c| c.name).collect(),
            verdict: needs.verified.verdict,
            program: needs.program.into_data(),
            section: needs.section.into_data(),
            prog_type: needs.prog_type.name(),
        }
    }
}

impl KernelReason {
    fn of(reason: Reason) -> KernelReason {
        KernelReason {
            span: reason.place.as_ref().map(Span::bare),
            what: reason.what.into_data(),
        }
    }
}
