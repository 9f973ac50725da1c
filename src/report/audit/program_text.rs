//! One program of the audit for people.

use std::fmt::Write as _;

use super::text::{Folder, count, newest, oldest, row, some};
use crate::audit::{
    Call, Feature, Guard, Lacks, MapUse, ObjectAudit, Presence, Requirements, Site,
};
use crate::helpers_spec::Release;
use crate::untrusted::{Untrusted, joined, terminal, text as sentence};

/// Sites told of each call.
const SITES: usize = 3;

/// Renders a program.
pub(super) fn program(out: &mut String, a: &ObjectAudit, p: &Requirements, folder: &Folder) {
    let _ = writeln!(
        out,
        "\n  program {} ({})",
        terminal(&p.program),
        terminal(&kind(p))
    );
    row(out, 4, "verdict", &verdict(a, p));
    row(out, 4, "other kernels", &others(a, p));
    oldest(out, 4, &p.oldest, folder);
    newest(out, 4, p.newest.as_ref());
    let capabilities: Vec<Untrusted> = p
        .capabilities
        .iter()
        .map(|c| sentence!("{} ({})", c.name, some(&c.because)))
        .collect();
    row(out, 4, "capabilities", &joined(&capabilities, "; "));
    row(out, 4, "to attach", &attaching(p));
    row(out, 4, "instructions", &instructions(p));
    let gpl: Vec<&Untrusted> = p.gpl_calls().map(|c| &c.name).collect();
    if !gpl.is_empty() {
        let short = if p.gpl_compatible {
            ""
        } else {
            ", which the licence is not"
        };
        row(out, 4, "GPL only", &sentence!("{}{short}", some(&gpl)));
    }
    calls(out, p, folder);
    let features: Vec<Untrusted> = p
        .features
        .iter()
        .filter(|f| !f.is_insn)
        .map(|f| feature(f, folder))
        .collect();
    row(out, 4, "features", &joined(&features, "; "));
    types(out, p);
    let uses: Vec<Untrusted> = p.maps.iter().map(usage).collect();
    row(out, 4, "maps", &joined(&uses, "; "));
    let channels: Vec<Untrusted> = p
        .channels
        .iter()
        .map(|c| sentence!("{} {} ({})", c.kind, c.through, count(c.sites, "site")))
        .collect();
    row(out, 4, "to user space", &some(&channels));
}

fn kind(p: &Requirements) -> Untrusted {
    let mut kind = Untrusted::from(p.prog_type.name());
    if let Some(attach) = p.attach_type.filter(|t| t.name() != p.prog_type.name()) {
        kind.push(&format!("/{attach}"));
    }
    if let Some(to) = &p.attach_to {
        kind.push(&sentence!(" on {}", to));
    }
    for (on, word) in [
        (p.sleepable, ", sleepable"),
        (!p.autoload, ", not loaded by default"),
    ] {
        if on {
            kind.push(word);
        }
    }
    kind
}

fn verdict(a: &ObjectAudit, p: &Requirements) -> Untrusted {
    let mut text = sentence!("{} on {}", p.verified.verdict, a.target);
    if let Some(reason) = &p.verified.reason {
        text.push(&sentence!(": {}", reason));
    }
    if let Some(s) = p.verified.stats {
        text.push(&format!(
            "; {} processed, stack {}",
            s.processed, s.stack_depth
        ));
    }
    text
}

/// What the series said, told alike ones together.
fn others(a: &ObjectAudit, p: &Requirements) -> String {
    let mut words: Vec<(&str, Vec<String>)> = Vec::new();
    for c in p.checked.iter().filter(|c| c.target != a.target) {
        let release = c.release.to_string();
        match words.iter_mut().find(|(word, _)| *word == c.verdict) {
            Some((_, all)) => all.push(release),
            None => words.push((c.verdict, vec![release])),
        }
    }
    let told = words
        .iter()
        .map(|(word, all)| format!("{word} on {}", all.join(" ")));
    told.collect::<Vec<_>>().join("; ")
}

fn attaching(p: &Requirements) -> String {
    let Some(t) = &p.attaching else {
        return String::new();
    };
    let mut text = t.how.to_owned();
    for (word, all) in [
        ("", t.capabilities.join(" ")),
        ("", t.options.join(" ")),
        ("needs ", t.needs.to_owned()),
    ] {
        if !all.is_empty() {
            let _ = write!(text, "; {word}{all}");
        }
    }
    text
}

fn instructions(p: &Requirements) -> String {
    let level = match p.isa {
        5 => "beyond v4".to_owned(),
        n => format!("v{n}"),
    };
    let kinds: Vec<String> = p
        .features
        .iter()
        .filter(|f| f.is_insn)
        .map(|f| format!("{} {}×", f.name, f.sites.len()))
        .collect();
    let functions = match p.functions.len() {
        0 | 1 => String::new(),
        n => format!(" in {n} functions"),
    };
    let list = if kinds.is_empty() {
        String::new()
    } else {
        format!(": {}", kinds.join(", "))
    };
    format!("{}{functions}, ISA {level}{list}", p.insns)
}

