//! One object, loaded in several ways.
//!
//! Each variant is a check of its own, with the manifest that it adds to. What they found
//! is put together: rows of a program side by side, and of findings each once, with the
//! variants that it holds for.

use super::{Options, check_object, empty};
use crate::diagnostics::Finding;
use crate::report::ObjectReport;
use crate::untrusted::Untrusted;

/// Checks an object in every way that it is loaded.
pub(super) fn check(bytes: &[u8], options: &Options<'_>) -> ObjectReport {
    if options.variants.is_empty() {
        return check_object(bytes, options);
    }
    let of = |variant: &super::Variant| {
        let manifest = options.manifest.under(&variant.manifest);
        let mut report = check_object(
            bytes,
            &Options {
                manifest: &manifest,
                variants: &[],
                ..*options
            },
        );
        name(&mut report, &variant.name);
        report
    };
    together(options, options.variants.iter().map(of).collect())
}

fn name(report: &mut ObjectReport, variant: &str) {
    for p in &mut report.programs {
        p.variant = variant.into();
    }
    for e in &mut report.load_errors {
        e.variant = variant.into();
    }
    for f in &mut report.findings {
        f.variants = vec![variant.into()];
    }
}

fn together(options: &Options<'_>, reports: Vec<ObjectReport>) -> ObjectReport {
    let count = reports.len();
    let mut out = empty(options);
    let mut order: Vec<(Untrusted, Untrusted)> = Vec::new();
    let mut rows = Vec::new();
    for (at, report) in reports.into_iter().enumerate() {
        out.error = out.error.or(report.error);
        // What one variant alone states counts for the object.
        for fault in report.unmet {
            if !out.unmet.contains(&fault) {
                out.unmet.push(fault);
            }
        }
        out.load_errors.extend(report.load_errors);
        for p in report.programs {
            let key = (p.program.clone(), p.section.clone());
            let place = order.iter().position(|k| *k == key);
            let place = place.unwrap_or_else(|| {
                order.push(key);
                order.len() - 1
            });
            rows.push((place, at, p));
        }
        for f in report.findings {
            merge(&mut out.findings, f);
        }
    }
    rows.sort_by_key(|(place, at, _)| (*place, *at));
    out.programs = rows.into_iter().map(|(_, _, p)| p).collect();
    for f in &mut out.findings {
        if f.variants.len() == count {
            f.variants.clear();
        }
    }
    out.findings.sort_by(|a, b| a.order().cmp(&b.order()));
    out
}

/// Adds a finding, to the same one of another variant if there is.
fn merge(all: &mut Vec<Finding>, finding: Finding) {
    let same = all.iter_mut().find(|f| {
        f.order() == finding.order() && f.section == finding.section && f.targets == finding.targets
    });
    match same {
        Some(f) => f.variants.extend(finding.variants),
        None => all.push(finding),
    }
}
