//! One program on every target, in the waves of `sharing`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::each::each;
use super::sharing::{Explorations, next_width, wave};
use super::verify::{Looked, explore, internal, load_error, no_such_type, panic_text, tell};
use super::{Job, Options, TargetChoice};
use crate::prelude::*;
use crate::programs::{Linked, LoadError, Program};
use crate::report::ProgramReport;

/// What is told of one program on one target.
type Told = (ProgramReport, Option<Looked>);

/// Checks the program at `p` for every target.
pub(super) fn check_program(
    p: usize,
    links: &[Linked],
    options: &Options<'_>,
) -> Vec<(Job, Option<Looked>)> {
    let entries = links.iter().zip(options.targets);
    let (programs, mut told): (Vec<Option<&Program>>, Vec<Option<Told>>) = entries
        .map(
            |(link, choice)| match loaded(link.programs.get(p), choice, options) {
                Ok(program) => (Some(program), None),
                Err(early) => (None, early.map(|report| (*report, None))),
            },
        )
        .unzip();
    let mut put = |t: usize, report: Told| {
        if let Some(slot) = told.get_mut(t) {
            *slot = Some(report);
        }
    };
    let on = |t: usize| Some(((*programs.get(t)?)?, options.targets.get(t)?));
    let mut left: Vec<usize> = (0..programs.len()).filter(|t| on(*t).is_some()).collect();
    let mut explorations = Explorations::new(&programs, options.targets);
    // Where nothing is shared there is nothing to wait for.
    let mut width = if options.shares() { 1 } else { left.len() };
    while !left.is_empty() {
        let explored = each(wave(&mut left, width), |t| {
            let (program, choice) = on(t)?;
            options.sharing.count(false);
            let found = guarded(program, choice, || {
                let explored = Arc::new(explore(program, choice, options));
                let told = tell(program, choice, &explored, options);
                (told, options.shares().then_some(explored))
            });
            Some((t, found))
        });
        // Those that are left asked all before these already.
        let seen = explorations.kept();
        let mut longest = 0;
        for (t, (report, kept)) in explored.into_iter().flatten() {
            put(t, report);
            if let Some(explored) = kept {
                longest = longest.max(explored.processed());
                explorations.keep(t, explored);
            }
        }
        // What can't be compared is explored by itself.
        let found = each(left, |t| {
            let find = AssertUnwindSafe(|| explorations.find(t, seen));
            (t, catch_unwind(find).unwrap_or_default())
        });
        let (served, open): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, e)| e.is_some());
        left = open.into_iter().map(|(t, _)| t).collect();
        let reports = each(served, |(t, explored)| {
            let ((program, choice), explored) = (on(t)?, explored?);
            options.sharing.count(true);
            let worded = || (tell(program, choice, &explored, options), None::<()>);
            Some((t, guarded(program, choice, worded).0))
        });
        for (t, report) in reports.into_iter().flatten() {
            put(t, report);
        }
        width = next_width(width, longest);
    }
    let told = told.into_iter().enumerate();
    told.filter_map(|(t, told)| told.map(|(report, looked)| ((p, t, report), looked)))
        .collect()
}

/// The program of an entry, if it is to be explored; else what is told of it, if anything.
fn loaded<'p>(
    entry: Option<&'p Result<Program, LoadError>>,
    choice: &TargetChoice<'_>,
    options: &Options<'_>,
) -> Result<&'p Program, Option<Box<ProgramReport>>> {
    let Some(entry) = entry else {
        return Err(None);
    };
    let name = match entry {
        Ok(program) => &program.name,
        Err(e) => e.program.as_deref().unwrap_or(""),
    };
    if options.only.is_some_and(|only| only != name) {
        return Err(None);
    }
    match entry {
        Err(e) => Err(Some(Box::new(load_error(e, choice.target)))),
        Ok(program) if !choice.target.prog_type(program.prog_type).there() => {
            Err(Some(Box::new(no_such_type(program, choice.target))))
        }
        Ok(program) => Ok(program),
    }
}

/// Does a piece of work; a panic becomes an `internal-error` of the program.
fn guarded<K>(
    program: &Program,
    choice: &TargetChoice<'_>,
    work: impl FnOnce() -> (Told, Option<K>),
) -> (Told, Option<K>) {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let detail = panic_text(&*panic);
        let report = internal(choice.target, &program.name, &program.section, detail);
        ((report, None), None)
    })
}
