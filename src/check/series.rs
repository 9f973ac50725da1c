//! What every kernel series says of a program: verdicts only, for the bounds of an audit.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::each::each;
use super::verify::panic_text;
use super::{Opened, Options, TargetChoice, linked, types};
use crate::abstract_interp::{Input, Verdict, verify_within};
use crate::audit::Checked;
use crate::diagnostics::{self, Context};
use crate::helpers_spec::Release;
use crate::programs::{self, LoadError, Program, decode};
use crate::target::{self, Target};
use crate::untrusted::{Untrusted, text};

/// A kernel series besides the target, with the programs as they link for it.
pub(super) struct Series {
    target: Target,
    linked: programs::Linked,
}

impl Series {
    /// Every series but the target.
    pub(super) fn of(
        opened: &Opened,
        choice: &TargetChoice<'_>,
        options: &Options<'_>,
    ) -> Vec<Series> {
        let mut all = target::all();
        all.retain(|t| t.name != choice.target.name);
        each(all, |target| {
            let choice = TargetChoice {
                target: &target,
                kernel_btf: types::of_target(&target),
            };
            let linked = linked(opened, &choice, options);
            Series { target, linked }
        })
    }

    /// What it says of a program.
    pub(super) fn asked(&self, program: &Program, options: &Options<'_>) -> Checked {
        let choice = TargetChoice {
            target: &self.target,
            kernel_btf: types::of_target(&self.target),
        };
        let on_target = self.linked.programs.iter().find_map(|p| same(program, p));
        let (major, minor, _) = self.target.release;
        let (verdict, reason) = quick_verdict(on_target, &choice, options);
        Checked {
            target: (&self.target.name).into(),
            release: Release::new(major, minor),
            verdict,
            reason,
        }
    }
}

/// A verdict, without what was observed.
fn quick_verdict(
    on_target: Option<Result<&Program, &LoadError>>,
    choice: &TargetChoice<'_>,
    options: &Options<'_>,
) -> (&'static str, Option<Untrusted>) {
    let program = match on_target {
        Some(Ok(program)) => program,
        Some(Err(e)) => {
            return (
                "load-error",
                Some(text!("{}: {}", e.kind.stage(), e.reason)),
            );
        }
        None => return ("load-error", Some("the object does not load".into())),
    };
    if !choice.target.prog_type(program.prog_type).there() {
        let ty = program.prog_type;
        return ("reject", Some(text!("no programs of type {ty}")));
    }
    let input = Input {
        program,
        target: choice.target,
        kernel_btf: choice.kernel_btf,
    };
    let verify = || verify_within(&input, None, options.account());
    match catch_unwind(AssertUnwindSafe(verify)) {
        Ok(v) => worded(&v.verdict, program, choice, options),
        Err(panic) => (
            "unknown",
            Some(text!("internal-error: {}", panic_text(&*panic))),
        ),
    }
}

/// A verdict's word, and the reason if there is one.
pub(super) fn worded(
    verdict: &Verdict,
    program: &Program,
    choice: &TargetChoice<'_>,
    options: &Options<'_>,
) -> (&'static str, Option<Untrusted>) {
    match verdict {
        Verdict::Accept => ("accept", None),
        Verdict::Reject(refusal) => {
            let ops = decode(&program.insns);
            let context = Context {
                program,
                ops: &ops,
                target: &choice.target.name,
                kernel: Some(choice.target),
                source_text: options.source_text,
            };
            let d = diagnostics::describe(&context, refusal, choice.target.series());
            ("reject", Some(text!("{} {}", d.number(), d.what)))
        }
        Verdict::Unknown(u) => ("unknown", Some((&u.name).into())),
    }
}

/// The entry of a program among those linked for the target.
pub(super) fn same<'a>(
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
