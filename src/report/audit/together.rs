//! What several objects may do, on one page before the details of each.

use std::fmt::Write as _;

use super::page::range;
use super::text::{count, row, some};
use crate::audit::ObjectAudit;
use crate::audit::effects::{Answer, Question, answers};
use crate::untrusted::{Untrusted, joined, terminal, text as sentence};

/// What several objects may do, on one page.
pub(super) fn page(out: &mut String, audits: &[ObjectAudit]) {
    let programs = audits.iter().map(|a| a.programs.len() + a.unlinked.len());
    let objects = count(audits.len(), "object");
    let shared = shared(audits);
    let place = match shared {
        "" => String::new(),
        place => format!("{}: ", terminal(place.trim_end_matches(['/', '!']))),
    };
    let _ = writeln!(
        out,
        "{place}{objects}, {}",
        count(programs.sum(), "program")
    );
    let name = |a: &ObjectAudit| -> Untrusted {
        let whole = a.object.data();
        whole.strip_prefix(shared).unwrap_or(whole).into()
    };
    let unread = audits.iter().filter(|a| a.error.is_some());
    let unread: Vec<Untrusted> = unread.map(name).collect();
    row(out, 2, "unreadable", &some(&unread));
    let answers: Vec<Vec<Answer>> = audits.iter().map(answers).collect();
    let asked = |at: usize, word: &str| -> Vec<Untrusted> {
        let of = audits.iter().zip(&answers);
        of.filter(|(_, all)| all.get(at).is_some_and(|a| a.word() == word))
            .map(|(a, _)| name(a))
            .collect()
    };
    for (word, title) in [("yes", "may"), ("unknown", "unknown")] {
        let mut title = title;
        for (at, question) in Question::ALL.iter().enumerate() {
            let those = asked(at, word);
            if !those.is_empty() {
                let told = some_of(&those, audits.len());
                let text = sentence!("{}: {}", question.asks(), told);
                row(out, 2, title, &text);
                title = "";
            }
        }
    }
    let no = Question::ALL.iter().enumerate();
    let no = no.filter(|(at, _)| asked(*at, "no").len() == audits.len());
    let no: Vec<&str> = no.map(|(_, q)| q.asks()).collect();
    row(out, 2, "may not", &no.join("; "));
    let read = || audits.iter().filter(|a| a.error.is_none());
    let oldest = crate::audit::together(read().map(|a| &a.oldest));
    let newest = read().filter_map(|a| a.newest.as_ref());
    let range = range(&oldest, newest.min_by_key(|n| n.release));
    row(out, 2, "kernels", &format!("for all: {range}"));
    let caps = crate::audit::access::all_capabilities(read().flat_map(|a| &a.capabilities));
    let mut caps: Vec<&str> = caps.iter().map(|c| c.name).collect();
    if read().any(|a| !a.unknown.is_empty()) {
        caps.push("at least");
    }
    row(out, 2, "capabilities", &caps.join(" "));
}

/// The folder or carrier that all objects lie in, with what ends it.
fn shared(audits: &[ObjectAudit]) -> &str {
    let Some((first, rest)) = audits.split_first() else {
        return "";
    };
    let mut shared = first.object.data();
    while let Some(at) = shared.rfind(['/', '!']) {
        shared = shared.get(..=at).unwrap_or("");
        if rest.iter().all(|a| a.object.data().starts_with(shared)) {
            return shared;
        }
        shared = shared.get(..at).unwrap_or("");
    }
    ""
}

/// `all of them`, or some by name.
fn some_of(names: &[Untrusted], of: usize) -> Untrusted {
    const TOLD: usize = 4;
    if names.len() == of {
        return sentence!("all {of}");
    }
    let told = joined(names.iter().take(TOLD), ", ");
    match names.len().checked_sub(TOLD) {
        Some(more) if more > 0 => sentence!("{} and {more} more", told),
        _ => told,
    }
}
