//! What an object may do, in words.

use crate::audit::ObjectAudit;
use crate::audit::effects::{Answer, answers};
use crate::untrusted::{Untrusted, joined, text};

/// Reasons told of one answer.
const REASONS: usize = 6;

/// What it is that makes the answer, with the programs where not all have it.
pub(super) fn because(answer: &Answer) -> Untrusted {
    if answer.by.is_empty() {
        return names(&answer.unknown);
    }
    let mut told: Vec<Untrusted> = answer
        .by
        .iter()
        .take(REASONS)
        .map(|(what, programs)| text!("{} ({})", what, names(programs)))
        .collect();
    if answer.by.len() > REASONS {
        told.push(text!("{} more", answer.by.len() - REASONS));
    }
    if !answer.unknown.is_empty() {
        told.push(text!("unknown of {}", names(&answer.unknown)));
    }
    joined(&told, ", ")
}

fn names(programs: &[Untrusted]) -> Untrusted {
    match programs {
        [] => Untrusted::new(),
        [one] => one.clone(),
        many => text!("{} programs", many.len()),
    }
}

/// All that it may.
pub(super) fn yes(audit: &ObjectAudit) -> Vec<&'static str> {
    let all = answers(audit);
    let yes = all.iter().filter(|a| !a.by.is_empty());
    yes.map(|a| a.question.asks()).collect()
}