fn calls(out: &mut String, p: &Requirements, folder: &Folder) {
    if p.calls.is_empty() {
        return;
    }
    let width = p
        .calls
        .iter()
        .map(|c| terminal(&c.name).chars().count())
        .max()
        .unwrap_or(0);
    row(out, 4, "calls", &count(p.calls.len(), "function"));
    for c in &p.calls {
        let known = match c.known {
            None => match c.lacks {
                Lacks::ForThisType(_) => format!("not for {}", p.prog_type),
                _ => "unknown".to_owned(),
            },
            Some(k) if k.certain > k.release => format!("{}…{}", k.release, k.certain),
            Some(k) => k.release.to_string(),
        };
        let risks: Vec<&str> = c.risks.iter().map(|r| r.name()).collect();
        let risks = if risks.is_empty() {
            String::new()
        } else {
            format!("  [{}]", risks.join(", "))
        };
        let _ = writeln!(
            out,
            "      {:<width$}  {known:<9}  {}{risks}",
            terminal(&c.name),
            terminal(&sites(c, &p.guards, folder))
        );
    }
}

fn sites(c: &Call, guards: &[Guard], folder: &Folder) -> Untrusted {
    let told: Vec<Untrusted> = c
        .sites
        .iter()
        .take(SITES)
        .map(|s| at(s, guards, folder))
        .collect();
    let mut text = joined(&told, ", ");
    if c.sites.len() > SITES {
        text.push(&format!(" and {} more", c.sites.len() - SITES));
    }
    text
}

fn at(s: &Site, guards: &[Guard], folder: &Folder) -> Untrusted {
    let mut text = match &s.place {
        Some(p) => folder.place(p),
        None => sentence!("instruction {}", s.insn),
    };
    match &s.presence {
        Presence::Required => {}
        Presence::Disabled => text.push(" (off as built)"),
        Presence::Conditional(c) => {
            let name = |g: &usize| guards.get(*g).map_or("?", |g| g.what.data());
            let mut parts: Vec<Untrusted> = Vec::new();
            parts.extend(c.when.iter().map(|g| sentence!("if {} exists", name(g))));
            parts.extend(
                c.unless
                    .iter()
                    .map(|g| sentence!("unless {} exists", name(g))),
            );
            if let Some((from, to)) = c.releases {
                parts.push(match (from == Release::FIRST, to == Release::NEWEST) {
                    (true, true) => "by what the kernel has".into(),
                    (true, false) => sentence!("up to {to}"),
                    (false, true) => sentence!("since {from}"),
                    (false, false) => sentence!("{from} to {to}"),
                });
            }
            if parts.is_empty() {
                parts.push("on some kernels".into());
            }
            text.push(&sentence!(" ({})", joined(&parts, ", ")));
        }
    }
    text
}

fn feature(f: &Feature, folder: &Folder) -> Untrusted {
    let since = f
        .known
        .map_or_else(String::new, |k| format!(" since {}", k.release));
    match f.sites.first().and_then(|s| s.place.as_ref()) {
        Some(place) => sentence!("{}{since} at {}", f.name, folder.place(place)),
        None => sentence!("{}{since}", f.name),
    }
}

fn usage(m: &MapUse) -> Untrusted {
    let mut how: Vec<Untrusted> = Vec::new();
    for (n, word) in [
        (m.reads, "read"),
        (m.writes, "written"),
        (m.atomics, "atomic"),
    ] {
        if n > 0 {
            how.push(sentence!("{word} {n}×"));
        }
    }
    how.extend(
        m.calls
            .iter()
            .map(|c| c.data().trim_start_matches("bpf_").into()),
    );
    if how.is_empty() {
        m.name.clone()
    } else {
        sentence!("{} ({})", m.name, joined(&how, ", "))
    }
}

fn types(out: &mut String, p: &Requirements) {
    let need = |guarded: bool| -> Vec<Untrusted> {
        let of = p.core.iter().filter(|n| n.guarded == guarded);
        of.map(|n| {
            if n.access.is_empty() {
                sentence!("{} ({})", n.type_name, n.questions.join(", "))
            } else {
                sentence!("{}{}", n.type_name, n.access)
            }
        })
        .collect()
    };
    row(out, 4, "kernel types", &some(&need(false)));
    row(out, 4, "types if there", &some(&need(true)));
    let symbols: Vec<Untrusted> = p
        .symbols
        .iter()
        .map(|s| {
            if s.weak {
                sentence!("{} (weak)", s.name)
            } else {
                s.name.clone()
            }
        })
        .collect();
    row(out, 4, "symbols", &some(&symbols));
    let guards: Vec<Untrusted> = p
        .guards
        .iter()
        .map(|g| match g.since {
            Some(since) => sentence!("{} {} (since {since})", g.kind.name(), g.what),
            None if g.never => sentence!("{} {} (in no known kernel)", g.kind.name(), g.what),
            None => sentence!("{} {}", g.kind.name(), g.what),
        })
        .collect();
    row(out, 4, "asks for", &some(&guards));
}
