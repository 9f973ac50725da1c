//! What the policy has to say of the linked programs of an object.

use super::{Options, TargetChoice};
use crate::config;
use crate::diagnostics::{Context, Finding};
use crate::programs::{Linked, decode};
use crate::untrusted::Untrusted;

/// The calls that the policy denies, over all programs and targets; what is the
/// same on several targets is told once.
pub(super) fn denied(links: &[Linked], options: &Options<'_>) -> Vec<Finding> {
    let Some(settings) = options.settings.filter(|s| s.has_policy()) else {
        return Vec::new();
    };
    let mut found: Vec<Finding> = Vec::new();
    for (link, choice) in links.iter().zip(options.targets) {
        let programs = link.programs.iter().flatten();
        let asked = programs.filter(|p| options.only.is_none_or(|only| only == p.name));
        for program in asked {
            let ops = decode(&program.insns);
            let context = Context {
                program,
                ops: &ops,
                target: &choice.target.name,
                kernel: Some(choice.target),
                source_text: options.source_text,
            };
            for finding in config::policy::findings(settings, &context) {
                add(&mut found, finding, choice);
            }
        }
    }
    // What holds for every target doesn't depend on it.
    for finding in &mut found {
        if finding.targets.len() == options.targets.len() {
            finding.targets.clear();
        }
    }
    found
}

fn add(found: &mut Vec<Finding>, finding: Finding, choice: &TargetChoice<'_>) {
    let target = Untrusted::from(&choice.target.name);
    let same = found.iter_mut().find(|f| {
        f.order() == finding.order()
            && f.section == finding.section
            && f.secondary.len() == finding.secondary.len()
    });
    match same {
        Some(f) => f.targets.push(target),
        None => found.push(Finding {
            targets: vec![target],
            ..finding
        }),
    }
}
